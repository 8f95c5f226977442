"""A model of Hugging Face transformers, run in this process."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar, Final

import pyterrier as pt

from ..errors import LLMError, MissingExtraError
from .base import Completions, Messages, Sampling
from .decoding import GumbelSampler, StopTexts, cut_at, row_seed
from .local import LocalLLM, encode, need, room

logger = logging.getLogger(__name__)

SMALL_MODEL: Final = 50_000_000
"""Parameters up to which one row on a CPU is faster on one thread than on several."""


class TransformersLLM(LocalLLM):
    """A causal or sequence-to-sequence model, loaded at the first prompt.

    Decoding follows the arguments of :meth:`generate` alone: of the model's own generation
    settings only its special tokens count. Prompts go through the tokenizer's chat template, or
    are joined by blank lines where there is none; prompts too long for the model lose their
    beginning, with a warning.

    The batch does not matter: a seeded sample depends on the seed, the prompt and the sample's
    number, not on the prompts beside it or on ``batch_size``, and padding is masked. What is left
    is the rounding of floating-point sums, which differs between batch shapes: at a near-tie of
    two tokens it can still turn an answer, rarely in float32, now and then in bfloat16.

    A batch that runs out of memory is halved, and the rest goes on with the smaller size.

    Args:
        model: Hub name or directory. Whether it is causal or sequence-to-sequence stands in its
            config.
        adapter: Hub name or directory of a LoRA adapter (needs peft), or None.
        revision: Branch, tag or commit of a hub model.
        device: Device as torch names it; None takes the GPU if there is one.
        dtype: Number format as torch names it, for example ``"bfloat16"``; None takes the
            checkpoint's own on a GPU and float32 on a CPU.
        batch_size: Rows decoded at once, at least 1; each of the ``n`` samples is a row.
        trust_remote_code: Whether to run code that comes with a hub model.
        verbose: Whether to show progress.

    Raises:
        ValueError: If ``batch_size`` is below 1, or ``max_tokens`` leaves no room for a prompt.
        MissingExtraError: If torch, transformers or peft is missing (at the first prompt).
        LLMError: If the model cannot be loaded (at the first prompt).

    Example:
        >>> from pyterrier_rewrite.llm import TransformersLLM
        >>> llm = TransformersLLM("Qwen/Qwen3-0.6B", batch_size=32)
        >>> llm.generate([[{"role": "user", "content": "sofa"}]], max_tokens=16)  # doctest: +SKIP
    """

    kind: ClassVar[str] = "transformers"

    def __init__(
        self,
        model: str | Path,
        *,
        adapter: str | Path | None = None,
        revision: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
        batch_size: int = 16,
        trust_remote_code: bool = False,
        verbose: bool = False,
    ) -> None:
        super().__init__(model, adapter=adapter, revision=revision, dtype=dtype)
        self.device = device
        self.batch_size = batch_size
        self.trust_remote_code = trust_remote_code
        self.verbose = verbose

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Answer in batches, the longest prompts first; see :meth:`LLM.stream`."""
        if self.batch_size < 1:
            raise ValueError(f"batch_size should be at least 1, found {self.batch_size}")
        if not prompts:
            return
        engine: _Engine = self._loaded()
        limit = engine.context if engine.seq2seq else room(engine.context, sampling)
        samples = sampling.n if sampling.temperature > 0 else 1  # greedy ones are all the same
        rows: list[_Row] = []
        for position, encoded in enumerate(encode(engine.tokenizer, prompts, limit=limit)):
            if isinstance(encoded, str):
                yield position, Completions([], error=encoded)
                continue
            text, tokens = encoded
            for sample in range(samples):
                seed = row_seed(sampling.seed, text, sample)
                rows.append(_Row(position, tokens, seed, last=sample == samples - 1))
        rows.sort(key=lambda row: -len(row.tokens))  # stable: a prompt's samples stay together
        answers: dict[int, Completions] = {}
        with pt.tqdm(total=len(rows), disable=not self.verbose, unit="row") as progress:
            for row, written in self._decode(engine, rows, sampling):
                progress.update()
                answer = answers.setdefault(row.position, Completions([]))
                answer.prompt_tokens = len(row.tokens)
                answer.completion_tokens += written.tokens
                answer.seconds += written.seconds
                answer.cut |= written.cut
                answer.error = answer.error or written.error
                answer.texts.append(written.text)
                if row.last:
                    answer = answers.pop(row.position)
                    answer.texts = [] if answer.error else answer.texts * (sampling.n // samples)
                    yield row.position, answer

    def _decode(
        self, engine: _Engine, rows: Sequence[_Row], sampling: Sampling
    ) -> Iterator[tuple[_Row, _Written]]:
        """Decode rows in their order, in batches that fit the memory."""
        start, size = 0, self.batch_size
        while start < len(rows):
            batch = rows[start : start + size]
            started = perf_counter()
            written: list[_Written] = []
            try:
                with self._lock:
                    written = engine.write(batch, sampling)
            except RuntimeError as error:
                if not _out_of_memory(error):
                    raise
            if not written:
                engine.free()
                if len(batch) > 1:
                    size = len(batch) // 2
                    logger.warning("%s: out of memory, going on with batches of %d", self, size)
                    continue
                reason = f"out of memory on a single prompt of {len(batch[0].tokens)} tokens"
                written = [_Written("", 0, error=reason)]
            seconds = (perf_counter() - started) / len(batch)
            for row, result in zip(batch, written, strict=True):
                result.seconds = seconds
                yield row, result
            start += len(batch)

    def _load(self) -> _Engine:
        torch = need("torch", "hf")
        transformers = need("transformers", "hf")
        peft = need("peft", "train") if self.adapter else None
        device = self.device or ("cuda" if torch.cuda.is_available() else "cpu")
        dtype = self.dtype or ("float32" if torch.device(device).type == "cpu" else "auto")
        hub: dict[str, Any] = {"revision": self.revision}
        hub["trust_remote_code"] = self.trust_remote_code
        try:
            with _quiet_loading():
                config = transformers.AutoConfig.from_pretrained(self.model, **hub)
                seq2seq = bool(config.is_encoder_decoder)
                family = "AutoModelForSeq2SeqLM" if seq2seq else "AutoModelForCausalLM"
                tokenizer = self._load_tokenizer(transformers, hub)
                model, report = getattr(transformers, family).from_pretrained(
                    self.model, dtype=dtype, output_loading_info=True, **hub
                )
                missing = sorted(report["missing_keys"])
                if missing:  # transformers would go on with random numbers in their place
                    raise LLMError(f"the checkpoint lacks {len(missing)} weights: {missing[:3]}")
                special = _special_tokens(model.generation_config, tokenizer)
                model.generation_config = transformers.GenerationConfig(**special)
                if peft is not None:
                    model = peft.PeftModel.from_pretrained(model, self.adapter)
                model = model.to(device).eval()
        except MissingExtraError:
            raise
        except Exception as error:  # each library and file format fails in its own way
            adapter = f" with the adapter {str(self.adapter)!r}" if self.adapter else ""
            raise LLMError(
                f"cannot load the model {str(self.model)!r}{adapter}: {error}\n"
                "Expected the name of a model on the hub (downloaded before, if this machine is "
                "offline) or a directory with config, tokenizer and all weights, as "
                "save_pretrained writes it"
            ) from error
        return _Engine(
            model=model,
            tokenizer=tokenizer,
            device=model.device,
            seq2seq=seq2seq,
            context=_context(config, tokenizer),
            ends=frozenset(special["eos_token_id"]),
            pad=special["pad_token_id"],
        )

    def _load_tokenizer(self, transformers: Any, hub: dict[str, Any]) -> Any:
        # training may have changed the chat template, and saves the tokenizer with the adapter
        if self.adapter and (Path(self.adapter) / "tokenizer_config.json").is_file():
            return transformers.AutoTokenizer.from_pretrained(self.adapter)
        return transformers.AutoTokenizer.from_pretrained(self.model, **hub)


@dataclass(slots=True)
class _Row:
    """One sample of one prompt."""

    position: int
    tokens: list[int]
    seed: int
    last: bool


@dataclass(slots=True)
class _Written:
    """What the model wrote for a row."""

    text: str
    tokens: int
    cut: bool = False
    seconds: float = 0.0
    error: str | None = None


@dataclass(slots=True)
class _Engine:
    """A loaded model and what is known about it."""

    model: Any
    tokenizer: Any
    device: Any
    seq2seq: bool
    context: int | None
    ends: frozenset[int]
    pad: int

    def write(self, rows: Sequence[_Row], sampling: Sampling) -> list[_Written]:
        """Decode one batch."""
        import torch

        prompts, mask = self._padded([row.tokens for row in rows])
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
                stopping_criteria=[stop] if sampling.stop else [],
            )
        written = []
        for tokens, length in zip(output[:, start:].tolist(), stop.lengths, strict=True):
            if length is None:
                ends = (i + 1 for i, token in enumerate(tokens) if token in self.ends)
                length = next(ends, None)
            text = self.tokenizer.decode(tokens[:length], skip_special_tokens=True)
            text, stopped = cut_at(text, sampling.stop)
            cut = length is None and not stopped
            written.append(_Written(text, len(tokens[:length]), cut=cut))
        return written

    def _padded(self, prompts: Sequence[list[int]]) -> tuple[Any, Any]:
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
    context = getattr(config.get_text_config(), "max_position_embeddings", None)
    if context is None and tokenizer.model_max_length < 10**9:
        context = tokenizer.model_max_length
    return context


def _out_of_memory(error: RuntimeError) -> bool:
    import torch

    return isinstance(error, torch.cuda.OutOfMemoryError) or "can't allocate memory" in str(error)


@contextmanager
def _quiet_loading() -> Iterator[None]:
    """Keep the loading bar of transformers off the terminal."""
    from transformers.utils import logging as hf_logging

    shown = hf_logging.is_progress_bar_enabled()
    hf_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            hf_logging.enable_progress_bar()
