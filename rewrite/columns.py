"""The column vocabulary: one place that says which columns exist and what they hold.

Columns that belong to a query start with ``q``, because PyTerrier keeps those, and only
those, when a stage turns queries into results or back.
"""

from __future__ import annotations

from typing import Final

QID: Final = "qid"
"""Query id, ``str``. A query made from another has ``<qid>~1``, ``<qid>~2``, …"""

QUERY: Final = "query"
"""Query text, ``str``. Earlier texts are pushed to ``query_0`` (the last), ``query_1``, …"""

QUERY_0: Final = "query_0"
"""The text before the last rewriter, ``str``."""

QUERY_TOKS: Final = "query_toks"
"""Weighted query terms, ``dict[str, float]``: surface terms, one key a stem, positive weights."""

QUERY_VEC: Final = "query_vec"
"""Dense query vector, one-dimensional ``numpy.ndarray`` of floats."""

QHISTORY: Final = "qhistory"
"""Conversation before this turn, ``list`` of ``{"role", "content"}``, oldest first."""

QCONVERSATION: Final = "qconversation"
"""Id of the conversation that a turn belongs to, ``str``."""

QTURN: Final = "qturn"
"""Number of the turn within its conversation, ``int``."""

QFEEDBACK: Final = "qfeedback"
"""What was asked back and answered about this very query, in the form of ``qhistory``."""

QPTKB: Final = "qptkb"
"""What is known of the person who asks, ``list[str]``: one statement an entry."""

QUSER: Final = "quser"
"""Id of the person who asks, ``str``."""

QREWRITE: Final = "qrewrite"
"""Reference rewrite of the query, ``str``, where a collection brings one."""

QGROUP: Final = "qgroup"
"""Original query id of a query that was split into several; the outermost when nested."""

QGROUP_QUERY: Final = "qgroup_query"
"""Text of the query that was split, which fusion puts back."""

QWEIGHT: Final = "qweight"
"""Weight of a query within its group, positive ``float``."""

QCAND: Final = "qcand"
"""Names a candidate: one row, or several rows where a candidate is several queries."""

QDATE: Final = "qdate"
"""When a query was asked, a date or a text that holds one."""

QDESCRIPTION: Final = "qdescription"
"""Description of the need behind a query, ``str``."""

QANSWERS: Final = "qanswers"
"""Reference answers of a query, ``list[str]``."""

QNEED: Final = "qneed"
"""What a simulated person wants, ``str``."""

QTIME: Final = "qtime"
"""When a turn was asked, by which what is remembered grows old."""

QGEN: Final = "qgen"
"""Raw generations of the last rewriter, ``list[str]``."""

QSTATUS: Final = "qstatus"
"""What the last rewriter did: ``ok``, ``skipped: <reason>`` or ``failed: <reason>``."""

QUSAGE: Final = "qusage"
"""Cost of all rewriters so far: a ``dict`` with the keys of :data:`USAGE_KEYS`."""

USAGE_KEYS: Final = ("requests", "cached", "prompt_tokens", "completion_tokens", "seconds")
"""Requests made, requests answered from a cache, tokens in, tokens out, seconds spent."""

QUERY_FORMS: Final = (QUERY_TOKS, QUERY_VEC)
"""The forms of a query, beside its text, that an engine prefers over the text."""

DOCNO: Final = "docno"
TEXT: Final = "text"
"""Document id and document text, as everywhere in PyTerrier."""

DESCRIPTION: Final = "description"
"""What a catalogue calls a document's text, ``str``; it is the text of a document that has none."""

SCORE: Final = "score"
RANK: Final = "rank"
"""Score of a document and its place from 0, as everywhere in PyTerrier."""

LABEL: Final = "label"
"""Judgement of a document for a query, ``int``: 0 is not relevant."""

OK: Final = "ok"

_LONGEST_REASON: Final = 1000
"""Characters of a reason in ``qstatus``."""


def skipped(reason: str) -> str:
    """Return the ``qstatus`` of a query that was left alone on purpose."""
    return f"skipped: {_one_line(reason)}"


def failed(reason: str) -> str:
    """Return the ``qstatus`` of a query that could not be rewritten."""
    return f"failed: {_one_line(reason)}"


def _one_line(reason: str) -> str:
    """Return a reason as a table can show it: models and servers send all kinds of characters."""
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[:_LONGEST_REASON]}…"
    if reason.isprintable():
        return reason
    return " ".join("".join([c if c.isprintable() else " " for c in reason]).split())
