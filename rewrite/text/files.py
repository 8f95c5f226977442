"""Text files as people hand them over: read line by line, errors that name file and line."""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from .safe import encodable

CHEAP_TO_COUNT: Final = 64 * 2**20
"""Largest plain file whose lines are counted ahead, in bytes."""

_NUMERAL: Final = re.compile(r"\d")
_OF_A_QUERY: Final = (
    "(?:query|q|topic|t|doc(?:ument)?|passage|p|text|title|question|contents?|body|keywords?"
    "|rewrite|rewritten|utterance|raw|original|user|search)"
)
_ID_NAME: Final = re.compile(rf"{_OF_A_QUERY}*(?:id|no|num|number|key)|query|topic|q|t")
_TEXT_NAME: Final = re.compile(
    rf"{_OF_A_QUERY}*(?:query|topic|doc(?:ument)?|passage|text|title|question|contents?|body"
    "|keywords?|rewrite|utterance)"
)
"""What the columns of tables with an id and a text are called: whose, and at the end what it is."""


class FileError(ValueError):
    """A file is missing or malformed; the text names file, line and remedy."""


def plain_or_gz(path: Path) -> Path:
    """Return ``path``, or ``path`` with ``.gz`` appended if only that is there."""
    zipped = path.with_name(path.name + ".gz")
    return zipped if zipped.exists() and not path.exists() else path


@dataclass(frozen=True)
class TextFile:
    """A text file in UTF-8, plain or ``.gz``.

    A byte order mark, CRLF line ends and blank lines are tolerated; everything else that is
    wrong raises ``error``.

    Attributes:
        path: The file.
        error: What to raise.
    """

    path: Path
    error: type[ValueError] = FileError

    def wrong(self, problem: str, remedy: str, line: int | None = None) -> ValueError:
        """Return the error that says where the problem is and what to do about it."""
        where = str(self.path) if line is None else f"{self.path}, line {line}"
        return self.error(f"{where}: {problem}; {remedy}")

    def check(self) -> None:
        """Raise unless the path names a file."""
        if self.path.is_dir():
            raise self.wrong("expected a file, found a directory", "name the file in it")
        if not self.path.exists():
            raise self.wrong("no such file", "check the path")

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield the lines that are not blank, with their number from 1 and without their end.

        Raises:
            ValueError: Of the class ``error``: the file is not there, unreadable, not UTF-8,
                a broken ``.gz``, or empty.
        """
        self.check()
        number = 0
        empty = True
        try:
            with self._open() as handle:
                for number, raw in enumerate(handle, 1):
                    if number == 1:
                        raw = raw.removeprefix(codecs.BOM_UTF8)
                    line = raw.decode("utf-8").rstrip("\r\n")
                    if line and not line.isspace():
                        empty = False
                        yield number, line
        except UnicodeDecodeError as error:
            problem = f"not UTF-8 ({error.reason} at byte {error.start + 1} of the line)"
            remedy = "convert the file, for example with: iconv -f latin1 -t utf-8"
            raise self.wrong(problem, remedy, number) from error
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            problem = f"not a complete gzip file ({error})"
            remedy = "fetch it again, or rename it if it is not compressed"
            raise self.wrong(problem, remedy, number + 1) from error
        except OSError as error:
            problem = f"cannot be read ({error.strerror or error})"
            raise self.wrong(problem, "check its permissions") from error
        if empty:
            raise self.wrong("the file is empty", "expected at least one line")

    def objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield one JSON object a line, with its line number.

        Raises:
            ValueError: As :meth:`lines`, and for a line that is not one JSON object.
        """
        remedy = "every line should be one JSON object, {…}"
        for number, line in self.lines():
            try:
                value = from_json(line)
            except (ValueError, RecursionError) as error:
                raise self.wrong(f"not valid JSON ({error})", remedy, number) from error
            if not isinstance(value, dict):
                raise self.wrong(f"found a JSON {type(value).__name__}", remedy, number)
            yield number, value

    def rows(
        self, *names: str, separator: str | None = "\t", header: bool = False
    ) -> Iterator[tuple[int, list[str]]]:
        """Yield the columns of each line, with its line number.

        Args:
            names: What the columns are; a line has exactly as many.
            separator: What stands between columns; None for any white space.
            header: Whether a first line that names the columns is left out: one of an id and
                a text, told by the id below it.

        Raises:
            ValueError: As :meth:`lines`, and for a wrong number of columns.
        """
        rows = self._rows(names, separator)
        if header:
            first, second = next(rows, None), next(rows, None)
            named = first is not None and _is_header(first[1], second and second[1])
            rows = chain(filter(None, (None if named else first, second)), rows)
        yield from rows

    def _rows(self, names: Sequence[str], separator: str | None) -> Iterator[tuple[int, list[str]]]:
        for number, line in self.lines():
            row = line.split(separator)
            if len(row) != len(names):
                between = "tabs" if separator else "white space"
                raise self.wrong(
                    f"expected {len(names)} columns ({', '.join(names)}) separated by {between}, "
                    f"found {len(row)}",
                    "correct the line",
                    number,
                )
            yield number, row

    def identifier(self, value: object, name: str, line: int) -> str:
        """Return an id as text: a text that is not blank, or a whole number.

        Raises:
            ValueError: Of the class ``error``, if it is neither.
        """
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str):
            raise self._not_a_text(name, value, line)
        if not value.strip():
            raise self.wrong(f"the id {name!r} is blank", "give every record an id", line)
        return value

    def new_identifier(self, value: object, name: str, line: int, seen: set[str]) -> str:
        """Return an id as :meth:`identifier` does, and note it in ``seen``.

        Raises:
            ValueError: Of the class ``error``, also if the id was seen before.
        """
        identifier = self.identifier(value, name, line)
        if identifier in seen:
            raise self.wrong(
                f"the id {identifier!r} occurs a second time", "keep one record an id", line
            )
        seen.add(identifier)
        return identifier

    def text(self, record: Mapping[str, Any], name: str, line: int) -> str:
        """Return a text field of a JSON object; it may be empty.

        Raises:
            ValueError: Of the class ``error``, if it is missing or not a text.
        """
        value = record.get(name)
        if not isinstance(value, str):
            raise self._not_a_text(name, value, line)
        return value

    def _not_a_text(self, name: str, value: object, line: int) -> ValueError:
        if value is None:
            return self.wrong(f"expected {name!r} as a text, found none", "add it", line)
        problem = f"expected {name!r} as a text, found {value!r:.80}"
        return self.wrong(problem, "put it in quotes", line)

    def starts_with(self, *starts: str) -> bool:
        """Say whether the first line that is not blank starts so, after white space."""
        return next(self.lines())[1].lstrip().startswith(starts)

    def count(self) -> int | None:
        """Return how many lines are not blank, or None where counting is not cheap."""
        self.check()
        if self.path.suffix == ".gz" or self.path.stat().st_size > CHEAP_TO_COUNT:
            return None
        return sum(1 for _ in self.lines())

    def _open(self) -> BinaryIO:
        if self.path.suffix == ".gz":
            return cast(BinaryIO, gzip.open(self.path, "rb"))
        return self.path.open("rb")


