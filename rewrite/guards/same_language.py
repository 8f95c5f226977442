"""Guard: a rewrite in another language than the query."""

from __future__ import annotations

from ..text.language import language_change
from .guard import Guard


class SameLanguage(Guard):
    """Objects to a rewrite in another language or script than the query.

    Small models answer in English, or in Chinese, whatever they are asked in. The language is
    told offline; where a text is too short to tell, as a brand name is, nothing is objected.

    Input and output columns: see :class:`~pyterrier_rewrite.Guard`.

    Raises:
        MissingExtraError: On use, if py3langid is not installed (extra ``lang``).

    Example:
        >>> from pyterrier_rewrite import FakeLLM, Query2Doc, Replace, SameLanguage
        >>> answer = "You can buy a red sofa at most furniture stores in the city."
        >>> pipeline = Query2Doc(FakeLLM(answer), formulation=Replace()) >> SameLanguage()
        >>> pipeline.search("wo kann man ein rotes Sofa kaufen")["qstatus"][0]
        'skipped: another language (en, not de)'

    Reference: the detector is described in Lui & Baldwin: langid.py: An Off-the-shelf Language
    Identification Tool. ACL 2012.
    """

    def objection(self, original: str, rewrite: str) -> str | None:
        """Compare the languages."""
        change = language_change(original, rewrite)
        return None if change is None else f"another language ({change})"
