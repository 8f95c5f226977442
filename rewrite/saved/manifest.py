"""What stands in the folder of a saved rewriter beside the weights."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from .._version import __version__

MANIFEST: Final = "rewriter.json"
FORMAT: Final = 1
BASE: Final = "base"
"""Sub-folder of the model that a saved adapter was trained on, if it was a local one."""

OF_TRAINING: Final = ("rewriter", "best")
"""Sub-folders where ``pt-rewrite train`` and a run of one method leave their rewriter."""

_KEPT: Final = frozenset({".safetensors", ".json", ".jinja", ".model", ".txt"})
_NOT_THE_MODELS: Final = frozenset({MANIFEST, "pt_meta.json", "training.json"})


def is_models(file: Path) -> bool:
    """Return whether a file is part of a model."""
    return file.is_file() and file.suffix in _KEPT and file.name not in _NOT_THE_MODELS


def sizes(path: Path) -> dict[str, int]:
    """Return the size of every file of the model."""
    files = [*path.iterdir(), *(path / BASE).glob("*")]
    return {
        file.relative_to(path).as_posix(): file.stat().st_size
        for file in sorted(files)
        if is_models(file)
    }


def inside(path: Path) -> Path:
    """Return the folder of the rewriter that a folder is, or that a training left in it.

    Raises:
        ValueError: If it is none; the text names those that are further inside.
    """
    for place in (path, *(path / name for name in OF_TRAINING)):
        if (place / MANIFEST).is_file():
            return place
    if not path.is_dir():
        raise ValueError(f"expected the directory of a saved rewriter, found none at {path}")
    found = sorted({*path.glob(f"*/{MANIFEST}"), *path.glob(f"*/*/{MANIFEST}")})
    beside = sorted(path.absolute().parent.glob(f"*/{MANIFEST}"))  # of a training's checkpoint
    where, files = ("inside", found) if found else ("beside it", beside)
    named = ", ".join(str(file.parent) for file in files)
    raise ValueError(
        f"{path} is not a saved rewriter: it has no {MANIFEST}. "
        + (f"Take one of those {where}: {named}" if named else "Save one with save_pretrained")
    )


def read_manifest(path: Path) -> dict[str, Any]:
    """Read and check the manifest.

    Raises:
        ValueError: If the directory, which has one, is not a complete saved rewriter.
    """
    file = path / MANIFEST
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        number = found["format"]
        files = found["files"]
        complete = {"class", "arguments", "missing", "model", "training"} <= found.keys()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        again = "fetch or save the rewriter again"
        raise ValueError(f"{file} is damaged ({error!r}); {again}") from error
    if number != FORMAT or not complete:
        raise ValueError(
            f"{file} has the format {number!r}, this version ({__version__}) reads {FORMAT}; "
            "update pyterrier-rewrite or save the rewriter again"
        )
    for name, size in files.items():
        there = path / name
        actual = there.stat().st_size if there.is_file() else None
        if actual != size:
            state = "is missing" if actual is None else f"has {actual} bytes instead of {size}"
            raise ValueError(f"{path} is not complete: {name} {state}; fetch or save it again")
    if not any(name.endswith(".safetensors") for name in files):
        raise ValueError(f"{path} holds no weights (*.safetensors); fetch or save it again")
    return found


def versions() -> dict[str, str]:
    """Return the versions of what decides how a model is read and run."""
    found = {"python": sys.version.split()[0], "pyterrier-rewrite": __version__}
    for package in ("torch", "transformers", "peft", "trl"):
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
