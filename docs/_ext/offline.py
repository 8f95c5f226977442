"""A build fails if a page would load something from elsewhere; links to elsewhere are fine."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

_LOADED = re.compile(
    r"<(?:script|img|iframe|source|audio|video|embed)\b[^>]*?\bsrc=[\"']?(?:https?:)?//[^\"'\s>]+"
    r"|<link\b(?![^>]*\brel=[\"']?(?:canonical|author|license))[^>]*?\bhref=[\"']?(?:https?:)?//[^\"'\s>]+"
    r"|@import\s+(?:url\()?[\"']?(?:https?:)?//[^\"')\s]+"
    r"|\burl\([\"']?(?:https?:)?//[^\"')\s]+",
    re.I,
)


def loaded_from_elsewhere(text: str) -> list[str]:
    """Return what a page or a style sheet loads from another host."""
    return _LOADED.findall(text)


def check(app: Sphinx, error: Exception | None) -> None:
    """Look through what was built.

    Raises:
        SphinxError: If something would be loaded from elsewhere.
    """
    if error is not None or app.builder.format != "html":
        return
    for kind in ("*.html", "*.css"):
        for path in sorted(Path(app.outdir).rglob(kind)):
            found = loaded_from_elsewhere(path.read_text(encoding="utf-8"))
            if found:
                raise SphinxError(f"{path} loads {found[0]} from elsewhere")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the check."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
