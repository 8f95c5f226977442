from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite.errors import RewriteError, RewriteWarning
from pyterrier_rewrite.lookup import FromColumn, FromFile
from tests.support.paths import DATA

TOPICS = pd.DataFrame({"qid": ["01", "2", "3"], "query": ["his age?", "sofa", "chair"]})
TSV = "01\t|user|: Bach's age\n2\tcouch\n"
JSONL = '{"_id": "01", "text": "|user|: Bach\'s age"}\n{"qid": 2, "text": "couch"}\n'
NOT_THERE = "skipped: not in rewrites"


def write(path: Path, content: str) -> Path:
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return path


# -- from a file -----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    "content",
    [TSV, f"qid\tquery\n{TSV}", f"\ufeffQID\ttext\r\n\r\n{TSV}", JSONL, f"\n{JSONL}\n"],
)
def test_rewrites_come_from_the_file(tmp_path: Path, content: str, suffix: str) -> None:
    path = write(tmp_path / f"rewrites{suffix}", content)
    out = FromFile(path, prefix="|user|: ")(TOPICS)
    assert out["query"].tolist() == ["Bach's age", "couch", "chair"]
    assert out["query_0"].tolist() == TOPICS["query"].tolist()
    assert out["qstatus"].tolist() == ["ok", "ok", f"{NOT_THERE}{suffix}"]


def test_the_prefix_stays_unless_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "rewrites", TSV)
    assert FromFile(path)(TOPICS)["query"][0] == "|user|: Bach's age"


def test_a_json_field_can_be_chosen(tmp_path: Path) -> None:
    path = write(tmp_path / "rewrites", '{"_id": "2", "text": "no", "edited": "couch"}')
    assert FromFile(path, field="edited")(TOPICS)["query"][1] == "couch"


def test_the_file_is_read_once_at_the_first_query(tmp_path: Path) -> None:
    path = tmp_path / "rewrites"
    rewriter = FromFile(path)
    assert rewriter(TOPICS.head(0)).empty
    write(path, TSV)
    assert rewriter(TOPICS)["query"][1] == "couch"
    path.unlink()
    assert rewriter(TOPICS)["query"][1] == "couch"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "01\ta\n2 b\n",
            r"rewrites, line 2: expected 2 columns \(qid, text\) .*, found 1; correct",
        ),
        ("01\ta\tb\n", r"line 1: expected 2 columns .*, found 3"),
        ("01\ta\n01\tb\n", r"line 2: the id '01' occurs a second time"),
        ("01\ta\nqid\ttext\tx\n", r"line 2: expected 2 columns"),
        (" \ta\n\tb\n", r"line 1: the id 'qid' is blank"),
        ('{"_id": "01"}\n', r"line 1: expected 'text' as a text, found none; add it"),
        ('{"_id": "01", "text": "a"}\n{"text": "b"}\n', r"line 2: expected '_id' as a text"),
        ('{"_id": "01", "text": "a"}\nb\n', r"line 2: not valid JSON"),
        ("", r"rewrites: the file is empty"),
    ],
)
def test_malformed_files_raise_with_the_line(tmp_path: Path, content: str, message: str) -> None:
    rewriter = FromFile(write(tmp_path / "rewrites", content))
    with pytest.raises(ValueError, match=message):
        rewriter(TOPICS)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("query_toks", '"a"', "as terms with numbers, found 'a'; write"),
        ("query_toks", "[1]", r"as terms with numbers, found \[1\]; write"),
        ("query_toks", '{"a": "b"}', "as terms with numbers, found {'a': 'b'}; write"),
        ("query_toks", '{"a": null}', "as terms with numbers, found {'a': None}; write"),
        ("query_toks", '{"a": NaN}', "as terms with numbers, found {'a': nan}; write"),
        ("qweight", '"abc"', "as a positive number, found 'abc'; correct it"),
        ("qweight", "[1]", r"as a positive number, found \[1\]; correct it"),
        ("qweight", "NaN", "as a positive number, found nan; correct it"),
        ("qweight", "0", "as a positive number, found 0; correct it"),
        ("qweight", "-0.5", "as a positive number, found -0.5; correct it"),
        ("qgroup", '["01"]', r"as a text, found \['01'\]"),
    ],
)
def test_malformed_columns_of_a_run_are_named(
    tmp_path: Path, column: str, value: str, words: str
) -> None:
    fine = '{"qid": "2", "text": "couch", "qweight": null, "query_toks": null, "qgroup": null}'
    path = write(tmp_path / "r", f'{fine}\n{{"qid": "01", "text": "x", "{column}": {value}}}')
    with pytest.raises(ValueError, match=f"r, line 2: expected '{column}' {words}"):
        FromFile(path)(TOPICS)


def test_a_missing_file_raises(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"rewrites: no such file; check the path"):
        FromFile(tmp_path / "rewrites")(TOPICS)


def test_empty_rewrites_are_failures(tmp_path: Path) -> None:
    path = write(tmp_path / "rewrites", "01\t|user|: \n2\tcouch\n")
    with pytest.warns(RewriteWarning, match="1 of 3 queries failed"):
        out = FromFile(path, prefix="|user|: ")(TOPICS)
    assert out["query"].tolist() == ["his age?", "couch", "chair"]
    with pytest.raises(RewriteError, match="the rewrite is empty"):
        FromFile(path, prefix="|user|: ", on_error="raise")(TOPICS)


