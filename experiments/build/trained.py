"""The stage ``Trained``: a rewriter that a training left in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyterrier_rewrite.prompting.llm_rewriter import LLMRewriter
from pyterrier_rewrite.saved.artifact import from_pretrained

REWRITER = "rewriter"
"""Sub-folder of a training's folder with the trained rewriter."""

CONFIG = "config.yaml"
"""The config that a folder's training was made of."""


def trained(
    path: str,
    device: str | None = None,
    batch_size: int = 128,
    n: int | None = None,
    temperature: float | None = None,
) -> LLMRewriter:
    """Return the rewriter that a training left in a folder."""
    folder = Path(path)
    if (folder / CONFIG).is_file() and not (folder / REWRITER).is_dir():
        raise ValueError(
            f"the training in {folder} has not ended; go on with pt-rewrite train --resume, or "
            "name the folder best of one of its methods"
        )
    changed: dict[str, Any] = {"n": n, "temperature": temperature}
    return from_pretrained(
        folder / REWRITER if (folder / REWRITER).is_dir() else folder,
        device=device,
        batch_size=batch_size,
        **{name: value for name, value in changed.items() if value is not None},
    )
