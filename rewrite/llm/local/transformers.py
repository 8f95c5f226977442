"""A model of Hugging Face transformers, run in this process."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

import pyterrier as pt

from ...deadline import LATE, time_is_over
from ...errors import LLMError
from ...extras import need
from ...ranges import Count, check_attributes
from ..base import Completions, Messages, Sampling
from .decoding import row_seed
from .dtype import number_format, stored_format
from .gguf import read_metadata, trained_context
from .loaded import LoadedModel, Row, load, positions
from .model import LocalLLM, encode, room

logger = logging.getLogger(__name__)


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
            checkpoint's own on a GPU. On a CPU it takes bfloat16 for a checkpoint in 16 bits or
            a quantised one if the processor has AMX or AVX512-BF16, else float32. What was taken
            is logged (level INFO) and part of :attr:`identity`, for answers differ with it: a cache
            that is to serve elsewhere, or without the model, is best filled with a ``dtype``.
            ``"auto"`` takes the checkpoint's own on any device.
        gguf_file: Name of a GGUF file in ``model``, which then brings weights, config, tokenizer
            and chat template; weights are dequantised. It takes transformers' loader about ten
            times as long as :class:`~pyterrier_rewrite.LlamaCpp`, which also runs them as they are.
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
        gguf_file: str | None = None,
        batch_size: Count = 16,
        trust_remote_code: bool = False,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            model, adapter=adapter, revision=revision, dtype=dtype, gguf_file=gguf_file
        )
        self.device = device
        self.batch_size = batch_size
        self.trust_remote_code = trust_remote_code
        self.verbose = verbose

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Answer in batches, the longest prompts first; see :meth:`LLM.stream`."""
        check_attributes(self)
        if not prompts:
            return
        engine: LoadedModel = self.loaded()
        limit = engine.context if engine.seq2seq else room(engine.context, sampling)
        samples = sampling.n if sampling.temperature > 0 else 1  # greedy ones are all the same
        rows: list[Row] = []
        for position, encoded in enumerate(encode(engine.tokenizer, prompts, limit=limit)):
            if isinstance(encoded, str):
                yield position, Completions([], error=encoded)
                continue
            text, tokens = encoded
            for sample in range(samples):
                seed = row_seed(sampling.seed, text, sample)
                rows.append(Row(position, tokens, seed, last=sample == samples - 1))
        rows.sort(key=lambda row: -len(row.tokens))  # stable: a prompt's samples stay together
        answers: dict[int, Completions] = {}
        with pt.tqdm(total=len(rows), disable=not self.verbose, unit="row") as progress:
            for row, written in self._decode(engine, rows, sampling):
                progress.update()
                answer = answers.setdefault(row.position, Completions([], len(row.tokens)))
                answer.add(written)
                if row.last:
                    answer.texts *= sampling.n // samples
                    yield row.position, answers.pop(row.position)

    def _decode(
        self, engine: LoadedModel, rows: Sequence[Row], sampling: Sampling
    ) -> Iterator[tuple[Row, Completions]]:
        """Decode rows in their order, in batches that fit the memory."""
        start, size = 0, self.batch_size
        while start < len(rows):
            batch = rows[start : start + size]
            if time_is_over():
                yield from ((row, Completions([], error=LATE)) for row in rows[start:])
                return
            started = perf_counter()
            written: list[Completions] = []
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
                written = [Completions([], error=reason)]
            seconds = (perf_counter() - started) / len(batch)
            for row, result in zip(batch, written, strict=True):
                result.seconds = seconds
                yield row, result
            start += len(batch)

    def told_context(self) -> int | None:
        """Return how many tokens prompt and completion share, where the config is at hand."""
        if self.gguf_file is not None:
            with suppress(LLMError):
                return trained_context(read_metadata(Path(self.model) / self.gguf_file))
            return None
        with suppress(Exception):  # what is wrong with the model is said where it is loaded
            from transformers import AutoConfig

            config = AutoConfig.from_pretrained(
                self.model, revision=self.revision, local_files_only=True
            )
            return None if config.is_encoder_decoder else positions(config)
        return None

    def _number_format(self) -> str:
        if self.dtype not in (None, "auto"):
            return str(self.dtype)
        stored = stored_format(self.model, revision=self.revision, gguf_file=self.gguf_file)
        return number_format(self.dtype, device=self.device, stored=stored)

    def _load(self) -> LoadedModel:
        return self.load()

    def load(self, **changes: Any) -> LoadedModel:
        """Load the model anew, for whoever does something else with it than to ask it.

        Args:
            **changes: Arguments of :func:`~pyterrier_rewrite.llm.local.loaded.load` in place of
                this object's.

        Raises:
            LLMError: If it cannot be loaded.
        """
        need("torch", "hf")
        need("transformers", "hf")
        if self.gguf_file is not None:
            need("accelerate", "hf")
            need("gguf", "hf")
        if self.adapter is not None:
            need("peft", "train")
        own = {
            "adapter": self.adapter,
            "revision": self.revision,
            "device": self.device,
            "dtype": self.dtype,
            "trust_remote_code": self.trust_remote_code,
            "gguf_file": self.gguf_file,
        }
        try:
            return load(self.model, **{**own, **changes})
        except Exception as error:  # each library and file format fails in its own way
            file = f" from {self.gguf_file!r}" if self.gguf_file else ""
            adapter = f" with the adapter {str(self.adapter)!r}" if self.adapter else ""
            raise LLMError(
                f"cannot load the model {str(self.model)!r}{file}{adapter}: {error}\n"
                "Expected the name of a model on the hub (downloaded before, if this machine is "
                "offline) or a directory with config, tokenizer and all weights, as "
                "save_pretrained writes it; a GGUF file in it is named by gguf_file"
            ) from error


def _out_of_memory(error: RuntimeError) -> bool:
    import torch

    return isinstance(error, torch.cuda.OutOfMemoryError) or "can't allocate memory" in str(error)
