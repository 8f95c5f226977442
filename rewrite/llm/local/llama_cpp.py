"""A GGUF file run by llama.cpp in this process: no server, no GPU, one ``pip install``."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from concurrent import futures
from contextlib import suppress
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any, ClassVar

import pyterrier as pt

from ...deadline import remaining, time_is_over
from ...errors import LLMError
from ...extras import need
from ...ranges import Count, check_attributes
from ..base import Completions, Messages, Sampling
from .gguf import CHAT_TEMPLATE, parts, read_metadata, trained_context
from .llama_server import JOINED, LoadedGGUF, request, settings, start
from .model import LocalLLM, named, room


class LlamaCpp(LocalLLM):
    """A language model in one file, run by llama.cpp, loaded at the first prompt.

    Takes any GGUF file, quantised ones too: a model of a billion parameters answers on a laptop.
    Prompts go through the file's chat template, or are joined by blank lines where there is
    none. Answers follow a JSON schema where one is asked for. Decoding follows the arguments of
    :meth:`generate` alone.

    The batch does not matter: a seeded sample depends on the seed, the prompt and the sample's
    number, and on a CPU not on the prompts beside it. Neighbouring seeds give independent samples.

    Args:
        model: Path of the ``.gguf`` file; of a model in several, the first.
        context: Longest prompt and completion together in tokens, at least 1; no more than the
            model was trained for is used. Part of :attr:`identity`, since it can cut an answer.
        batch_size: Completions written at once, at least 1; each of the ``n`` samples is one,
            and each has memory for a context of its own.
        threads: CPU threads, at least 1; None takes one less than the cores that this process
            may use. Threads wait for one another after every step, so a core that others keep
            busy makes all of them slow.
        constrains: Whether methods whose answer is a list hold it to a JSON schema. Small models
            write worse lists so, and published prompts ask for none.
        verbose: Whether to show progress.

    Raises:
        ValueError: If a number is out of range, or ``max_tokens`` leaves no room for a prompt.
        MissingExtraError: If xllamacpp is missing (at the first prompt).
        LLMError: If there is no such file, or it cannot be loaded (at the first prompt).

    Example:
        >>> from pyterrier_rewrite.llm import LlamaCpp
        >>> llm = LlamaCpp("Qwen3-0.6B-Q8_0.gguf", threads=4)
        >>> llm.generate([[{"role": "user", "content": "sofa"}]], max_tokens=16)  # doctest: +SKIP
    """

    kind: ClassVar[str] = "llama.cpp"

    def __init__(
        self,
        model: str | Path,
        *,
        context: Count = 4096,
        batch_size: Count = 4,
        threads: Count | None = None,
        constrains: bool = False,
        verbose: bool = False,
    ) -> None:
        super().__init__(model)
        self.context = context
        self.batch_size = batch_size
        self.threads = threads
        self.constrains = constrains
        self.verbose = verbose

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Answer prompts in their order, several at once; see :meth:`LLM.stream`.

        ``seconds`` of an answer is its share of the time in which several were written. Closing
        the iterator waits for the completions that are being written, and writes no others. At
        a deadline nobody waits: they stop by themselves at the next token, or before the next
        part of their prompt.
        """
        check_attributes(self)
        if not prompts:
            return
        engine: LoadedGGUF = self.loaded()
        room(engine.context, sampling)
        samples = sampling.n if sampling.temperature > 0 else 1  # greedy ones are all the same
        rows = [(position, sample) for position in range(len(prompts)) for sample in range(samples)]
        at_once = min(self.batch_size, len(rows))
        left = remaining()
        until = None if left is None else monotonic() + left

        def write(row: tuple[int, int]) -> Completions:
            position, sample = row
            started = perf_counter()
            completion = engine.write(request(prompts[position], sampling, sample), until)
            completion.seconds = (perf_counter() - started) / at_once
            return completion

        pool = futures.ThreadPoolExecutor(at_once, "pyterrier-rewrite-llama")
        written = zip(rows, pool.map(write, rows, timeout=left), strict=True)
        answer = Completions([])
        try:
            with (
                suppress(futures.TimeoutError),
                pt.tqdm(total=len(rows), disable=not self.verbose, unit="row") as progress,
            ):
                for (position, sample), completion in written:
                    progress.update()
                    if sample == 0:
                        answer = completion
                    else:
                        completion.prompt_tokens = 0  # the samples of a prompt share it
                        answer.add(completion)
                    if sample == samples - 1:
                        answer.texts *= sampling.n // samples
                        yield position, answer
        finally:
            pool.shutdown(wait=not time_is_over(), cancel_futures=True)

    def close(self) -> None:
        """Give memory and threads back; the next prompt loads the model again."""
        with self._lock:
            self._engine = self._identity = None

    def check(self, sampling: Sampling) -> None:
        """Raise if there is no such file, or ``max_tokens`` leaves no room for a prompt.

        Raises:
            LLMError: If the file is not there, or is none of llama.cpp's.
            ValueError: If there is no room.
        """
        room(self._context(read_metadata(Path(self.model))), sampling)

    def told_context(self) -> int | None:
        """Return how many tokens prompt and completion share; the file's header says."""
        with suppress(LLMError):
            return self._context(read_metadata(Path(self.model)))
        return None

    def _context(self, metadata: dict[str, Any]) -> int:
        return min(self.context, trained_context(metadata) or self.context)

    def _describe(self) -> str:
        return f"{self.kind}:{named(self.model)} context={self.context}"

    def _load(self) -> LoadedGGUF:
        need("xllamacpp", "local")
        path = Path(self.model)
        metadata = read_metadata(path)
        missing = [part.name for part in parts(path) if not part.is_file()]
        if missing:
            raise LLMError(f"{path} is one of several files, and {missing} are not beside it")
        context = self._context(metadata)
        threads = self.threads or max(1, usable_cores() - 1)
        parameters = settings(path, context=context, slots=self.batch_size, threads=threads)
        # it listens on a port of this machine, which is nobody else's business
        parameters.api_keys = [secrets.token_hex()]
        if CHAT_TEMPLATE not in metadata:
            parameters.chat_template = JOINED
        try:
            server = start(parameters)
        except RuntimeError as error:
            raise LLMError(
                f"llama.cpp cannot load {path}: {error}\nThe file may be cut short (compare its "
                "size with the original), its architecture "
                f"({metadata.get('general.architecture')}) newer than the installed xllamacpp, or "
                "the memory too small: lower context or batch_size, or take a smaller quantization"
            ) from error
        return LoadedGGUF(server, context)


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
