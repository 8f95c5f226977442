"""What README and the documentation print: blocks of code, and the commands in them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from tests.support.paths import ROOT

FENCE = re.compile(r"^(`{3,})([^\n`]*)\n(.*?)^\1[ ]*$", re.M | re.S)
NOT_RUN = re.compile(r"<!-- not run: (\S.*?) -->\s*\Z", re.S)
NAMED = re.compile(r"# (\S+\.yaml)\n")

SHELL = ("", "sh")
SHOWN = ("text", "json")
"""Blocks that are nothing to run: output, files' contents."""


@dataclass(frozen=True)
class Block:
    """A block of code on a page.

    Attributes:
        page: The page, from the root of the checkout.
        line: Where its first line stands, from 1.
        language: What stands behind the fence.
        text: What is in it.
        reason: Why it is not run; empty for one that is.
    """

    page: str
    line: int
    language: str
    text: str
    reason: str = ""

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str:
        """The file that this is the content of, if its first line says so."""
        named = NAMED.match(self.text)
        return named[1] if named else ""


def pages() -> list[str]:
    """Return README and every page that somebody wrote, from the root of the checkout."""
    made = {"_build", "_ext", "reference"}
    found = [
        path.relative_to(ROOT)
        for path in sorted((ROOT / "docs").rglob("*.md"))
        if path.relative_to(ROOT).parts[1] not in made
    ]
    return ["README.md", *map(str, found)]


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page but those for Sphinx, such as ``{toctree}``."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        language = match[2].strip()
        if language.startswith("{"):
            continue
        reason = NOT_RUN.search(text[: match.start()])
        line = text.count("\n", 0, match.start()) + 2
        found.append(Block(page, line, language, match[3], reason[1] if reason else ""))
    return found


def commands(block: Block) -> list[list[str]]:
    """Return the commands of a block; where lines begin with ``$``, the others are output."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if any(line.startswith("$ ") for line in lines):
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def inline_commands(page: str) -> list[list[str]]:
    """Return the ``pt-rewrite`` commands in a page's text, but those with ``…``."""
    text = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    spans = re.findall(r"`(pt-rewrite [^`]+)`", text)
    return [shlex.split(" ".join(span.split())) for span in spans if "…" not in span]
