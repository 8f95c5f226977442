"""Folders that say how large their files are and what they sum to: damage is seen before use."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from ..errors import DamagedError
from .whole import write_whole

FILES: Final = "files"
CHECKSUM: Final = "checksum"

_BLOCK: Final = 1 << 20


def write_sealed(path: Path, facts: Mapping[str, Any], files: Iterable[str]) -> None:
    """Write facts of a folder into a file there, with the size and CRC-32 of files beside it.

    Args:
        path: The file; it is JSON.
        facts: What else it says.
        files: Names of files of its folder.
    """
    measured = {name: list(_measured(path.parent / name)) for name in files}
    whole = {**facts, FILES: measured}
    content = json.dumps({**whole, CHECKSUM: _checksum(whole)}, indent=1)
    write_whole(path, content + "\n")


def read_sealed(path: Path) -> dict[str, Any]:
    """Return what the file of a folder says; one that was never sealed passes.

    Raises:
        DamagedError: If the file is not as it was written.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(found, dict):
        raise _damaged(path, "it holds no facts")
    if CHECKSUM in found or FILES in found:
        whole = {key: value for key, value in found.items() if key != CHECKSUM}
        if found.get(CHECKSUM) != _checksum(whole):
            raise _damaged(path, "its checksum is another")
    return found


def is_sealed(path: Path) -> bool:
    """Say whether the file of a folder tells what its files sum to.

    Raises:
        DamagedError: If the file is not as it was written.
    """
    return FILES in read_sealed(path)


def check_files(folder: Path, facts: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise unless files are as they were when they were sealed; this reads them.

    Args:
        folder: Where the files are.
        facts: What :func:`read_sealed` returned.
        names: The files.

    Raises:
        DamagedError: If one is not, or was never sealed.
    """
    for name in names:
        expected = facts.get(FILES, {}).get(name)
        if expected is None:
            raise DamagedError(
                f"nothing is known of the size of {folder / name}: an earlier version of "
                "pyterrier-rewrite wrote it; build it anew"
            )
        try:
            size, checksum = _measured(folder / name, expected[0])
        except OSError as error:
            raise _damaged(folder / name, str(error)) from error
        if size != expected[0]:
            raise _damaged(folder / name, f"it has {size} bytes, expected {expected[0]}")
        if checksum != expected[1]:
            raise _damaged(folder / name, "its checksum is another")


def _measured(path: Path, expected_size: int | None = None) -> tuple[int, int | None]:
    """Return the size and CRC-32 of a file; only the size if another was expected."""
    size, checksum = path.stat().st_size, 0
    if expected_size not in (None, size):
        return size, None
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            checksum = zlib.crc32(block, checksum)
    return size, checksum


def _checksum(facts: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(facts, sort_keys=True).encode())


def _damaged(path: Path, why: str) -> DamagedError:
    return DamagedError(
        f"{path} is damaged ({why}); copy its folder again, or build it anew with overwrite=True"
    )