def from_json(text: str) -> Any:
    """Return the value of a JSON text, in which every text can be written as UTF-8.

    Raises:
        ValueError: If it is no JSON.
        RecursionError: If it is nested too deeply.
    """
    value = json.loads(text)
    if "\\ud" in text.lower():  # half an emoji can only stand there escaped
        value = json.loads(encodable(json.dumps(value, ensure_ascii=False)))
    return value


def _is_header(row: Sequence[str], below: Sequence[str] | None) -> bool:
    """Say whether a first row of an id and a text names them.

    Ids are numbered, names of columns are not: beside such ids one name that is known, and one
    word for the other, are enough. Where the ids below are words too, both have to be known.
    """
    key, text = row
    if _NUMERAL.search(key):
        return False
    key_named, text_named = _is(_ID_NAME, key), _is(_TEXT_NAME, text)
    if below is not None and _NUMERAL.search(below[0]):
        return text_named or (key_named and len(text.split()) == 1)
    return key_named and text_named


def _is(name: re.Pattern[str], cell: str) -> bool:
    """Say whether a cell is such a name of a column, or ends in it: ``entry_id``."""
    words = re.split(r"[\W_]+", cell.strip().lower())
    return name.fullmatch("".join(words)) is not None or (
        len(words) > 1 and " " not in cell.strip() and name.fullmatch(words[-1]) is not None
    )
