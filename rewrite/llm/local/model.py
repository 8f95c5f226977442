"""What the backends that load weights themselves share: identity, loading, prompts to tokens."""

from __future__ import annotations

import hashlib
import warnings
from abc import abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import Any, ClassVar, Final

from ..base import LLM, Messages, Sampling
from .gguf import parts

WHOLE_BYTES: Final = 32 * 2**20
"""Files up to this size are read whole; of larger ones, evenly spaced blocks are."""

BLOCKS: Final = 2048
BLOCK_BYTES: Final = 4096

# What decides an answer; optimiser states, logs and READMEs do not.
_SUFFIXES: Final = frozenset({".safetensors", ".bin", ".gguf", ".json", ".jinja", ".model", ".txt"})
_IGNORED: Final = frozenset({"trainer_state.json", "training_args.bin"})


class LocalLLM(LLM):
    """A language model whose weights this process loads, at its first prompt.

    A copy or a pickle leaves the weights behind and loads them again when it is used.

    Args:
        model: Hub name, directory or file.
        adapter: Hub name or directory of a LoRA adapter, or None.
        revision: Branch, tag or commit of a hub model, or None for its default.
        dtype: Name of the number format of the weights.
        gguf_file: Name of the file in ``model`` that holds it, or None.
    """

    kind: ClassVar[str]

    def __init__(
        self,
        model: str | Path,
        *,
        adapter: str | Path | None = None,
        revision: str | None = None,
        dtype: str | None = None,
        gguf_file: str | None = None,
    ) -> None:
        self.model = model
        self.adapter = adapter
        self.revision = revision
        self.dtype = dtype
        self.gguf_file = gguf_file
        self._forget()

    def _forget(self) -> None:
        self._engine: Any = None
        self._identity: str | None = None
        self._lock = RLock()

    @property
    def identity(self) -> str:
        """Kind, model, revision, dtype and adapter.

        A directory or file goes by its name and a fingerprint of its contents, so that training
        it further makes it another model, and moving it does not.
        """
        return self._identity or self._describe()

    def _describe(self) -> str:
        name = named(self.model, self.gguf_file)
        name += f"@{self.revision}" if self.revision else ""
        adapter = f" adapter={named(self.adapter)}" if self.adapter else ""
        return f"{self.kind}:{name} dtype={self._number_format()}{adapter}"

    def _number_format(self) -> str:
        """Return what the weights are computed in, as far as it is known before they are read."""
        return self.dtype or "auto"

    def check(self, sampling: Sampling) -> None:
        """Raise if ``max_tokens`` leaves no room for a prompt; see :meth:`LLM.check`."""
        room(self.told_context(), sampling)

    @abstractmethod
    def _load(self) -> Any:
        """Return the loaded model in whatever form the backend uses it.

        Raises:
            LLMError: If it cannot be loaded.
        """

    def loaded(self) -> Any:
        """Return the loaded model, loading it if need be, in the backend's own form.

        Raises:
            LLMError: If it cannot be loaded.
        """
        with self._lock:
            if self._engine is None:
                identity = self._describe()
                self._engine = self._load()
                self._identity = identity  # what is in memory now, whatever becomes of the files
            return self._engine

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self).items() if k not in {"_engine", "_identity", "_lock"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()


def render(tokenizer: Any, prompt: Messages) -> str:
    """Return the text that a model reads for a prompt.

    That is the tokenizer's chat template, ready for the assistant's turn. Where the template
    refuses a system message, or leaves it out without a word, it is put in front of the first user
    message, and a warning says so. A tokenizer without a
    template (base models, most sequence-to-sequence models) gets the contents joined by blank
    lines, but an answer right behind the label that asks for it: ``Passage: …``.

    Raises:
        jinja2.TemplateError: If the template refuses the prompt all the same.
    """
    from jinja2 import TemplateError

    if not tokenizer.chat_template:
        return _as_one_text(prompt)
    options = {"tokenize": False, "add_generation_prompt": True}
    merged = merge_system(prompt)
    try:
        text: str = tokenizer.apply_chat_template(list(prompt), **options)
    except TemplateError:
        if merged == list(prompt):
            raise
    else:
        if merged == list(prompt) or _has_system(text, prompt):
            return text
    # the interpreter shows a warning of the same words once
    warnings.warn(
        f"the chat template of {tokenizer.name_or_path or 'the model'} takes no system role: "
        "system messages go in front of the first user message",
        UserWarning,
        stacklevel=2,
    )
    return str(tokenizer.apply_chat_template(merged, **options))


def _has_system(text: str, prompt: Messages) -> bool:
    system = (message["content"] for message in prompt if message["role"] == "system")
    return all(content.strip() in text for content in system)


def _as_one_text(prompt: Messages) -> str:
    text = ""
    for message in prompt:
        answers = message["role"] == "assistant" and text.endswith(":")
        text += (" " if answers else "\n\n" if text else "") + message["content"]
    return text


def merge_system(prompt: Messages) -> list[dict[str, str]]:
    """Return the prompt with its system messages put in front of the first user message."""
    system = [message["content"] for message in prompt if message["role"] == "system"]
    rest = [dict(message) for message in prompt if message["role"] != "system"]
    for message in rest:
        if system and message["role"] == "user":
            message["content"] = "\n\n".join([*system, message["content"]])
            return rest
    return [dict(message) for message in prompt]


def encode(
    tokenizer: Any, prompts: Sequence[Messages], *, limit: int | None
) -> list[tuple[str, list[int]] | str]:
    """Turn prompts into tokens.

    Args:
        tokenizer: A tokenizer of transformers.
        prompts: The prompts.
        limit: Most tokens a prompt, or None. A longer one loses its beginning, and one warning
            counts how many did.

    Returns:
        For each prompt its rendered text and its tokens, or the reason why there are none.
    """
    from jinja2 import TemplateError

    encoded: list[tuple[str, list[int]] | str] = []
    longest, over = 0, 0
    for prompt in prompts:
        try:
            text = render(tokenizer, prompt)
        except TemplateError as error:
            encoded.append(f"the chat template refuses the prompt: {error}")
            continue
        # a template writes its own special tokens; a second <s> would change the answer
        special = not tokenizer.chat_template
        tokens = tokenizer(text, add_special_tokens=special, verbose=False)["input_ids"]
        if limit is not None and len(tokens) > limit:
            longest, over = max(longest, len(tokens)), over + 1
            tokens = tokens[-limit:]
        encoded.append((text, tokens) if tokens else "the prompt is empty")
    if over:
        warnings.warn(
            f"{over} of {len(prompts)} prompts are longer than the {limit} tokens that the model "
            f"has room for (the longest: {longest}) and lost their beginning; use fewer or "
            "shorter documents, or lower max_tokens",
            UserWarning,
            stacklevel=4,
        )
    return encoded


def room(context: int | None, sampling: Sampling) -> int | None:
    """Return how many tokens a prompt may have if completion and prompt share a context.

    Raises:
        ValueError: If ``max_tokens`` leaves none.
    """
    if context is None:
        return None
    if sampling.max_tokens >= context:
        raise ValueError(
            f"max_tokens should be below the model's context of {context} tokens, which prompt "
            f"and completion share, found {sampling.max_tokens}"
        )
    return context - sampling.max_tokens


def named(model: str | Path, gguf_file: str | None = None) -> str:
    """Return what a model goes by: its name, and a fingerprint where it is on this machine."""
    path = Path(model)
    inside = f"/{gguf_file}" if gguf_file else ""
    if path.exists():
        return f"{path.resolve().name}{inside}#{fingerprint(path, gguf_file)}"
    return f"{model}{inside}"


def fingerprint(model: Path, gguf_file: str | None = None) -> str:
    """Return 12 hexadecimal digits that change when a model does.

    They follow names and contents, not dates or places, so a copied model keeps its fingerprint
    and one that was trained further in place does not. Weight files over 32 MiB are sampled at
    2,048 places, which any ordinary training step changes; an edit of a few numbers by hand can
    escape it.

    Args:
        model: A directory as ``save_pretrained`` writes it, or a GGUF file, all of whose parts
            count.
        gguf_file: The one GGUF file in the directory that counts; None for all of them.
    """
    digest = hashlib.sha256()
    for file in _files(model, gguf_file):
        stat = file.stat()
        digest.update(file.name.encode())
        digest.update(_of_file(str(file.resolve()), stat.st_size, stat.st_mtime_ns))
    return digest.hexdigest()[:12]


def _files(model: Path, gguf_file: str | None) -> list[Path]:
    """Return the files that decide a model's answers."""
    if model.is_file():
        return [part for part in parts(model) if part.is_file()]
    files = [
        file
        for file in sorted(model.iterdir())
        if file.suffix in _SUFFIXES and file.name not in _IGNORED and file.is_file()
    ]
    if gguf_file is None:
        return files
    chosen = _files(model / gguf_file, None) if (model / gguf_file).is_file() else []
    return [file for file in files if file.suffix != ".gguf"] + chosen


@lru_cache(maxsize=4096)
def _of_file(path: str, size: int, changed: int) -> bytes:
    """Return the digest of a file; its size and date make a new entry when it is rewritten."""
    digest = hashlib.sha256(str(size).encode())
    with open(path, "rb") as file:
        if size <= WHOLE_BYTES:
            digest.update(file.read())
        else:
            for block in range(BLOCKS):
                file.seek(block * (size - BLOCK_BYTES) // (BLOCKS - 1))
                digest.update(file.read(BLOCK_BYTES))
    return digest.digest()
