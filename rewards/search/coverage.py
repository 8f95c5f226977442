"""Coverage: how much of what is relevant is found, document by document or kind by kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from pyterrier_rewrite.columns import QCAND
from pyterrier_rewrite.ranges import Count
from pyterrier_rewrite.rankings.asking import Requests

from ..asking import search_top, warn_no_verdict
from ..candidates import groups_of
from ..scoring import Marks
from .search_feedback import Searched

Groups = Mapping[str, str | Sequence[str]]
"""The group of each document, or several."""


@dataclass(frozen=True)
class Coverage(Searched):
    """Share of the relevant documents, or of their distinct kinds, in the top k.

    With ``groups`` it is the share of the distinct groups (category, brand, facet) of relevant
    documents that have a relevant document in the top k: ten sofas of one brand cover one brand.
    A candidate of several queries covers what any of them finds in its own top k.

    Input columns and verdicts: as :class:`SearchFeedback`; no verdict also where no document is
    relevant, or none of them has a group.

    Args:
        engine: What follows the rewriter when it serves; several queries are not to be fused.
        qrels: Judgements of the original queries.
        k: Depth, at least 1.
        groups: The group of each document, or several; None covers the documents themselves. A
            document that is missing, or has none, covers nothing.
        rel: Least label of a relevant document.
        columns: Other columns that the engine reads.

    Raises:
        ValueError: If ``k`` is below 1, or the engine gives no ranking.

    Example:
        >>> from pyterrier_rewrite.testing import FakeEngine
        >>> engine = FakeEngine({"d1": "a sofa", "d2": "a sofa for two"}).bm25()
        >>> qrels = {"q": {"d1": 1, "d2": 1, "d3": 1}}
        >>> brands = {"d1": "Hult", "d2": "Hult", "d3": "Norr"}
        >>> frame = pd.DataFrame([{"qid": "q", "query": "sofa"}])
        >>> Coverage(engine, qrels, groups=brands).score(frame)
        {'q': 0.5}

    Reference: our own formula, after LESER (eBay, 2025), whose engine feedback rewards relevance
    and coverage.
    """

    k: Count = field(default=10, kw_only=True)
    groups: Groups | None = field(default=None, kw_only=True, hash=False, repr=False)
    rel: int = field(default=1, kw_only=True)
    columns: Sequence[str] = field(default=(), kw_only=True)

    def marks(self, candidates: pd.DataFrame) -> Marks:
        """Search for every query and unite what is found."""
        owners = groups_of(candidates)
        marks: Marks = dict.fromkeys(owners)
        wanted = {group: self._kinds(self._relevant(group)) for group in set(owners.values())}
        requests = Requests.of_rows(candidates, self.columns)
        searched = search_top(self.engine, requests, self.k)
        if searched is None:
            return marks
        found, rows = searched
        docnos = found.docnos.tolist()
        united: dict[str, set[str]] = {name: set() for name in owners}
        for name, its in zip(candidates[QCAND].tolist(), rows, strict=True):
            united[name].update(docnos[row] for row in its)
        for name, group in owners.items():
            if wanted[group]:
                covered = self._kinds(united[name] & set(self._relevant(group)))
                marks[name] = len(covered) / len(wanted[group])
        empty = sorted(group for group, kinds in wanted.items() if not kinds)
        if empty:
            warn_no_verdict(
                f"{len(empty)} queries such as {empty[0]!r} have no relevant documents to cover",
                sum(not wanted[group] for group in owners.values()),
            )
        return marks

    def _relevant(self, group: str) -> list[str]:
        return self.qrels.relevant(group, rel=self.rel)

    def _kinds(self, docnos: Sequence[str] | set[str]) -> set[str]:
        if self.groups is None:
            return set(docnos)
        kinds: set[str] = set()
        for docno in docnos:
            group = self.groups.get(docno) or ()
            kinds.update([group] if isinstance(group, str) else group)
        return kinds

    def __repr__(self) -> str:
        shown = [repr(self.engine), repr(self.qrels), f"k={self.k}"]
        if self.groups is not None:
            shown.append(f"groups={_summary(self.groups)}")
        shown += [f"rel={self.rel}"] * (self.rel != 1)
        shown += [f"columns={self.columns!r}"] * bool(self.columns)
        return f"Coverage({', '.join(shown)})"


def _summary(groups: Mapping[str, str | Sequence[str]]) -> str:
    import hashlib

    digest = hashlib.sha256(repr(sorted(groups.items())).encode()).hexdigest()[:8]
    return f"<{len(groups)} documents, {digest}>"
