"""The contract of a rewriter, as a function."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyterrier as pt

from ..base import Rewriter
from ..columns import (
    DOCNO,
    OK,
    QGEN,
    QGROUP,
    QGROUP_QUERY,
    QID,
    QSTATUS,
    QUERY,
    QUERY_0,
    QUERY_FORMS,
    QUERY_TOKS,
    QUERY_VEC,
    QUSAGE,
    QWEIGHT,
    USAGE_KEYS,
)
from ..errors import RewriteWarning
from ..llm import FakeLLM
from ..prompting.formulation import Keep
from ..rankings.groups import query_frame
from ..text.safe import MAX_QUERY_CHARS, safe_text
from ..value import same
from .arguments import check_arguments
from .samples import hostile_queries, sample_results, sample_topics


def check_rewriter(rewriter: Rewriter, frame: pd.DataFrame | None = None) -> None:
    """Assert that a rewriter keeps the contract, so that it composes with any pipeline.

    Args:
        rewriter: The rewriter; one with a model is best given a
            :class:`~pyterrier_rewrite.FakeLLM`.
        frame: Queries, or results with texts for a rewriter that uses feedback documents; by
            default a small frame of the right kind, with a text in each column that the rewriter
            needs. It should not be empty.

    Raises:
        AssertionError: If the contract is broken; the text says where.
    """
    if frame is None:
        frame = sample_topics()
        if rewriter.fb_docs > 0 and rewriter.feedback is None:
            frame = sample_results()
        frame = frame.assign(**dict.fromkeys(rewriter.needs, "about " + frame[QUERY]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RewriteWarning)
        check_arguments(rewriter, frame)
        out = rewriter(frame)
        _check_rows(rewriter, frame, out)
        _check_cells(rewriter, out)
        _check_changes(rewriter, out)
        _check_again(rewriter, frame, out)
        _check_ids(rewriter, frame)
        _check_shapes(rewriter, frame, out)
        _check_chain(rewriter, frame, out)
        _check_values(rewriter, frame, out)
        _check_hostile(rewriter, frame)
    _check_inspection(rewriter, frame, out)


def _queries(frame: pd.DataFrame) -> pd.DataFrame:
    return query_frame(frame) if DOCNO in frame.columns else frame


def _check_rows(rewriter: Rewriter, frame: pd.DataFrame, out: pd.DataFrame) -> None:
    expected_columns = [QUERY_0, QGEN, QSTATUS, QUSAGE] + ([QGROUP] if rewriter.several else [])
    missing = [column for column in expected_columns if column not in out.columns]
    assert not missing, f"the output lacks the columns {missing}"
    assert not all(status.startswith("failed") for status in out[QSTATUS]), (
        f"no query could be rewritten: {out[QSTATUS].iloc[0]}"
    )
    queries = _queries(frame)
    origin = out[QGROUP] if rewriter.several else out[QID]
    assert list(dict.fromkeys(origin)) == list(queries[QID]), (
        f"a query was lost, added or moved: in {list(queries[QID])}, out {list(origin)}"
    )
    lost = [c for c in queries.columns if c not in out.columns and c not in QUERY_FORMS]
    assert not lost, f"input columns were lost: {lost}"
    stale = [c for c in QUERY_FORMS if c in out.columns and c not in rewriter.writes]
    assert not stale, f"stale query forms were kept: {stale}; the engine would prefer them"
    assert list(out.index) == list(range(len(out))), "the index should be 0, 1, 2, …"
    before = dict(zip(queries[QID], queries[QUERY], strict=True))
    assert [before[q] for q in origin] == list(out[QUERY_0]), "query_0 is not the query before"
    if rewriter.several:
        expected: dict[str, int] = {}
        for qid, group in zip(out[QID], out[QGROUP], strict=True):
            expected[group] = expected.get(group, 0) + 1
            assert qid == f"{group}~{expected[group]}", f"{qid!r} should be {group}~<number>"
        assert QGROUP_QUERY in out.columns, "qgroup_query is missing"
        assert (out[QWEIGHT] > 0).all(), "weights should be positive"


def _check_changes(rewriter: Rewriter, out: pd.DataFrame) -> None:
    """Whether ``ok`` means that something changed, and anything else that nothing did."""
    changed: dict[str, bool] = {}
    origin = out[QGROUP] if rewriter.several else out[QID]
    for group, row in zip(origin, out.to_dict("records"), strict=True):
        first = group not in changed
        same_text = row[QUERY] == safe_text(row[QUERY_0])
        if row[QSTATUS] == OK:
            changed[group] = changed.get(group, False) or _is_changed(rewriter, row)
        else:
            changed[group] = True
            assert same_text, f"query {row[QID]!r} is {row[QSTATUS]!r}, but its text was changed"
        if first and rewriter.several and rewriter.include_original:
            assert same_text, f"include_original should keep the original of query {group!r} first"
    untold = [group for group, its in changed.items() if not its]
    assert not untold, f"the queries {untold} are as before, and qstatus does not say why"


def _is_changed(rewriter: Rewriter, row: Mapping[str, Any]) -> bool:
    """Say whether text, a form or a column is new, or why a model's answer could change nothing.

    It was the query's own words, or had no term for a rewriter that writes terms.
    """
    query = safe_text(row[QUERY_0])
    if row[QUERY] != query or rewriter.adds:
        return True
    if QUERY_TOKS in rewriter.writes and row[QUERY_TOKS] != rewriter.original_terms(query):
        return True
    if QUERY_VEC in rewriter.writes:
        return not same(row[QUERY_VEC], rewriter.original_vector(query))
    kept = isinstance(getattr(rewriter, "formulation", None), Keep)  # what it is for is in qgen
    if kept or any(query in safe_text(text) for text in row[QGEN]):
        return True
    if QUERY_TOKS not in rewriter.writes or not row[QGEN]:
        return False
    read = getattr(rewriter, "parser", lambda text: [text])
    said = [part for text in row[QGEN] for part in read(text)]
    return not any(rewriter.analyzer.terms(part) for part in said)


def _check_again(rewriter: Rewriter, frame: pd.DataFrame, out: pd.DataFrame) -> None:
    differ = _differing(rewriter, rewriter(frame), out)
    assert not differ, (
        f"a second call gives another {differ}; where it may, the property repeatable is False"
    )


def _differing(rewriter: Rewriter, other: pd.DataFrame, out: pd.DataFrame) -> list[str]:
    """Return the columns in which two outputs differ that should not."""
    if not rewriter.repeatable or _takes_turns(rewriter):
        return []
    return [
        column
        for column in out.columns.difference([QUSAGE])  # which holds seconds
        if len(other) != len(out) or not all(map(_alike, other[column], out[column]))
    ]


def _alike(one: object, other: object) -> bool:
    """Say whether two cells are the same; encoders round by the size of their batch."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and np.allclose(one, other, rtol=1e-3, atol=1e-5)
    return same(one, other)


