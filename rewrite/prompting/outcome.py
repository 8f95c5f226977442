"""What became of a query that a model was asked about."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Final

from ..base import NewQuery, Rewritten
from ..columns import OK, failed, skipped
from ..llm.base import Completions
from ..parsing.loops import is_loop
from ..parsing.spoken import spoken
from ..parsing.talk import keeps
from ..rewritten import is_repeated
from ..usage import add_usage

NOTHING_USABLE: Final = "no usable text in the answers"


def outcome(
    answers: Sequence[Completions],
    new: Sequence[NewQuery],
    unusable: str = NOTHING_USABLE,
    *,
    query: str = "",
) -> Rewritten:
    """Sum up a query that took several requests, or several kinds of them.

    A request that failed is no loss as long as another brought something. A query that the model
    finds good as it is, in words, is skipped.

    Args:
        answers: Every answer for the query, in the order of the requests.
        new: The new queries that were formed of them; none, if nothing was usable.
        unusable: What to say then.
        query: The query as it was.
    """
    errors = [answer.error for answer in answers if answer.error is not None]
    texts = [text for answer in answers for text in answer.texts]
    if not new and texts and all(map(is_loop, texts)):
        unusable = "the answer repeats itself"
    status = OK if new else failed(errors[0] if errors else unusable)
    if not new and not errors and any(keeps(spoken(text), query) for text in texts):
        status = skipped("the model leaves it as it is")
    return Rewritten(new, status, texts, reduce(add_usage, (its.usage for its in answers), None))


def says_no_more(new: NewQuery, query: str) -> bool:
    """Say whether a new query is a text that only says the query, once or several times."""
    return new.toks is None and new.vec is None and is_repeated(new.text, query)
