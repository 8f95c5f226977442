"""Every rewriter against generated frames and hostile answers: nothing may leak, fall or be lost.

``--hypothesis-profile search`` looks for longer, and elsewhere every time.
"""

from __future__ import annotations

import string
import warnings
from collections.abc import Iterator
from itertools import count
from typing import Any

import pandas as pd
import pyterrier as pt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyterrier_rewrite import Rewriter, RewriteWarning
from pyterrier_rewrite.columns import (
    DOCNO,
    OK,
    QGROUP,
    QHISTORY,
    QID,
    QSTATUS,
    QUERY,
    QUERY_0,
    QUERY_TOKS,
    TEXT,
)
from pyterrier_rewrite.testing import FakeLLM
from pyterrier_rewrite.text.safe import MAX_QUERY_CHARS, safe_text
from tests.house.test_contract import REWRITERS

FAILURE = "zzexploded"
"""Stands in every failure of the model, and must stand in no query."""

ERRORS = [
    "Error: 500 Internal Server Error",
    "Internal Server Error",
    "Error code: 429 - {'error': {'message': 'Rate limit reached', 'type': 'requests'}}",
    '{"error": {"message": "The model is overloaded.", "type": "server_error", "code": 503}}',
    '{"detail": "Not Found"}',
    "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>",
    'Traceback (most recent call last):\n  File "server.py", line 3, in main\nRuntimeError: CUDA',
    "I'm sorry, but I can't help with that request.",
    "As an AI language model, I cannot access the documents.",
    "Could you please provide the query that you would like me to rewrite?",
]
"""Whole answers that are none."""

AROUND = [
    ("Sure! Here is the rewritten query:\n", ""),
    ("", "\n\nLet me know if you would like me to change anything!"),
    ("Certainly! I'd be happy to help.\n\n", "\n\nI hope this helps!"),
    ("<think>The user wants a couch.</think>", ""),
    ("", "<|im_end|>\n<|im_start|>user\nthank you"),
    ("```\n", "\n```"),
    ("**Rewritten query:** ", ""),
]
"""What models put around an answer."""

META = [
    *["internal server error", "rate limit reached", "model is overloaded", "bad gateway"],
    *["traceback", "i'm sorry", "ai language model", "could you please"],
    *["here is the rewritten", "let me know if", "happy to help", "hope this helps"],
    *["the user wants", "im_start", "im_end", "<think", "```", "rewritten query", FAILURE],
]
"""What would stand in a query if one of them got through."""

_LETTERS = string.ascii_lowercase + " "
_NASTY = (
    "\x00\x07\x1b\x85\ud800\udfff\u200b\u200d\u2028\u202e\ufeff\uffff{}%$:^#*|<>[]\"'`\\/\n\r\t 沙é"
)
anything = st.text() | st.text(alphabet=_NASTY + string.ascii_letters, max_size=60)
plain = st.text(alphabet=_LETTERS, min_size=3, max_size=40)
payloads = st.one_of(
    plain,
    anything,
    st.lists(plain, min_size=1, max_size=4).map(lambda its: "\n".join(f"- {it}" for it in its)),
    st.lists(plain, min_size=1, max_size=4).map(lambda its: f'{{"queries": {its!r}}}'),
    st.lists(plain, min_size=1, max_size=4).map(", ".join),
    st.sampled_from(
        ["", " ", "None", "null", "{}", "[]", '{"queries": [', "(" * 3000, "a " * 9000]
    ),
)
wrapped = st.builds(
    lambda around, text: around[0] + text + around[1], st.sampled_from(AROUND), payloads
)
replies = st.lists(st.none() | st.sampled_from(ERRORS) | payloads | wrapped, min_size=1, max_size=6)
"""What the model answers, in turn; None is a failure."""

texts = anything | plain | st.sampled_from(["", "x" * 20_000, "word " * 5_000])
turns = st.lists(
    st.builds(
        lambda role, text: {"role": role, "content": text},
        st.sampled_from(["user", "assistant"]),
        texts,
    ),
    max_size=3,
)


