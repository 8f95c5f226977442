"""Tutorials as notebooks to download."""

from __future__ import annotations

from pathlib import Path

import nbformat
from myst_nb.core.read import read_myst_markdown_notebook


def write_ipynb(source: Path, target: Path) -> None:
    """Write a page of ``{code-cell}`` blocks as a Jupyter notebook, not yet run.

    Args:
        source: A MyST notebook, such as ``docs/tutorials/compare-methods-on-my-collection.md``.
        target: The ``.ipynb`` to write; its folder is made.
    """
    notebook = read_myst_markdown_notebook(source.read_text(encoding="utf-8"), path=source)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # not random: the same notebook at every build
    notebook.metadata.pop("jupytext", None)  # says that the file is Markdown
    nbformat.validate(notebook)
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
