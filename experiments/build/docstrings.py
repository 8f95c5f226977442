"""What a docstring in Google's form says, apart: its text, its arguments, its columns."""

from __future__ import annotations

import inspect
import re
from textwrap import dedent

_NAME = re.compile(r"^\*{0,2}(\w+)(?: \(.*?\))?: ?(.*)$")
_COLUMNS = re.compile(
    r"(Input|Output)\s+columns:(.*?)(?=(?:Input|Output)\s+columns:|\n\n|\Z)", re.S
)


def of(thing: object) -> str:
    """Return the docstring of a class or function itself, not that of what it is made from."""
    own = thing.__dict__.get("__doc__") if inspect.isclass(thing) else thing.__doc__
    return inspect.cleandoc(own or "")


def summary(thing: object) -> str:
    """Return the first line."""
    return of(thing).partition("\n")[0]


def entries(text: str, section: str) -> dict[str, str]:
    """Return the named entries of a section such as ``Args``, each with what is said of it."""
    match = re.search(rf"^{section}:\n(.*?)(?=^\S|\Z)", text, re.M | re.S)
    found: dict[str, str] = {}
    name = ""
    for line in dedent(match[1]).splitlines() if match else ():
        named = None if line.startswith(" ") else _NAME.match(line)
        if named:
            name = named[1]
            found[name] = named[2]
        elif name:
            found[name] += f" {line.strip()}"
    return {name: said.strip() for name, said in found.items()}


def inherited(cls: type, section: str) -> dict[str, str]:
    """Return the entries of a class and of those that it is made from, the nearest first."""
    found: dict[str, str] = {}
    for owner in cls.__mro__:
        for name, said in entries(of(owner), section).items():
            found.setdefault(name, said)
    return found


def columns(text: str) -> dict[str, str]:
    """Return what a docstring says under ``Input columns`` and ``Output columns``."""
    return {kind: said.strip() for kind, said in _COLUMNS.findall(text)}


def plain(text: str) -> str:
    """Return a text with the names of its links as code, for where these lead nowhere."""
    return re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"``\1``", text)
