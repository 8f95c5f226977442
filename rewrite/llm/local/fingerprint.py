"""A short name for the content of a model directory."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

WHOLE_BYTES: Final = 32 * 2**20
"""Files up to this size are read whole; of larger ones, evenly spaced blocks are."""

BLOCKS: Final = 2048
BLOCK_BYTES: Final = 4096

# What decides an answer; optimiser states, logs and READMEs do not.
_SUFFIXES: Final = frozenset({".safetensors", ".bin", ".json", ".jinja", ".model", ".txt"})
_IGNORED: Final = frozenset({"trainer_state.json", "training_args.bin"})


def fingerprint(directory: Path) -> str:
    """Return 12 hexadecimal digits that change when the model in ``directory`` does.

    It follows names and contents, not dates or places, so a copied model keeps its fingerprint
    and one that was trained further in place does not. Weight files over 32 MiB are sampled at
    2,048 places, which any ordinary training step changes; an edit of a few numbers by hand can
    escape it.

    Args:
        directory: A directory as ``save_pretrained`` writes it.
    """
    digest = hashlib.sha256()
    for file in sorted(directory.iterdir()):
        if file.suffix in _SUFFIXES and file.name not in _IGNORED and file.is_file():
            stat = file.stat()
            digest.update(file.name.encode())
            digest.update(_of_file(str(file.resolve()), stat.st_size, stat.st_mtime_ns))
    return digest.hexdigest()[:12]


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
