"""Ask engines and other transformers for a reward: what is down gives no verdict, never a mark."""

from __future__ import annotations

import warnings

import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import QID
from pyterrier_rewrite.errors import MissingExtraError, RewriteError
from pyterrier_rewrite.rankings.asking import Rankings, Requests, cut, ranked, spans

from .reward import RewardWarning


def run(transformer: pt.Transformer, frame: pd.DataFrame) -> pd.DataFrame | None:
    """Run a transformer, or return None, with a warning, if what it needs is down.

    Raises:
        MissingExtraError: If what it needs is not installed.
    """
    try:
        return transformer.transform(frame)
    except MissingExtraError:
        raise
    except (OSError, RewriteError) as error:
        reason = f"{transformer!r} failed ({type(error).__name__}: {error})"
        warn_no_verdict(reason, frame[QID].nunique())
        return None


def search(engine: pt.Transformer, queries: pd.DataFrame) -> Rankings | None:
    """Run an engine, or return None, with a warning, if it is down.

    Raises:
        ValueError: If the engine answers with something else than a ranking of each query.
        MissingExtraError: If the engine is not installed.
    """
    results = run(engine, queries)
    return None if results is None else ranked(engine, results)


def search_top(
    engine: pt.Transformer, requests: Requests, depth: int
) -> tuple[Rankings, list[range]] | None:
    """Run an engine no deeper than needed, see :func:`search`.

    Returns:
        What it found, and the rows of the first ``depth`` documents for each one that asked.
    """
    found = search(cut(engine, depth) or engine, requests.frame)
    if found is None:
        return None
    rows = {
        request: range(start, min(end, start + depth))
        for request, start, end in spans(found.request)
    }
    return found, [rows.get(request, range(0)) for request in requests.asked]


def warn_no_verdict(reason: str, count: int) -> None:
    """Warn that some candidates get no mark."""
    warnings.warn(f"{reason}; no verdict on {count} candidate queries", RewardWarning, stacklevel=3)
