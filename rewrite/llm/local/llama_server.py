"""llama.cpp's server in this process, asked by function calls."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

from ...deadline import LATE
from ...extras import need
from ..base import Completions, Messages, Sampling, prompt_key
from .decoding import row_seed

JOINED: Final = (
    "{% for message in messages %}{{ message['content'] }}"
    "{% if not loop.last %}{{ '\\n\\n' }}{% endif %}{% endfor %}"
)
"""Template for a model that has none: the contents, joined by blank lines."""

SAMPLERS: Final = ("temperature", "top_p")
"""In the order of the other backends; llama.cpp's own has eight more, which change answers."""

PROMPT_PART: Final = 128
"""Tokens of a prompt that are read at once: a request that is late stops between two parts."""

_IN_PIECES: Final = {
    "stream": True,
    "stream_options": {"include_usage": True},
    "return_progress": True,
}

_ITS_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class LoadedGGUF:
    """A loaded model.

    Attributes:
        server: The server that :func:`start` returned; threads may share it.
        context: Longest prompt and completion together in tokens.
    """

    server: Any
    context: int

    def write(self, asked: dict[str, Any], until: float | None = None) -> Completions:
        """Return one completion; what llama.cpp refuses is an answer with an error.

        Args:
            asked: As :func:`request` makes it.
            until: On the clock of ``time.monotonic``, when to stop: between two tokens, or two
                parts of the prompt.
        """
        pieces: list[str] = []
        answer = Completions([])

        def hear(chunk: dict[str, Any]) -> bool:
            if "error" in chunk:
                answer.error = self._reason(chunk["error"])
            for choice in chunk.get("choices", ()):
                pieces.append(choice["delta"].get("content") or "")
                answer.cut = choice["finish_reason"] == "length"
            if usage := chunk.get("usage"):
                answer.prompt_tokens = usage["prompt_tokens"]
                answer.completion_tokens = usage["completion_tokens"]
            elif until is not None and monotonic() >= until:
                answer.error = LATE
            return answer.error is not None  # stops it

        try:
            self.server.handle_chat_completions({**asked, **_IN_PIECES}, hear)
        except (RuntimeError, ValueError) as error:  # a prompt or a schema that it cannot read
            answer.error = f"llama.cpp refuses the request: {error}"
        answer.texts = [] if answer.error else ["".join(pieces)]
        return answer

    def _reason(self, error: dict[str, Any]) -> str:
        if error.get("type") == "exceed_context_size_error":
            return (
                f"the prompt has {error['n_prompt_tokens']:,} tokens, over the context of "
                f"{self.context:,}: use fewer or shorter documents, or raise context"
            )
        return f"llama.cpp: {error.get('message', error)}"


def settings(model: Path, *, context: int, slots: int, threads: int) -> Any:
    """Return llama.cpp's parameters for a server that answers by the arguments of a call alone.

    Args:
        model: The GGUF file.
        context: Longest prompt and completion together in tokens.
        slots: Completions written at once, each with memory for a context of its own.
        threads: CPU threads.
    """
    llama = need("xllamacpp", "local")
    parameters = llama.CommonParams()
    parameters.model.path = str(model)
    parameters.n_parallel = slots
    parameters.n_ctx = context * slots
    parameters.n_batch = parameters.n_ubatch = PROMPT_PART
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    thoughts = llama.common_reasoning_format.COMMON_REASONING_FORMAT_NONE
    parameters.reasoning_format = thoughts  # they stay in the text: our parsers take them out
    parameters.cache_ram_mib = 0  # or old prompts are kept in up to 8 GB
    parameters.verbosity = 0
    parameters.warmup = False
    parameters.ui = False
    return parameters


def start(parameters: Any) -> Any:
    """Load a model and return its server, which stops when nothing refers to it any more.

    Args:
        parameters: As :func:`settings` makes them.

    Raises:
        RuntimeError: If the model cannot be loaded.
    """
    with own_signals():
        server = need("xllamacpp", "local").Server(parameters)
    # stopped before its loop runs, it would wait for ever; an answer shows that the loop runs
    server.handle_completions({"prompt": "a", "max_tokens": 1})
    return server


def request(prompt: Messages, sampling: Sampling, sample: int) -> dict[str, Any]:
    """Return what llama.cpp is asked for one sample of one prompt."""
    messages = [{key: _encodable(text) for key, text in message.items()} for message in prompt]
    asked: dict[str, Any] = {
        "messages": messages,
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "samplers": SAMPLERS,
        "stop": [text for text in sampling.stop if text],
        "seed": row_seed(sampling.seed, repr(prompt_key(prompt)), sample),
    }
    if sampling.schema is not None:
        schema = {"name": "answer", "schema": dict(sampling.schema)}
        asked["response_format"] = {"type": "json_schema", "json_schema": schema}
    return asked


@contextmanager
def own_signals() -> Iterator[None]:
    """Give the process its signals back: a server takes Ctrl-C and termination for itself.

    By the C library, since Python sets signals from the main thread alone. Elsewhere than under
    POSIX there is nothing to give back.
    """
    if os.name != "posix":
        yield
        return
    library = ctypes.CDLL(None)
    # larger than the C library's struct on any system; its content is none of our business
    handlers = {number: ctypes.create_string_buffer(1024) for number in _ITS_SIGNALS}
    for number, handler in handlers.items():
        library.sigaction(int(number), None, handler)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            library.sigaction(int(number), handler, None)


def _encodable(text: str) -> str:
    """Return the text with a question mark for every lone surrogate, which no model reads."""
    return text.encode(errors="replace").decode()