def test_rewriters_from_files_compare_by_path_prefix_and_field(tmp_path: Path) -> None:
    path = str(write(tmp_path / "rewrites", TSV))
    rewriter = FromFile(path, prefix="|user|: ")
    assert rewriter == FromFile(path, prefix="|user|: ", on_error="raise")
    assert hash(rewriter) == hash(FromFile(path, prefix="|user|: "))
    assert rewriter != FromFile(path)
    assert rewriter != FromFile(f"{path}2", prefix="|user|: ")
    assert rewriter != FromFile(path, prefix="|user|: ", field="query")
    assert repr(rewriter) == f"FromFile({path!r}, prefix='|user|: ')"
    copy = pickle.loads(pickle.dumps(rewriter))
    assert copy == rewriter
    assert copy(TOPICS)["query"][1] == "couch"


def test_real_rewrites_cover_the_real_turns() -> None:
    from pyterrier_rewrite.experiments.collections import Beir

    rewrites = DATA / "mtrag-llm-rewrites" / "clapnq_informative_rewrite.jsonl"
    if not rewrites.exists():
        pytest.skip("the rewrites are not there")
    out = FromFile(rewrites, prefix="|user|: ")(Beir(DATA / "mtrag-clapnq").get_topics())
    said = out["qstatus"].value_counts().to_dict()
    assert said == {"ok": 180, "skipped: unchanged": 28}
    assert not out["query"].str.contains("|user|", regex=False).any()
    assert (out["query"] != out["query_0"]).sum() == 180


# -- from a column ---------------------------------------------------------------------------


def test_rewrites_come_from_the_column() -> None:
    out = FromColumn()(TOPICS.assign(qrewrite=["Bach's age", None, "wooden chair"]))
    assert out["query"].tolist() == ["Bach's age", "sofa", "wooden chair"]
    assert out["query_0"].tolist() == TOPICS["query"].tolist()
    assert out["qstatus"].tolist() == ["ok", "skipped: no qrewrite", "ok"]


@pytest.mark.parametrize("value", [None, np.nan, pd.NA, pd.NaT, "", " \n"])
def test_an_empty_column_keeps_the_query(value: object) -> None:
    out = FromColumn("qgold")(TOPICS.head(1).assign(qgold=pd.Series([value], dtype=object)))
    assert out["query"].tolist() == ["his age?"]
    assert out["qstatus"].tolist() == ["skipped: no qgold"]


@pytest.mark.parametrize("value", [3, ["a"], {"a": 1}, np.array([1.0, 2.0])])
def test_a_column_of_something_else_is_a_failure(value: object) -> None:
    column = pd.Series([None], dtype=object)
    column[0] = value
    with pytest.warns(RewriteWarning, match="qrewrite holds a "):
        out = FromColumn()(TOPICS.head(1).assign(qrewrite=column))
    assert out["query"].tolist() == ["his age?"]


@pytest.mark.parametrize("rows", [0, 3])
def test_a_missing_column_is_a_validation_error(rows: int) -> None:
    with pytest.raises(pt.validate.InputValidationError, match="qgold"):
        FromColumn("qgold")(TOPICS.head(rows))


def test_inspection_knows_the_column() -> None:
    rewriter = FromColumn("qgold")
    assert sorted(pt.inspect.transformer_inputs(rewriter)[0]) == ["qgold", "qid", "query"]
    outputs = pt.inspect.transformer_outputs(rewriter, ["qid", "query", "qgold"])
    assert {"qgold", "query_0", "qstatus"} <= set(outputs)
    assert repr(rewriter) == "FromColumn('qgold')" or repr(rewriter).endswith("column='qgold')")
    assert rewriter == pickle.loads(pickle.dumps(rewriter))
    assert rewriter != FromColumn()


def test_the_rewriters_keep_the_contract(tmp_path: Path) -> None:
    testing = pytest.importorskip("pyterrier_rewrite.testing")
    path = write(tmp_path / "rewrites", TSV)
    testing.check_rewriter(FromFile(path), TOPICS)
    testing.check_rewriter(FromColumn(), TOPICS.assign(qrewrite="couch"))


def test_what_a_run_wrote_is_taken_whole(tmp_path: Path) -> None:
    from pyterrier_rewrite import FakeLLM, MultiQuery
    from pyterrier_rewrite.experiments.run.files import rewrites_jsonl

    topics = pd.DataFrame({"qid": ["1", "2"], "query": ["red sofa", "bees"]})
    several = MultiQuery(FakeLLM("1. couch\n2. settee"), include_original=True)(topics)
    path = write(tmp_path / "MultiQuery.jsonl", rewrites_jsonl(several, {"multi-query/plain": 1}))
    again = FromFile(path)(topics)
    columns = ["qid", "query", "qgroup", "qgroup_query", "qweight", "query_0"]
    pd.testing.assert_frame_equal(again[columns], several[columns])

    toks = [{"red": 0.6, "couch": 0.4}, {"bees": 1.0}]
    weighted = topics.assign(query_0=topics["query"], query_toks=toks, qstatus="ok")
    path = write(tmp_path / "RM3.jsonl", rewrites_jsonl(weighted, {}))
    again = FromFile(path)(topics.assign(query_toks=[{"stale": 1.0}] * 2))
    assert again["query_toks"].tolist() == toks
    assert again["qstatus"].tolist() == ["ok", "ok"]
