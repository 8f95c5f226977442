"""The terms that are typical of documents that answered a query."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import pandas as pd

from ..columns import DOCNO, LABEL, QID
from ..protocols import Analyzer, CollectionStatistics, TextSource
from ..ranges import Count, Share, check_ranges


def typical_terms(
    qrels: pd.DataFrame,
    *,
    texts: TextSource,
    statistics: CollectionStatistics,
    documents: Count = 20,
    min_share: Share = 0.25,
) -> dict[str, list[str]]:
    """Return each query's candidate terms, the most typical of its best documents first.

    A term comes in the form that is most frequent in these documents, one a stem; see
    :func:`~pyterrier_rewrite.training.distant_supervision` for the arguments.

    Raises:
        ValueError: If a number is out of its range, or no query has a relevant document with text.
    """
    check_ranges(typical_terms, locals())
    best = _best(qrels, documents)
    found = texts.texts({docno for docnos in best.values() for docno in docnos})
    if not found:
        raise ValueError(
            "none of the topics has a relevant document with text; check that qrels, topics and "
            "texts belong together"
        )
    stems, forms = _stems(statistics.analyzer, found)
    known = statistics.document_frequencies(forms)
    ranked = {}
    for qid, docnos in best.items():
        held = [stems[docno] for docno in docnos if docno in stems]
        shares = {stem: n / len(held) for stem, n in Counter(s for h in held for s in h).items()}
        contrast = {
            stem: share * math.log(share * statistics.num_docs / known[stem])
            for stem, share in shares.items()
            if share >= min_share and stem in known
        }
        order = sorted(contrast, key=lambda stem: (-contrast[stem], stem))
        ranked[qid] = [forms[stem] for stem in order if contrast[stem] > 0]
    return ranked


def _stems(
    analyzer: Analyzer, texts: Mapping[str, str]
) -> tuple[dict[str, set[str]], dict[str, str]]:
    """Return the stems of each document, and for each stem its most frequent form."""
    stems: dict[str, set[str]] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for docno, text in texts.items():
        pairs = [(analyzer.stem(term), term) for term in analyzer.terms(text)]
        stems[docno] = {stem for stem, _ in pairs}
        counts.update(pairs)
    most_frequent_last = sorted(counts, key=lambda pair: (counts[pair], pair))
    return stems, dict(most_frequent_last)


def _best(qrels: pd.DataFrame, documents: int) -> dict[str, list[str]]:
    """Return the documents of each query's highest grade, as far as they are relevant."""
    relevant = qrels[qrels[LABEL] > 0]
    highest = relevant.groupby(QID)[LABEL].transform("max")
    best = relevant[relevant[LABEL] == highest].groupby(QID, sort=False).head(documents)
    groups: dict[str, list[str]] = best.groupby(QID, sort=False)[DOCNO].agg(list).to_dict()
    return groups