@st.composite
def frames(draw: st.DrawFn, rewriter: Rewriter) -> pd.DataFrame:
    """Draw a frame that a rewriter takes: queries, or results with texts."""
    qids = draw(
        st.lists(st.integers(0, 99), max_size=5, unique=True)
        | st.lists(st.text(alphabet=_LETTERS + "~1", min_size=1), max_size=5, unique=True)
    )
    columns: dict[str, Any] = {
        QID: qids,
        QUERY: [draw(texts) for _ in qids],
        "split": ["test"] * len(qids),
    }
    columns |= {name: [draw(texts) for _ in qids] for name in rewriter.needs}
    if draw(st.booleans()):
        columns[QHISTORY] = [draw(turns) for _ in qids]
    queries = pd.DataFrame(
        {name: pd.Series(cells, dtype=object) for name, cells in columns.items()}
    )
    if rewriter.fb_docs <= 0 or rewriter.feedback is not None:
        return queries
    documents = pd.DataFrame({TEXT: pd.Series([draw(texts), draw(texts)], dtype=object)})
    documents = documents.assign(**{DOCNO: ["d0", "d1"], "score": [2.0, 1.0], "rank": [0, 1]})
    return queries.merge(documents, how="cross")


def fakes(value: object) -> Iterator[FakeLLM]:
    """Find the models inside a rewriter."""
    if isinstance(value, FakeLLM):
        yield value
    elif isinstance(value, pt.Transformer):
        yield from fakes(list(vars(value).values()))
    elif isinstance(value, list | tuple):
        for its in value:
            yield from fakes(its)


def answering(script: list[str | None]) -> Any:
    """Return what a model does that answers in turn, and fails now and then."""
    turn = count()

    def reply(prompt: Any, sample: int) -> str:
        its = script[next(turn) % len(script)]
        if its is None:
            raise RuntimeError(f"{FAILURE}\n\x00 status 500")
        return its

    return reply


def told(frame: pd.DataFrame) -> str:
    """Return all that a frame says itself: a query may say it, too."""
    cells = [str(cell) for column in frame.columns for cell in frame[column]]
    return " ".join(cells).casefold()


@pytest.mark.parametrize("name", REWRITERS)
@given(data=st.data())
def test_whatever_a_model_answers(name, data):
    rewriter = REWRITERS[name]()
    frame = data.draw(frames(rewriter), label="frame")
    script = data.draw(replies, label="replies")
    for model in fakes(rewriter):
        model.reply = answering(script)
    before = frame.copy(deep=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (RewriteWarning, UserWarning))
        out = rewriter(frame)

    pd.testing.assert_frame_equal(frame, before)
    queries = frame.drop_duplicates(QID)
    origin = out[QGROUP] if rewriter.several else out[QID]
    assert list(dict.fromkeys(origin)) == list(queries[QID]), "every query once, in order"
    if not rewriter.several:
        assert len(out) == len(queries)
    originals = dict(zip(queries[QID], queries[QUERY], strict=True))
    said = told(frame)
    for group, row in zip(origin, out.to_dict("records"), strict=True):
        query, status = row[QUERY], row[QSTATUS]
        original = safe_text(originals[group])
        assert query == safe_text(query)
        assert len(query) <= MAX_QUERY_CHARS
        assert query or not original
        assert row[QUERY_0] == originals[group]
        assert status == OK or status.startswith(("skipped: ", "failed: "))
        assert status.isprintable()
        assert status == OK or query == original
        shown = " ".join([query, *(row.get(QUERY_TOKS) or ())]).casefold()
        leaked = [text for text in META if text in shown and text not in said]
        assert not leaked, f"{leaked} in {query[:300]!r}"


cells = st.sampled_from([None, float("nan"), 7, b"sofa", ["sofa"], "sofa", "", {}])


@pytest.mark.parametrize("name", ["Query2Doc", "MultiQuery", "LameR", "LameR feedback", "BestOf"])
@given(data=st.data())
def test_whatever_a_frame_holds(name, data):
    rewriter = REWRITERS[name]()
    rows = data.draw(st.integers(0, 4))
    names = data.draw(
        st.lists(
            st.sampled_from([QID, QUERY, DOCNO, TEXT, QHISTORY, "score", "rank", 3]), max_size=6
        )
    )
    filled = [
        data.draw(st.lists(cells, min_size=rows, max_size=rows)) for _ in [QID, QUERY, *names]
    ]
    frame = pd.concat(
        [pd.Series(its, dtype=object) for its in filled], axis=1, keys=[QID, QUERY, *names]
    )
    if data.draw(st.booleans()):
        frame = frame.iloc[:, data.draw(st.integers(1, 2)) :]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RewriteWarning)
        try:
            out = rewriter(frame)
        except (pt.validate.InputValidationError, TypeError, ValueError):
            return
    origin = out[QGROUP] if rewriter.several else out[QID]
    assert list(dict.fromkeys(map(str, origin))) == list(dict.fromkeys(map(str, frame[QID])))