def _takes_turns(rewriter: Rewriter) -> bool:
    """Say whether a rewriter's model is a script that goes on from call to call."""
    return any(isinstance(reply, list | tuple) for reply in _scripts(rewriter))


def _scripts(value: object) -> Iterator[object]:
    """Yield what the fake models in a rewriter answer."""
    if isinstance(value, FakeLLM):
        yield value.reply
    elif isinstance(value, pt.Transformer):
        yield from _scripts(list(vars(value).values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _scripts(each)


def _check_ids(rewriter: Rewriter, frame: pd.DataFrame) -> None:
    numbers, _ = pd.factorize(frame[QID])
    out = rewriter(frame.assign(**{QID: numbers}))
    origin = out[QGROUP] if rewriter.several else out[QID]
    assert list(dict.fromkeys(origin)) == list(dict.fromkeys(numbers)), (
        f"query ids that are numbers should stay numbers, found {list(origin)}"
    )
    if DOCNO in frame.columns:
        return
    try:
        out = rewriter(frame.assign(**{QID: frame[QID].iloc[0]}))
    except ValueError:
        return
    assert list(out[QUERY_0]) == list(frame[QUERY]), (
        "rows with one qid should stay as they are and apart, or be a ValueError"
    )


def _check_cells(rewriter: Rewriter, out: pd.DataFrame) -> None:
    for row in out.to_dict("records"):
        where = f"of query {row[QID]!r}"
        assert row[QUERY], f"the new text {where} is empty"
        assert row[QUERY] == safe_text(row[QUERY]), f"the new text {where} is not safe"
        assert len(row[QUERY]) <= MAX_QUERY_CHARS, f"the new text {where} is too long"
        assert isinstance(row[QGEN], list), f"qgen {where} should be a list"
        status = row[QSTATUS]
        assert status == "ok" or status.startswith(("skipped: ", "failed: ")), f"qstatus: {status}"
        assert isinstance(row[QUSAGE], Mapping), f"qusage {where} should be a mapping"
        assert tuple(row[QUSAGE]) == USAGE_KEYS, f"qusage {where} has the keys {list(row[QUSAGE])}"
        if QUERY_TOKS in rewriter.writes:
            _check_terms(rewriter, row[QUERY_TOKS], where)


def _check_terms(rewriter: Rewriter, terms: Any, where: str) -> None:
    assert isinstance(terms, dict), f"query_toks {where} should be a dict"
    assert terms, f"query_toks {where} is empty"
    assert all(weight > 0 for weight in terms.values()), f"query_toks {where}: weights above 0"
    assert all(term == term.lower() for term in terms), f"query_toks {where}: lower-cased terms"
    stems = [rewriter.analyzer.stem(term) for term in terms]
    assert len(set(stems)) == len(stems), f"query_toks {where} holds two forms of one stem"


def _check_shapes(rewriter: Rewriter, frame: pd.DataFrame, out: pd.DataFrame) -> None:
    first = frame[QID].iloc[0]
    for rows in (frame.iloc[:0], frame[frame[QID] == first]):
        some = rewriter(rows)
        assert list(some.columns) == list(out.columns), (
            f"{len(rows)} rows give {list(some.columns)}, all rows {list(out.columns)}"
        )
    origin = out[QGROUP] if rewriter.several else out[QID]
    differ = _differing(rewriter, some, out[origin == first])
    assert not differ, f"query {first!r} has another {differ} alone than among others"
    odd = frame.set_axis(range(7, 7 + len(frame)))
    assert list(rewriter(odd)[QID]) == list(out[QID]), "the frame's index should not matter"


def _check_chain(rewriter: Rewriter, frame: pd.DataFrame, out: pd.DataFrame) -> None:
    stale = {QUERY_TOKS: {"stale": 1.0}, QUERY_VEC: [0.0]}
    loaded = frame.assign(**{c: [value] * len(frame) for c, value in stale.items()})
    kept = copy.deepcopy(loaded)
    again = rewriter(loaded)
    assert loaded.equals(kept), "the input frame was changed"
    for column in QUERY_FORMS:
        if column not in rewriter.writes:
            assert column not in again.columns, f"the stale {column} was kept"
    if rewriter.fb_docs > 0 and rewriter.feedback is None:
        return
    twice = rewriter(out)
    made = twice[QID].str.rpartition("~")[0] if rewriter.several else twice[QID]
    for now, before in ((QUERY_0, QUERY), ("query_1", QUERY_0)):
        expected = made.map(dict(zip(out[QID], out[before], strict=True)))
        assert now in twice.columns, f"after a second rewriter {now} is missing"
        assert list(twice[now]) == list(expected), (
            f"{now} is not the {before} of the rewriter before"
        )
    spent = sum(usage["requests"] for usage in out[QUSAGE])
    in_all = sum(usage["requests"] for usage in twice[QUSAGE])
    assert in_all >= spent, "qusage should sum over a chain of rewriters"
    if rewriter.several:
        assert set(twice[QGROUP]) == set(out[QGROUP]), "qgroup should stay the outermost query id"


def _check_values(rewriter: Rewriter, frame: pd.DataFrame, out: pd.DataFrame) -> None:
    shared = rewriter.apply_attributes()
    assert repr(shared) == repr(rewriter), f"unstable repr: {shared!r} and {rewriter!r}"
    assert hash(shared) == hash(rewriter), "a copy should have the same hash"
    assert rewriter == rewriter, "a rewriter should equal itself"
    if rewriter.repeatable:
        assert shared == rewriter, "a rewriter built from the same arguments should be equal"
    try:
        kept = pickle.dumps(rewriter)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        if any(map(callable, _scripts(rewriter))):
            return  # the test's own function
        raise AssertionError(f"the rewriter cannot be pickled: {error}") from error
    pickled = pickle.loads(kept)(frame)
    assert list(pickled.columns) == list(out.columns), "pickling changed the output"
    assert not _differing(rewriter, pickled, out), "pickling changed the output"


def _check_hostile(rewriter: Rewriter, frame: pd.DataFrame) -> None:
    queries = hostile_queries()
    hostile = queries
    if DOCNO in frame.columns:
        documents = frame[frame[QID] == frame[QID].iloc[0]]
        documents = documents[[c for c in documents.columns if not c.startswith("q")]]
        hostile = queries.merge(documents, how="cross")
    for extra in _queries(frame).columns.difference(hostile.columns):
        hostile[extra] = [_queries(frame)[extra].iloc[0]] * len(hostile)
    out = rewriter(hostile)
    blank = [not safe_text(text) for text in out[QUERY_0]]
    _check_cells(rewriter, out[[not b for b in blank]])
    assert set(out.loc[blank, QSTATUS]) == {"skipped: empty query"}, "blank queries are skipped"
    origin = out[QGROUP] if rewriter.several else out[QID]
    assert set(origin) == set(queries[QID]), "a hostile query was lost"
    for nothing in (None, float("nan"), 7):
        broken = frame.assign(**{QUERY: pd.Series([nothing] * len(frame), dtype=object).values})
        _raises(TypeError, rewriter, broken, "a query that is not a text should be a TypeError")


def _check_inspection(rewriter: Rewriter, frame: pd.DataFrame, out: pd.DataFrame) -> None:
    expected = pt.inspect.transformer_outputs(rewriter, list(frame.columns))
    assert expected == list(out.columns), f"pt.inspect tells {expected}, real: {list(out.columns)}"
    inputs = pt.inspect.transformer_inputs(rewriter)
    assert any({QID, QUERY} <= set(mode) for mode in inputs), f"pt.inspect tells inputs {inputs}"
    _raises(
        pt.validate.InputValidationError,
        rewriter,
        frame.drop(columns=[QUERY]),
        "a missing query column should be an InputValidationError",
    )
    schematic = rewriter.schematic
    assert len(schematic["label"]) <= 20, f"label {schematic['label']!r} is over 20 characters"
    assert schematic.get("help_url"), "without a help_url PyTerrier asks the network for one"
    if rewriter.feedback is None:  # other people's transformers may ask the network
        pt.schematic.draw(rewriter)


def _raises(
    kind: type[BaseException], rewriter: Rewriter, frame: pd.DataFrame, message: str
) -> None:
    try:
        rewriter(frame)
    except kind:
        return
    raise AssertionError(message)
