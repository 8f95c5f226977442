"""A loaded model of transformers, and one batch through it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...deadline import LATE, remaining, time_is_over
from ...errors import LLMError
from ...extras import quiet_loading
from ..base import Completions, Sampling
from .decoding import GumbelSampler, StopInTime, StopTexts, cut_at
from .dtype import cpu_multiplies_bfloat16, fitting_dtype

logger = logging.getLogger(__name__)

SMALL_MODEL: Final = 50_000_000
"""Parameters up to which one row on a CPU is faster on one thread than on several."""


@dataclass(slots=True)
class Row:
    """One sample of one prompt."""

    position: int
    tokens: list[int]
    seed: int
    last: bool


@dataclass(slots=True)
class LoadedModel:
    """A loaded model and what is known about it."""

    model: Any
    tokenizer: Any
    device: Any
    seq2seq: bool
    context: int | None
    ends: frozenset[int]
    pad: int

    def write(self, rows: Sequence[Row], sampling: Sampling) -> list[Completions]:
        """Decode one batch; an answer counts the tokens that were written."""
        import torch

        prompts, mask = self.padded([row.tokens for row in rows])
        start = 1 if self.seq2seq else prompts.shape[1]
        stop = StopTexts(self.tokenizer, sampling.stop, rows=len(rows), start=start)
        processors = []
        if sampling.temperature > 0:
            seeds = [row.seed for row in rows]
            processors = [
                GumbelSampler(
                    seeds,
                    temperature=sampling.temperature,
                    top_p=sampling.top_p,
                    device=self.device,
                )
            ]
        with torch.inference_mode(), self._threads(len(rows)):
            output = self.model.generate(
                input_ids=prompts,
                attention_mask=mask,
                max_new_tokens=sampling.max_tokens,
                do_sample=False,
                logits_processor=processors,
                stopping_criteria=[StopInTime()] * (remaining() is not None)
                + [stop] * bool(sampling.stop),
            )
        late = time_is_over()
        written = []
        for tokens, length in zip(output[:, start:].tolist(), stop.lengths, strict=True):
            if length is None:
                ends = (i + 1 for i, token in enumerate(tokens) if token in self.ends)
                length = next(ends, None)
            text = self.tokenizer.decode(tokens[:length], skip_special_tokens=True)
            text, stopped = cut_at(text, sampling.stop)
            cut = length is None and not stopped
            if cut and late and len(tokens) < sampling.max_tokens:
                written.append(Completions([], error=LATE))
                continue
            written.append(Completions([text], completion_tokens=len(tokens[:length]), cut=cut))
        return written

    def padded(self, prompts: Sequence[list[int]]) -> tuple[Any, Any]:
        """Return tokens and attention mask; a causal model goes on at the right, so pad left."""
        import torch

        width = max(map(len, prompts))
        gaps = [width - len(prompt) for prompt in prompts]
        rows = [(prompt, [self.pad] * gap) for prompt, gap in zip(prompts, gaps, strict=True)]
        masks = [([1] * len(prompt), [0] * gap) for prompt, gap in zip(prompts, gaps, strict=True)]
        return tuple(
            torch.tensor([a + b if self.seq2seq else b + a for a, b in part], device=self.device)
            for part in (rows, masks)
        )

    @contextmanager
    def _threads(self, rows: int) -> Iterator[None]:
        """Keep one row of a small model on one CPU thread: several only wait for each other."""
        import torch

        on_cpu = self.device.type == "cpu"
        if rows > 1 or not on_cpu or self.model.num_parameters() > SMALL_MODEL:
            yield
            return
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def free(self) -> None:
        """Give memory that a failed batch left behind back to the device."""
        import torch

        if self.device.type == "cuda":
            torch.cuda.empty_cache()


def load(
    model_name: str | Path,
    *,
    adapter: str | Path | None,
    revision: str | None,
    device: str | None,
    dtype: str | None,
    trust_remote_code: bool,
    gguf_file: str | None = None,
    weights: bool = True,
) -> LoadedModel:
    """Load a model.

    Args:
        model_name: As in :class:`~pyterrier_rewrite.TransformersLLM`.
        adapter: As there.
        revision: As there.
        device: As there.
        dtype: As there.
        trust_remote_code: As there.
        gguf_file: As there.
        weights: Whether to read the weights. A model without them has its parts and their sizes,
            takes no memory, and cannot be asked; that they are there is seen where they are in a
            folder.

    Raises:
        Exception: Whatever the libraries raise, or LLMError if the checkpoint is not complete.
    """
    import torch
    import transformers

    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    hub: dict[str, Any] = {"revision": revision, "trust_remote_code": trust_remote_code}
    files: dict[str, Any] = {}
    if gguf_file is not None:
        hub["gguf_file"] = gguf_file
        if hasattr(transformers, "GgufConfig"):  # before there was one, all files were dequantised
            files["quantization_config"] = transformers.GgufConfig(dequantize=True)
    with quiet_loading(gguf=gguf_file is not None):
        config = transformers.AutoConfig.from_pretrained(model_name, **hub)
        slow = False
        if dtype is None:
            stored = None if gguf_file else config.get_text_config().dtype or torch.float32
            dtype = fitting_dtype(torch.device(device), stored)
            logger.info("%s: %s on %s", gguf_file or model_name, dtype, device)
            slow = dtype == "float32" and device == "cpu" and cpu_multiplies_bfloat16()
        if gguf_file is not None:
            files["config"] = config  # or the file, slow to read, would be read once more for it
        seq2seq = bool(config.is_encoder_decoder)
        auto = transformers.AutoModelForSeq2SeqLM if seq2seq else transformers.AutoModelForCausalLM
        if weights:
            model, report = auto.from_pretrained(
                model_name, dtype=dtype, output_loading_info=True, **files, **hub
            )
            missing = sorted(report["missing_keys"])
            if missing:  # transformers would go on with random numbers in their place
                raise LLMError(f"the checkpoint lacks {len(missing)} weights: {missing[:3]}")
            if slow and model.num_parameters() > SMALL_MODEL:
                logger.warning(
                    "%s: float32, as it is stored; dtype='bfloat16' rounds the weights and is 3 to "
                    "4 times as fast on this processor",
                    model_name,
                )
        else:
            model = _without_weights(model_name, auto, config, gguf_file, trust_remote_code)
        # training may have changed the chat template, and saves the tokenizer with the adapter
        if adapter is not None and (Path(adapter) / "tokenizer_config.json").is_file():
            tokenizer = transformers.AutoTokenizer.from_pretrained(adapter)
        else:
            tokenizer = transformers.AutoTokenizer.from_pretrained(model_name, **hub)
        special = _special_tokens(model.generation_config, tokenizer)
        model.generation_config = transformers.GenerationConfig(**special)
        if adapter is not None:
            from peft import PeftConfig, PeftModel

            if weights:
                model = PeftModel.from_pretrained(model, adapter)
            else:
                PeftConfig.from_pretrained(adapter)
    return LoadedModel(
        model=(model.to(device) if weights else model).eval(),
        tokenizer=tokenizer,
        device=model.device,
        seq2seq=seq2seq,
        context=_context(config, tokenizer),
        ends=frozenset(special["eos_token_id"]),
        pad=special["pad_token_id"],
    )


def _without_weights(
    model: str | Path, auto: Any, config: Any, gguf_file: str | None, trust_remote_code: bool
) -> Any:
    """Return a model of no numbers, if a folder that should hold them does.

    Raises:
        LLMError: If it does not, or a file of them is damaged, as after a download that broke off.
    """
    import safetensors
    import torch

    there = Path(model)
    pattern = gguf_file or "*.safetensors"
    if there.is_dir() and not any(there.glob(pattern)) and not any(there.glob("*.bin")):
        raise LLMError(f"the folder holds no weights ({pattern})")
    for file in there.glob("*.safetensors"):
        try:
            with safetensors.safe_open(file, "pt"):  # it compares header and size
                pass
        except (safetensors.SafetensorError, OSError) as error:
            raise LLMError(f"{file} is damaged ({error}); copy or download it again") from error
    with torch.device("meta"):
        return auto.from_config(config, trust_remote_code=trust_remote_code)


def _special_tokens(settings: Any, tokenizer: Any) -> dict[str, Any]:
    """Return the special tokens that decoding needs, and no other setting of the model's."""
    names = ("bos_token_id", "decoder_start_token_id", "forced_bos_token_id")
    special = {name: getattr(settings, name, None) for name in names}
    ends = settings.eos_token_id
    found = {*(ends if isinstance(ends, list) else [ends]), tokenizer.eos_token_id}
    special["eos_token_id"] = ends = sorted(end for end in found if end is not None)
    pads = [tokenizer.pad_token_id, settings.pad_token_id, *ends, 0]
    special["pad_token_id"] = next(pad for pad in pads if pad is not None)
    return special


def _context(config: Any, tokenizer: Any) -> int | None:
    """Return how many tokens the model takes; None if neither config nor tokenizer says."""
    context = positions(config)
    if context is None and tokenizer.model_max_length < 10**9:
        context = tokenizer.model_max_length
    return context


def positions(config: Any) -> int | None:
    """Return how many tokens a model takes, if its config says."""
    found: int | None = getattr(config.get_text_config(), "max_position_embeddings", None)
    return found
