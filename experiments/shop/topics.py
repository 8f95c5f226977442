"""The shop's queries and conversations, drawn and divided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pyterrier_rewrite.columns import QCONVERSATION, QHISTORY, QID, QREWRITE, QTURN, QUERY

from .conversations import converse
from .dice import Dice
from .needs import Need, Shelves
from .queries import Wording

TRAIN: Final = "train"
HELD_OUT: Final = ("dev", "test")
CONVERSATIONS: Final = "conversations"

_DRAWS: Final = 30
"""Draws a query before giving up: a tiny shop has fewer needs than queries asked of it."""

FEWEST_RELEVANT: Final = 3
MOST_RELEVANT: Final = 40
"""How many products of grade 2 or 3 a query has; larger shops are asked for more attributes."""


class Topic(NamedTuple):
    """A query and what it means.

    Attributes:
        row: The columns of the topics frame.
        need: Decides the judgements.
    """

    row: dict[str, Any]
    need: Need


def draw_topics(shelves: Shelves, counts: Mapping[str, int], seed: int) -> dict[str, list[Topic]]:
    """Draw the topics of every variant.

    No need and no text is in two of train, dev and test, no conversation has a need of train,
    and the held-out queries use only everyday phrases that the train queries use, so that
    whatever is needed to rewrite them can be learned.

    Args:
        shelves: The products.
        counts: Queries of ``train``, ``dev`` and ``test``, and number of ``conversations``. A
            shop too small for so many different needs has proportionally fewer.
        seed: Decides everything.
    """
    variants = (*HELD_OUT, TRAIN)
    needs = _distinct_needs(shelves, Dice(f"needs/{seed}"), sum(counts[v] for v in variants))
    share = len(needs) / max(1, sum(counts[v] for v in variants))
    held_out = {v: [needs.pop() for _ in range(int(counts[v] * share))] for v in HELD_OUT}
    wording = Wording(Dice(f"{TRAIN}/{seed}"))
    texts: set[str] = set()
    topics = {TRAIN: _word(needs, wording, TRAIN, texts)}
    known = frozenset(wording.used)
    for variant in HELD_OUT:
        wording = Wording(Dice(f"{variant}/{seed}"), known)
        topics[variant] = _word(held_out[variant], wording, variant, texts)
    wording = Wording(Dice(f"{CONVERSATIONS}/{seed}"), known)
    topics[CONVERSATIONS] = _talk(shelves, wording, counts[CONVERSATIONS], frozenset(needs))
    return topics


def _distinct_needs(shelves: Shelves, dice: Dice, count: int) -> list[Need]:
    needs: dict[Need, None] = {}
    fewest = min(FEWEST_RELEVANT, 1 + len(shelves) // 1000)
    for _ in range(_DRAWS * count):
        if len(needs) == count:
            break
        need = shelves.draw(dice, most_asked=4)
        none, one, _ = shelves.levels(need)
        relevant = none.bit_count() + one.bit_count()
        if len(need.attributes) >= 2 and fewest <= relevant <= MOST_RELEVANT:
            needs[need] = None
    return list(needs)


def _word(needs: list[Need], wording: Wording, variant: str, texts: set[str]) -> list[Topic]:
    """Word each need in a text that no other query has."""
    topics = []
    for number, need in enumerate(needs):
        query = wording.request(need)
        while query in texts:
            query = wording.request(need)
        texts.add(query)
        row = {QID: f"{variant}{number}", QUERY: query, QREWRITE: need.phrase}
        topics.append(Topic(row, need))
    return topics


def _talk(shelves: Shelves, wording: Wording, count: int, train: frozenset[Need]) -> list[Topic]:
    topics = []
    number = 0
    for _ in range(_DRAWS * count):
        if number == count:
            break
        turns = converse(shelves, wording)
        if any(turn.need in train for turn in turns):
            continue
        history: list[dict[str, str]] = []
        for position, turn in enumerate(turns, start=1):
            row = {
                QID: f"c{number}_{position}",
                QUERY: turn.query,
                QCONVERSATION: f"c{number}",
                QTURN: position,
                QHISTORY: list(history),
                QREWRITE: turn.need.phrase,
            }
            topics.append(Topic(row, turn.need))
            history += [
                {"role": "user", "content": turn.query},
                {"role": "assistant", "content": turn.answer},
            ]
        number += 1
    return topics
