"""Checks of the text alone."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import pandas as pd

from pyterrier_rewrite.columns import QANSWERS, QCAND, QGEN, QSTATUS, QUERY, QUERY_0, QUERY_TOKS
from pyterrier_rewrite.errors import RewriteError
from pyterrier_rewrite.ranges import Natural
from pyterrier_rewrite.text.language import language_change

from .answers import answers_of, contains
from .asking import warn_no_verdict
from .candidates import row_texts
from .reward import Reward
from .scoring import Marks

__all__ = ["AnswerLeak", "Copy", "Format", "Guard", "Language", "Length", "Safety"]


class Guard(Reward):
    """1 if a candidate passes, 0 if not; of several queries each has to pass.

    Guards belong behind a reward: ``SearchFeedback(…).gate(Length(high=32))``. A subclass
    implements :meth:`passes`.
    """

    fails_with: ClassVar[float] = 0.0
    """Mark of a candidate that does not pass."""

    @abstractmethod
    def passes(self, rows: pd.DataFrame) -> Sequence[bool | None]:
        """Say for each row whether it passes; None is no verdict."""

    def marks(self, candidates: pd.DataFrame) -> Marks:
        """Return 1 for those that pass; see the class."""
        marks: Marks = {}
        for name, verdict in zip(candidates[QCAND].tolist(), self.passes(candidates), strict=True):
            mark = None if verdict is None else 1.0 if verdict else self.fails_with
            before = marks.setdefault(name, mark)
            marks[name] = None if before is None or mark is None else min(before, mark)
        return marks


@dataclass(frozen=True)
class AnswerLeak(Guard):
    """1 if the rewrite holds no answer that the query does not hold itself, 0 if it does.

    A model that knows the answers can append them to the query and so find the documents that
    hold them; it learns to answer, not to search. Answers are compared word by word, without
    case, punctuation and articles. A query without answers passes.

    Input columns: ``query`` or ``query_toks``, ``query_0``, ``qanswers`` (a list of texts).

    Example:
        >>> row = {"qid": "1", "query": "capital of France Paris", "qanswers": ["Paris"]}
        >>> AnswerLeak().score(pd.DataFrame([{**row, "query_0": "capital of France"}]))
        {'1': 0.0}
    """

    needs = (QUERY_0, QANSWERS)

    def passes(self, rows: pd.DataFrame) -> list[bool | None]:
        """Say which rows hold no answer."""
        return [
            not any(contains(text, a) and not contains(original, a) for a in answers_of(answers))
            for text, original, answers in zip(
                row_texts(rows), rows[QUERY_0].tolist(), rows[QANSWERS].tolist(), strict=True
            )
        ]


_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Copy(Guard):
    """1 if the rewrite is not identical to the query, 0 if it is.

    Case, punctuation and spaces do not matter, the order of words and their number do. Weighted
    terms are a copy if they are words of the query, all of one weight.

    Input columns: ``query``, ``query_0``, and ``query_toks`` where there are weighted terms.

    Example:
        >>> frame = pd.DataFrame([{"qid": "1", "query": "Red sofa!", "query_0": "red sofa"}])
        >>> Copy().score(frame)
        {'1': 0.0}
    """

    needs = (QUERY_0,)

    def passes(self, rows: pd.DataFrame) -> list[bool | None]:
        """Say which rows differ from the original."""
        toks = rows[QUERY_TOKS].tolist() if QUERY_TOKS in rows.columns else [None] * len(rows)
        return [
            not _is_copy(text, its, original)
            for text, its, original in zip(
                rows[QUERY].tolist(), toks, rows[QUERY_0].tolist(), strict=True
            )
        ]


def _is_copy(text: str, toks: object, original: str) -> bool:
    words = _WORD.findall(original.casefold())
    if isinstance(toks, Mapping):
        return set(toks) <= set(words) and len(set(toks.values())) <= 1
    return _WORD.findall(text.casefold()) == words


@dataclass(frozen=True)
class Format(Guard):
    """1 if the rewriter's parser could read the generation, 0 if not.

    A candidate fails if its ``qstatus`` says ``failed: …``, if its query is empty, or if one of
    its raw generations does not match ``pattern``.

    Input columns: ``query``, ``qstatus`` where there is one; with ``pattern`` also ``qgen``.

    Args:
        pattern: Regular expression that a whole generation should match (``.`` matches
            newlines), such as ``"<think>.*</think>.*"``; None asks for none.

    Example:
        >>> frame = pd.DataFrame([{"qid": "1", "query": "sofa", "qgen": ["Sure! sofa"]}])
        >>> Format(pattern="[a-z ]+").score(frame)
        {'1': 0.0}
    """

    pattern: str | None = None

    def passes(self, rows: pd.DataFrame) -> list[bool | None]:
        """Say which rows could be read."""
        fine = [bool(text.strip()) for text in rows[QUERY]]
        if QSTATUS in rows.columns:
            statuses = rows[QSTATUS].tolist()
            fine = [
                ok and not (isinstance(status, str) and status.startswith("failed"))
                for ok, status in zip(fine, statuses, strict=True)
            ]
        if self.pattern is not None:
            if QGEN not in rows.columns:
                raise ValueError(
                    f"Format(pattern=…) reads raw generations, but there is no column {QGEN} "
                    f"among {list(rows.columns)}"
                )
            matches = re.compile(self.pattern, flags=re.DOTALL).fullmatch
            fine = [
                ok and all(matches(text) for text in gen)
                for ok, gen in zip(fine, rows[QGEN].tolist(), strict=True)
            ]
        return list(fine)


@dataclass(frozen=True)
class Language(Guard):
    """1 if the rewrite is in the language of the query, 0 if it is in another.

    The detector works offline. It is unsure of short texts, so a candidate fails only if both
    languages are told with confidence, or the scripts differ; see
    :func:`~pyterrier_rewrite.text.language.language_change`.

    Input columns: ``query`` or ``query_toks``, and ``query_0``.

    Raises:
        MissingExtraError: If py3langid is not installed.

    Example:
        >>> row = {"qid": "1", "query": "红色沙发", "query_0": "a red sofa"}
        >>> Language().score(pd.DataFrame([row]))
        {'1': 0.0}

    Reference: the detector is Lui and Baldwin. langid.py: An Off-the-shelf Language
    Identification Tool. ACL 2012.
    """

    needs = (QUERY_0,)

    def passes(self, rows: pd.DataFrame) -> list[bool | None]:
        """Say which rows are in the right language."""
        originals = rows[QUERY_0].tolist()
        return [
            language_change(before, after) is None
            for before, after in zip(originals, row_texts(rows), strict=True)
        ]


@dataclass(frozen=True)
class Length(Guard):
    """1 if the rewrite is within bounds, 0 if not.

    Input columns: ``query``, or ``query_toks`` where it has weighted terms, each counted once.

    Args:
        low: Least length.
        high: Greatest length, not below ``low``.
        unit: What is counted: ``"words"`` (between spaces) or ``"characters"``.

    Raises:
        ValueError: If the bounds or the unit make no sense.

    Example:
        >>> frame = pd.DataFrame([{"qid": "1", "query": "red sofa for two"}])
        >>> Length(high=3).score(frame)
        {'1': 0.0}
    """

    low: Natural = 1
    high: int = 32
    unit: Literal["words", "characters"] = "words"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.low <= self.high:
            raise ValueError(f"low should not be above high, found {self.low} and {self.high}")
        if self.unit not in ("words", "characters"):
            raise ValueError(f"unit should be 'words' or 'characters', found {self.unit!r}")

    def passes(self, rows: pd.DataFrame) -> list[bool | None]:
        """Say which rows are within bounds."""
        texts = row_texts(rows)
        lengths = [len(text.split()) if self.unit == "words" else len(text) for text in texts]
        return [self.low <= length <= self.high for length in lengths]


@dataclass(frozen=True)
class Safety(Guard):
    """−1 for an unsafe query, +1 for a safe one.

    Input columns: ``query``, or ``query_toks`` where it has weighted terms.

    Args:
        is_unsafe: Takes a list of distinct texts and says of each whether it is unsafe; None is no
            verdict. A function of a module pickles, a lambda does not. What it raises of
            ``OSError`` and ``RewriteError`` is no verdict on all.

    Raises:
        ValueError: If it does not answer once a text.

    Example:
        >>> def is_unsafe(texts):
        ...     return ["bomb" in text for text in texts]
        >>> Safety(is_unsafe).score(pd.DataFrame([{"qid": "1", "query": "build a bomb"}]))
        {'1': -1.0}

    Reference: the query-level safety reward of SafeSearch.
    """

    is_unsafe: Callable[[list[str]], Sequence[bool | None]]

    fails_with: ClassVar[float] = -1.0

    def passes(self, rows: pd.DataFrame) -> list[bool | None]:
        """Say which rows are safe."""
        texts = row_texts(rows)
        distinct = list(dict.fromkeys(texts))
        try:
            verdicts = list(self.is_unsafe(distinct))
        except (OSError, RewriteError) as error:
            warn_no_verdict(
                f"{self.is_unsafe!r} failed ({type(error).__name__}: {error})", len(distinct)
            )
            return [None] * len(texts)
        if len(verdicts) != len(distinct):
            raise ValueError(
                f"{self.is_unsafe!r} should give one verdict a text, found {len(verdicts)} for "
                f"{len(distinct)} texts"
            )
        safe = {
            text: None if verdict is None else not verdict
            for text, verdict in zip(distinct, verdicts, strict=True)
        }
        return [safe[text] for text in texts]
