"""What a GGUF file says of itself, before anything loads it."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import IO, Any, Final

from ...errors import LLMError

MAGIC: Final = b"GGUF"

CHAT_TEMPLATE: Final = "tokenizer.chat_template"
"""Key of the chat template; a base model has none."""

_NUMBERS: Final = dict(zip((*range(8), 10, 11, 12), "BbHhIif?Qqd", strict=True))
"""How :mod:`struct` reads each kind of number."""

_TEXT: Final = 8
_LIST: Final = 9

_DAMAGE: Final = (
    KeyError,
    MemoryError,
    OSError,
    OverflowError,
    RecursionError,
    ValueError,
    struct.error,
)
"""What comes of a header that is none: unknown kinds, lengths past the end, no UTF-8."""

_PART: Final = re.compile(r"-\d{5}-of-(\d{5})\.gguf$")


def read_metadata(path: Path) -> dict[str, Any]:
    """Return the texts and numbers in the header of a GGUF file; lists are left out.

    Raises:
        LLMError: If there is no such file, or its header is not that of a GGUF.
    """
    if not path.is_file():
        found = "a directory" if path.is_dir() else "nothing"
        raise LLMError(
            f"expected a GGUF file at {path}, found {found}; download one (a model's page on the "
            "hub lists them under Quantizations) and give its path"
        )
    with open(path, "rb") as file:
        if file.read(4) != MAGIC:
            raise LLMError(
                f"{path} is not a GGUF file; convert the model (llama.cpp's convert_hf_to_gguf.py) "
                "or load its directory with TransformersLLM"
            )
        try:
            return _header(file)
        except _DAMAGE as error:
            raise LLMError(
                f"the header of {path} is damaged or cut short; download it again"
            ) from error


def trained_context(metadata: dict[str, Any]) -> int | None:
    """Return how many tokens a model was trained to read at once; None if its header is silent."""
    length = metadata.get(f"{metadata.get('general.architecture')}.context_length")
    return length if isinstance(length, int) and length > 0 else None


def parts(path: Path) -> list[Path]:
    """Return the files that a model is split into, in order; most are one."""
    split = _PART.search(path.name)
    if split is None:
        return [path]
    stem, count = path.name[: split.start()], split[1]
    return [path.with_name(f"{stem}-{i + 1:05}-of-{count}.gguf") for i in range(int(count))]


def _header(file: IO[bytes]) -> dict[str, Any]:
    _, _, entries = struct.unpack("<IQQ", file.read(20))
    found: dict[str, Any] = {}
    for _ in range(entries):
        key = _text(file)
        value = _value(file, _number(file, "I"))
        if value is not None:
            found[key] = value
    return found


def _value(file: IO[bytes], kind: int) -> Any:
    """Return a text or a number, or skip a list."""
    if kind == _TEXT:
        return _text(file)
    if kind != _LIST:
        return _number(file, _NUMBERS[kind])
    of, length = struct.unpack("<IQ", file.read(12))
    if of in _NUMBERS:
        file.seek(length * struct.calcsize(f"<{_NUMBERS[of]}"), 1)
        return None
    for _ in range(length):
        if of == _TEXT:
            file.seek(_number(file, "Q"), 1)
        else:
            _value(file, of)
    return None


def _text(file: IO[bytes]) -> str:
    length = _number(file, "Q")
    content = file.read(length)
    if len(content) < length:
        raise struct.error("the file ends inside a text")
    return content.decode()


def _number(file: IO[bytes], form: str) -> Any:
    (value,) = struct.unpack(f"<{form}", file.read(struct.calcsize(f"<{form}")))
    return value
