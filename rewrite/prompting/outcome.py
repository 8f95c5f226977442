"""What several requests for one query come to."""

from __future__ import annotations

from collections.abc import Sequence

from ..base import NewQuery, Rewritten, Usage, add_usage
from ..columns import OK, failed
from ..llm.base import Completions


def outcome(
    answers: Sequence[Completions],
    new: Sequence[NewQuery],
    *,
    unusable: str = "no usable text in the answers",
) -> Rewritten:
    """Sum up a query that took several requests, or several kinds of them.

    A request that failed is no loss as long as another brought something.

    Args:
        answers: Every answer for the query, in the order of the requests.
        new: The new queries that were formed of them; none, if nothing was usable.
        unusable: What to say then.
    """
    errors = [answer.error for answer in answers if answer.error is not None]
    usage: Usage | None = None
    for answer in answers:
        usage = add_usage(usage, answer.usage)
    return Rewritten(
        new,
        OK if new else failed(errors[0] if errors else unusable),
        [text for answer in answers for text in answer.texts],
        usage,
    )
