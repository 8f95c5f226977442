"""Lay a folder of links that shows the four source folders under their import name.

The type checker reads sources, not installed packages, so it needs the layout that an
installation has: ``python -m tests.support.typing_links .typing``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.paths import ROOT


def link(target: Path) -> None:
    """Make ``target/pyterrier_rewrite`` mirror the package mapping of ``pyproject.toml``."""
    root = ROOT
    package = target / "pyterrier_rewrite"
    package.mkdir(parents=True, exist_ok=True)
    for old in package.iterdir():
        old.unlink()
    for source in (root / "rewrite").iterdir():
        if source.name != "__pycache__":
            (package / source.name).symlink_to(source)
    for folder in ("pipelines", "rewards", "experiments"):
        (package / folder).symlink_to(root / folder)


if __name__ == "__main__":
    link(Path(sys.argv[1]))
