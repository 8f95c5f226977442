from __future__ import annotations

import gzip
import json
import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import ir_datasets
import pandas as pd
import pyterrier as pt
import pytest
from ir_datasets.formats import JsonlQueries, TrecQrels, TrecQueries, TsvDocs, TsvQueries
from ir_datasets.util import LocalDownload

from pyterrier_rewrite.experiments.collections import (
    Beir,
    Collection,
    CollectionError,
    CollectionWarning,
    Frames,
    Irds,
    Trec,
    load_collection,
)
from pyterrier_rewrite.pipelines.engines.documents import document_text
from tests.support.paths import DATA

CORPUS = [
    {
        "_id": "d1",
        "title": "Couch",
        "text": "a soft couch",
        "metadata": {"brand": "O", "text": 1},
    },
    {"_id": 2, "title": None, "text": ""},
    {"_id": "03", "text": "a wooden chair", "metadata": None},
]
QUERIES = [
    {"_id": "01", "text": "sofa", "metadata": {}},
    {"_id": "q2", "text": "chair", "metadata": {}},
    {"_id": "q3", "text": "unjudged", "metadata": {}},
]
HEADER = "query-id\tcorpus-id\tscore\n"


def jsonl(records: list[Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(jsonl(CORPUS))
    (folder / "queries.jsonl").write_text(jsonl(QUERIES))
    (folder / "qrels" / "test.tsv").write_text(f"{HEADER}01\td1\t3\nq2\t03\t0\nq2\tgone\t1\n")
    return folder


def docs(collection: Collection) -> list[dict[str, Any]]:
    return list(collection.get_corpus_iter(verbose=False))


# -- BEIR folders --------------------------------------------------------------------------


def test_beir_documents_flatten_metadata_where_it_does_not_collide(folder: Path) -> None:
    assert docs(Beir(folder)) == [
        {"brand": "O", "text": "a soft couch", "docno": "d1", "title": "Couch"},
        {"docno": "2", "title": "", "text": ""},
        {"docno": "03", "title": "", "text": "a wooden chair"},
    ]


def test_beir_topics_are_the_judged_ones_in_file_order(folder: Path) -> None:
    shop = Beir(folder)
    assert shop.get_topics().to_dict("list") == {"qid": ["01", "q2"], "query": ["sofa", "chair"]}
    everything = Beir(folder, all_queries=True).get_topics()
    assert everything["qid"].tolist() == ["01", "q2", "q3"]


def test_beir_judgements_keep_grades_and_documents_outside_the_corpus(folder: Path) -> None:
    qrels = Beir(folder).get_qrels()
    assert qrels.to_dict("list") == {
        "qid": ["01", "q2", "q2"],
        "docno": ["d1", "03", "gone"],
        "label": [3, 0, 1],
    }
    assert qrels["label"].dtype == "int64"


def test_beir_takes_gz_bom_crlf_and_blank_lines(folder: Path) -> None:
    expected = (docs(Beir(folder)), Beir(folder).get_topics(), Beir(folder).get_qrels())
    for path in [*folder.glob("*.jsonl"), folder / "qrels" / "test.tsv"]:
        windows = b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n \r\n\n"
        path.unlink()
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(windows))
    shop = Beir(folder)
    assert shop.split == "test"
    assert docs(shop) == expected[0]
    pd.testing.assert_frame_equal(shop.get_topics(), expected[1])
    pd.testing.assert_frame_equal(shop.get_qrels(), expected[2])


def test_unusual_line_separators_do_not_end_a_line(folder: Path) -> None:
    text = "a\u2028b\x85c"
    line = json.dumps({"_id": "1", "text": text}, ensure_ascii=False)
    (folder / "corpus.jsonl").write_text(line, encoding="utf-8")
    assert docs(Beir(folder))[0]["text"] == text


def test_beir_chooses_the_split(folder: Path) -> None:
    assert Beir(folder).split == "test"
    (folder / "qrels" / "dev.tsv").write_text(f"{HEADER}q3\td1\t1\n")
    with pytest.raises(CollectionError, match=r"choose one with split=; available: dev, test"):
        Beir(folder)
    with pytest.raises(CollectionError, match=r"no split 'tset' \(did you mean 'test'\?\); avail"):
        Beir(folder, split="tset")
    assert Beir(folder, split="dev").get_topics()["qid"].tolist() == ["q3"]
    assert Beir(folder, split="dev").name == "shop"
    (folder / "qrels" / "2020.tsv").write_text(f"{HEADER}q3\td1\t1\n")
    assert load_collection({"beir": folder, "split": 2020}).get_topics()["qid"].tolist() == ["q3"]


def test_beir_without_judgements_has_all_topics(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").unlink()
    shop = Beir(folder)
    assert len(shop.get_topics()) == 3
    with pytest.raises(CollectionError, match="has no qrels, only corpus and topics; add"):
        shop.get_qrels()
    with pytest.raises(CollectionError, match="no split 'test'; available: none"):
        Beir(folder, split="test")


def test_judged_topics_without_text_are_dropped_with_one_warning(folder: Path) -> None:
    queries = [{"_id": "01", "text": " "}, {"_id": "q3", "text": "unjudged"}]
    (folder / "queries.jsonl").write_text(jsonl(queries))
    with pytest.warns(CollectionWarning, match=r"2 topics have no text \(1 .*, 1 are") as caught:
        topics = Beir(folder).get_topics()
    assert topics.empty
    assert list(topics.columns) == ["qid", "query"]
    assert len(caught) == 1
    assert len(Beir(folder).get_qrels()) == 3


def test_conversation_metadata_becomes_columns(folder: Path) -> None:
    history = [{"role": "user", "content": "who is Bach?", "extra": 1}]
    queries = [
        {"_id": "01", "text": "who is Bach?", "metadata": {"conversation": 7, "turn": 1}},
        {
            "_id": "q2",
            "text": "his age?",
            "metadata": {
                "conversation": 7,
                "turn": 2,
                "history": history,
                "rewrite": "Bach's age?",
                "answers": ["65"],
                "weight": 5,
                "id": "no",
            },
        },
    ]
    (folder / "queries.jsonl").write_text(jsonl(queries))
    topics = Beir(folder).get_topics()
    assert list(topics.columns) == [
        *("qid", "query", "qconversation", "qturn", "qhistory", "qrewrite", "qanswers")
    ]
    assert topics["qid"].tolist() == ["01", "q2"]
    assert topics["qconversation"].tolist() == ["7", "7"]
    assert topics["qturn"].dtype == "int64"
    assert topics["qhistory"].tolist() == [[], [{"role": "user", "content": "who is Bach?"}]]
    assert topics["qrewrite"].tolist() == [None, "Bach's age?"]


def test_turns_missing_in_places_stay_whole_numbers(folder: Path) -> None:
    queries = [{"_id": "01", "text": "a", "metadata": {"turn": 1}}, {"_id": "q2", "text": "b"}]
    (folder / "queries.jsonl").write_text(jsonl(queries))
    turns = Beir(folder).get_topics()["qturn"]
    assert turns.dtype == "Int64"
    assert turns[0] == 1
    assert turns.isna().tolist() == [False, True]


def test_corpus_streams_with_a_length_where_that_is_cheap(folder: Path) -> None:
    corpus = Beir(folder).get_corpus_iter(verbose=False)
    assert len(corpus) == 3  # type: ignore[arg-type]
    assert next(iter(corpus))["docno"] == "d1"
    plain = folder / "corpus.jsonl"
    (folder / "corpus.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert not hasattr(Beir(folder).get_corpus_iter(verbose=False), "__len__")


def test_a_document_late_in_the_file_does_not_stop_the_first(folder: Path) -> None:
    with (folder / "corpus.jsonl").open("a") as file:
        file.write("{broken\n")
    corpus = iter(Beir(folder).get_corpus_iter(verbose=False))
    assert [next(corpus)["docno"] for _ in range(3)] == ["d1", "2", "03"]
    with pytest.raises(CollectionError, match="line 4"):
        next(corpus)


def test_progress_can_be_switched_off(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docs(Beir(folder))
    assert capsys.readouterr() == ("", "")
    list(Beir(folder).get_corpus_iter())
    assert "shop documents" in capsys.readouterr().err


def test_a_collection_is_a_pyterrier_dataset(folder: Path) -> None:
    shop = Beir(folder)
    assert isinstance(shop, pt.datasets.Dataset)
    assert [shop._describe_component(part) for part in ("topics", "results")] == [True, None]
    topics, qrels = shop.get_topicsqrels()
    run = pt.Transformer.from_df(qrels.assign(score=1.0, rank=0)[["qid", "docno", "score", "rank"]])
    scores = pt.Experiment([run], topics, qrels, ["recall_10"])
    assert scores["recall_10"].tolist() == [1.0]
    assert repr(pickle.loads(pickle.dumps(shop))) == repr(shop)


# -- everything that can be wrong with a file ------------------------------------------------

GOOD = '{"_id": "1", "text": "a"}\n'
FILES = {
    "corpus": ("corpus.jsonl", lambda shop: docs(shop)),
    "queries": ("queries.jsonl", lambda shop: shop.get_topics()),
    "qrels": ("qrels/test.tsv", lambda shop: shop.get_qrels()),
}


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        ("corpus", GOOD + "{bad}\n", r"corpus\.jsonl, line 2: not valid JSON .*; every line"),
        ("corpus", GOOD + '{"_id": "2", "te', r"line 2: not valid JSON"),
        ("corpus", "[" * 100_000, r"line 1: not valid JSON"),
        ("corpus", GOOD + "\n[1]\n", r"line 3: found a JSON list; every line should be one"),
        ("corpus", '{"text": "a"}', r"line 1: expected '_id' as a text, found none"),
        ("corpus", '{"_id": 1.5, "text": "a"}', r"line 1: expected '_id' .* found 1.5"),
        ("corpus", '{"_id": true, "text": "a"}', r"line 1: expected '_id' .* found True"),
        ("corpus", '{"_id": " ", "text": "a"}', r"line 1: the id '_id' is blank"),
        ("corpus", '{"_id": "1"}', r"line 1: expected 'text' as a text, found none; add it"),
        ("corpus", '{"_id": "1", "text": null}', r"line 1: expected 'text' .* found none"),
        ("corpus", '{"_id": "1", "text": "", "title": 3}', r"line 1: expected 'title' .* found 3"),
        ("corpus", '{"_id": "1", "text": "", "metadata": 3}', r"line 1: expected 'metadata' as"),
        ("corpus", GOOD + GOOD, r"line 2: the id '1' occurs a second time; keep one"),
        ("corpus", b'{"_id": "1", "text": "caf\xe9"}', r"line 1: not UTF-8 .*; convert .*iconv"),
        ("corpus", GOOD.encode("utf-16"), r"line 1: not UTF-8"),
        ("corpus", "", r"corpus\.jsonl: the file is empty"),
        ("corpus", "\ufeff \r\n\n", r"the file is empty"),
        ("queries", '{"_id": "1"}', r"queries\.jsonl, line 1: expected 'text'"),
        ("queries", GOOD + '{"_id": 1, "text": "b"}', r"line 2: the id '1' occurs a second"),
        ("queries", '{"_id": "1", "text": "a", "metadata": [1]}', r"expected 'metadata' as"),
        *[
            ("queries", json.dumps({"_id": "1", "text": "a", "metadata": metadata}), message)
            for metadata, message in [
                ({"turn": "2"}, r"line 1: expected 'turn' as a whole number, found '2'"),
                ({"rewrite": 5}, r"line 1: expected 'rewrite' as a text, found 5"),
                ({"history": "hello"}, r"line 1: expected 'history' as a list of \{'role'"),
                ({"history": ["hello"]}, r"line 1: expected 'history' as a list"),
                ({"history": [{"role": "user"}]}, r"line 1: expected 'history' as a list"),
            ]
        ],
        ("qrels", "q2\td1\t1\n", r"test\.tsv, line 1: expected the header query-id .*; add the"),
        ("qrels", HEADER, r"no judgement; expected at least one line"),
        ("qrels", HEADER + "q2\td1\n", r"line 2: expected 3 columns .* by tabs, found 2"),
        ("qrels", HEADER + "q2 d1 1\n", r"line 2: expected 3 columns .* by tabs, found 1"),
        ("qrels", HEADER + "q2\td1\t1\t0\n", r"line 2: expected 3 columns .*, found 4"),
        ("qrels", HEADER + "q2\td1\tgood\n", r"line 2: expected the score .* found 'good'"),
        ("qrels", HEADER + "q2\td1\t0.5\n", r"line 2: expected the score .* found '0.5'"),
        ("qrels", HEADER + "q2\td1\tnan\n", r"line 2: expected the score .* found 'nan'"),
        ("qrels", HEADER + "q2\td1\tinf\n", r"line 2: expected the score .* found 'inf'"),
        ("qrels", HEADER + "\td1\t1\n", r"line 2: the id 'query id' is blank"),
        ("qrels", HEADER + "q2\td1\t1\nq2\td1\t2\n", r"line 3: query 'q2' .* earlier 1; keep one"),
        ("qrels", "", r"test\.tsv: the file is empty"),
    ],
)
def test_malformed_files_are_named_with_line_and_remedy(
    folder: Path, part: str, content: str | bytes, message: str
) -> None:
    name, read = FILES[part]
    raw = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(raw)
    with pytest.raises(CollectionError, match=message) as plain:
        read(Beir(folder))
    assert "\n" not in str(plain.value)
    (folder / name).unlink()
    (folder / f"{name}.gz").write_bytes(gzip.compress(raw))
    zipped = re.sub(r"(jsonl|tsv)(?=[,:])", r"\1\.gz", message)
    with pytest.raises(CollectionError, match=zipped):
        read(Beir(folder))


@pytest.mark.parametrize("part", FILES)
def test_broken_gzip_files_are_named(folder: Path, part: str) -> None:
    name, read = FILES[part]
    raw = (folder / name).read_bytes()
    (folder / name).unlink()
    whole = gzip.compress(raw)
    for broken in (whole[:-10], whole[:12], whole[:10] + b"\xff" * 20, raw):
        (folder / f"{name}.gz").write_bytes(broken)
        with pytest.raises(CollectionError, match=r"\.gz.*: not a complete gzip file .*; fetch"):
            read(Beir(folder))


@pytest.mark.parametrize("part", FILES)
def test_a_directory_instead_of_a_file_is_named(folder: Path, part: str) -> None:
    name, read = FILES[part]
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(CollectionError, match="expected a file, found a directory; name the"):
        read(Beir(folder))


@pytest.mark.parametrize(("part", "missing"), [("corpus", "corpus"), ("queries", "topics")])
def test_a_missing_file_is_named(folder: Path, part: str, missing: str) -> None:
    name, read = FILES[part]
    (folder / name).unlink()
    with pytest.raises(CollectionError, match=f"has no {missing}, only"):
        read(Beir(folder))


def test_a_folder_that_is_none_is_named(folder: Path) -> None:
    with pytest.raises(CollectionError, match="found nothing; check the path"):
        Beir(folder / "no")
    with pytest.raises(CollectionError, match="found a file; check the path"):
        Beir(folder / "corpus.jsonl")
    with pytest.raises(CollectionError, match="found neither; check the path"):
        Beir(folder / "qrels")


XML_TOPICS = {
    "numbers in tags": """<topics>
<topic>
<number>7</number>
<query>p &lt; .05 in List<String></query>
<description>What <i>is</i> it?</description>
<narrative>Any.</narrative>
</topic>
</topics>
""",
    "numbers as attributes": """<?xml version="1.0" encoding="UTF-8"?>
<webtrack2012>
  <topic number="7" type="faceted">
    <query>p < .05 in List<String></query>
    <question>What is it?</question>
    <subtopic number="1" type="nav">Elsewhere.</subtopic>
  </topic>
</webtrack2012>
""",
    "a language": """<top lang="en">
<num>7</num><title>p < .05 in List<String></title><desc>What is it?</desc>
</top>
""",
}


@pytest.mark.parametrize("text", XML_TOPICS.values(), ids=list(XML_TOPICS))
def test_topics_of_current_tracks(tmp_path, text):
    path = tmp_path / "topics.xml"
    path.write_text(text)
    topics = Trec(topics=path).get_topics()
    assert topics.to_dict("records") == [{"qid": "7", "query": "p < .05 in List<String>"}]
    description = Trec(topics=path, query_field="description").get_topics()["query"][0]
    assert description == "What is it?"


# -- TREC files --------------------------------------------------------------------------------

TOPICS = """<top>
<num> Number: 051
<title> Topic: Airbus
 &amp; Boeing subsidies

<desc> Description:
Government topic: help.
<narr> Narrative:
Relevant &lt;documents&gt; only.
</top>
<TOP><num>52</num><title>South Africa</title><desc>On the topic: aid</desc></TOP>
"""


def write(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def test_trec_topics_keep_leading_zeros_and_offer_fields(tmp_path: Path) -> None:
    trec = Trec(topics=write(tmp_path / "t.txt", TOPICS))
    assert trec.get_topics().to_dict("list") == {
        "qid": ["051", "52"],
        "query": ["Airbus & Boeing subsidies", "South Africa"],
    }
    assert trec.get_topics("description")["query"].tolist() == [
        *("Government topic: help.", "On the topic: aid")
    ]
    with pytest.raises(CollectionError, match=r"line 11: topic '52' has no field 'narrative', on"):
        trec.get_topics("narrative")
    with pytest.raises(CollectionError, match=r"no field 'titel', .*; did you mean 'title'"):
        Trec(topics=tmp_path / "t.txt", query_field="titel").get_topics()


@pytest.mark.parametrize(
    "content",
    [
        "01\tsofa\n2\tblue chair\n",
        "qid\tquery\r\n01\tsofa\r\n2\tblue chair\r\n",
        '{"_id": "01", "text": "sofa"}\n{"qid": 2, "text": "blue chair"}\n',
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_trec_topics_as_tsv_and_jsonl(tmp_path: Path, content: str, zipped: bool) -> None:
    path = tmp_path / "topics"
    if zipped:
        path = tmp_path / "topics.gz"
        path.write_bytes(gzip.compress(content.encode()))
    else:
        path.write_text(content)
    topics = Trec(topics=path).get_topics()
    assert topics.to_dict("list") == {"qid": ["01", "2"], "query": ["sofa", "blue chair"]}


def test_a_header_is_one_on_the_first_line_only(tmp_path: Path) -> None:
    topics = Trec(topics=write(tmp_path / "t", "1\tsofa\nqid\ttext\n")).get_topics()
    assert topics["qid"].tolist() == ["1", "qid"]


def test_trec_judgements_select_topics(tmp_path: Path) -> None:
    topics = write(tmp_path / "t.tsv", "01\tsofa\n2\tchair\n")
    qrels = write(tmp_path / "q.txt", "01 0 d1 2\n01\t0  d2 -1\n")
    trec = Trec(topics=topics, qrels=qrels)
    assert trec.name == "t"
    assert trec.get_topics()["qid"].tolist() == ["01"]
    assert trec.get_qrels().to_dict("list") == {
        "qid": ["01", "01"],
        "docno": ["d1", "d2"],
        "label": [2, -1],
    }
    assert len(Trec(topics=topics, qrels=qrels, all_queries=True).get_topics()) == 2
    with pytest.raises(CollectionError, match="has no corpus, only topics and qrels"):
        trec.get_corpus_iter()


TREC_DOCS = """<DOC>
<DOCNO> AP-1 </DOCNO>
<HEAD>not taken</HEAD>
<HEADLINE>Soft
 couch</HEADLINE>
<TEXT>
A &lt;soft&gt; <b>couch</b>
</TEXT>
<TEXT>again</TEXT>
</DOC>
<doc><docno>02</docno><text>one line</text></doc><DOC><DOCNO>3</DOCNO></DOC>
"""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            TREC_DOCS,
            [("AP-1", "Soft couch", "A <soft> couch again"), ("02", "", "one line"), ("3", "", "")],
        ),
        ("docno\ttext\n01\ta couch\n", [("01", "", "a couch")]),
        ('{"docno": "01", "title": "t", "text": "a couch"}', [("01", "t", "a couch")]),
    ],
)
def test_trec_documents(tmp_path: Path, content: str, expected: list[tuple[str, str, str]]) -> None:
    found = docs(Trec(corpus=write(tmp_path / "c", content)))
    assert [(doc["docno"], doc["title"], doc["text"]) for doc in found] == expected


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        ("topics", "<top><num>1<title>a", r"line 1: the <top> has no </top>; the file seems cut"),
        ("topics", "<top>\n<num>1\n<top>\n<num>2</top>", r"line 3: a <top> begins inside .* 1;"),
        ("topics", "<topics>1</topics>", r"no <top> record"),
        ("topics", "<topic>1</topic>", r"line 1: expected 'num' as a text, found none"),
        ("topics", "<top><title>a</top>", r"line 1: expected 'num' as a text, found none"),
        ("topics", "<top><num>1<title>a</top>\n" * 2, r"line 2: the id '1' occurs a second"),
        ("topics", "1 sofa\n", r"line 1: expected 2 columns \(qid, query\) separated by tabs, f"),
        ("topics", "1\tsofa\n1\tchair\n", r"line 2: the id '1' occurs a second time"),
        ("qrels", "1 0 d1\n", r"line 1: expected 4 columns .* by white space, found 3"),
        ("qrels", "1 0 d1 x\n", r"line 1: expected the score as a whole number, found 'x'"),
        ("corpus", "<DOC><TEXT>a</TEXT></DOC>", r"line 1: expected 'DOCNO' as a text"),
        ("corpus", "1\ta\tb\n", r"line 1: expected 2 columns \(docno, text\)"),
    ],
)
def test_malformed_trec_files_are_named(
    tmp_path: Path, part: str, content: str, message: str
) -> None:
    trec = Trec(**{part: write(tmp_path / part, content)})
    with pytest.raises(CollectionError, match=message):
        {"topics": trec.get_topics, "qrels": trec.get_qrels, "corpus": lambda: docs(trec)}[part]()


def test_trec_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match="needs at least one of topics=, qrels= and corpus="):
        Trec()
    with pytest.raises(CollectionError, match=r"no\.txt: no such file; check the path"):
        Trec(topics=tmp_path / "no.txt")
    with pytest.raises(CollectionError, match="expected a file, found a directory"):
        Trec(corpus=tmp_path)


# -- ir-datasets -------------------------------------------------------------------------------


def register(monkeypatch: pytest.MonkeyPatch, name: str, *parts: Any) -> None:
    dataset = ir_datasets.Dataset(*parts)
    monkeypatch.setitem(ir_datasets.registry._registered, name, dataset)


def test_irds_maps_fields_without_printing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    topics = TOPICS.partition("<TOP>")[0]
    register(
        monkeypatch,
        "test-trec",
        TsvDocs(LocalDownload(write(tmp_path / "d", "7\ta couch\n"))),
        TrecQueries(LocalDownload(write(tmp_path / "t", topics))),
        TrecQrels(LocalDownload(write(tmp_path / "q", "051 0 7 1\n051 1 7 2\n")), {}),
    )
    collection = Irds("irds:test-trec")
    assert collection.name == "test-trec"
    topic = collection.get_topics().to_dict("records")[0]
    assert list(topic) == ["qid", "query", "qdescription", "qnarrative"]
    assert topic["qid"] == "051"
    assert topic["query"].startswith("Airbus")
    narrative = collection.get_topics("narrative").to_dict("records")[0]
    assert narrative["query"].startswith("Relevant")
    assert narrative["qtitle"].startswith("Airbus")
    assert docs(collection) == [{"docno": "7", "title": "", "text": "a couch"}]
    assert collection.get_qrels().to_dict("records") == [{"qid": "051", "docno": "7", "label": 2}]
    assert capsys.readouterr() == ("", "")
    with pytest.raises(CollectionError, match=r"no field 'titel' \(did you mean 'title'\?\); ch"):
        Irds("test-trec", query_field="titel").get_topics()


def test_irds_conversations_get_history_and_rewrite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ir_datasets.datasets.trec_cast import Cast2020Query

    turns = [("8", 1, "who is Bach?"), ("8", 2, "his age?"), ("9", 1, "hi"), ("8", 3, "and wife?")]
    records = [
        {"id": f"{topic}_{turn}", "raw": said, "topic": int(topic), "turn": turn}
        for topic, turn, said in turns
    ]
    mapping = dict.fromkeys(Cast2020Query._fields, "raw")
    mapping |= {"query_id": "id", "topic_number": "topic", "turn_number": "turn"}
    path = LocalDownload(write(tmp_path / "q", jsonl(records)))
    register(monkeypatch, "test-cast", JsonlQueries(path, Cast2020Query, mapping))
    topics = Irds("test-cast").get_topics().set_index("qid")
    assert topics["qconversation"].tolist() == ["8", "8", "9", "8"]
    assert topics["qturn"].tolist() == [1, 2, 1, 3]
    assert topics["qhistory"].map(len).tolist() == [0, 1, 0, 2]
    assert topics.loc["8_3", "qhistory"] == [
        {"role": "user", "content": "who is Bach?"},
        {"role": "user", "content": "his age?"},
    ]
    assert topics.loc["8_2", "qrewrite"] == "his age?"
    with pytest.raises(CollectionError, match=r"the field 'topic_number' .* holds 8, not a text"):
        Irds("test-cast", query_field="topic_number").get_topics()


class FakeRecord:
    def __init__(self, default: str | None = None, **fields: Any) -> None:
        self.fields = fields
        if default is not None:
            self.default_text = lambda: default

    def _asdict(self) -> dict[str, Any]:
        return dict(self.fields)


@pytest.mark.parametrize(
    ("record", "title", "text"),
    [
        (FakeRecord("T x", doc_id="1", title="T", text="x", url="u"), "T", "x"),
        (FakeRecord("T x", doc_id="1", title="T", abstract="x"), "T", "x"),
        (FakeRecord(doc_id="1", title="T", summary="x", code="y", pages=3), "T", "x y"),
        (FakeRecord("x", doc_id="1", body="x", url="u"), "", "x"),
    ],
)
def test_irds_documents_have_title_and_text(record: FakeRecord, title: str, text: str) -> None:
    from pyterrier_rewrite.experiments.collections.irds import _document

    assert _document(record) == {"docno": "1", "title": title, "text": text}


def test_unknown_irds_ids_name_the_near_misses() -> None:
    with pytest.raises(CollectionError, match=r"no collection 'vaswanni'; did you mean 'vaswani'"):
        Irds("vaswanni")


def test_irds_data_that_cannot_be_fetched_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = LocalDownload(tmp_path / "absent")
    register(monkeypatch, "test-absent", TsvDocs(path), TsvQueries(path), TrecQrels(path, {}))
    absent = Irds("test-absent")
    for what, read in (
        ("queries", absent.get_topics),
        ("qrels", absent.get_qrels),
        ("documents", lambda: docs(absent)),
    ):
        with pytest.raises(CollectionError, match=f"the {what} of 'test-absent' cannot be read .*"):
            read()


# -- frames --------------------------------------------------------------------------------------


def test_frames_give_copies() -> None:
    frame = pd.DataFrame({"qid": [1], "query": ["sofa"], "qtitle": ["couch"]}, index=[5])
    qrels = [{"qid": 1, "docno": 7, "label": 1.0}]
    shop = Frames(frame, qrels=qrels, corpus=iter([{"docno": 7, "text": "a couch"}]))
    spoilt = shop.get_topics()
    spoilt.loc[0, "query"] = "spoilt"
    assert shop.get_topics().to_dict("records") == [
        {"qid": "1", "query": "sofa", "qtitle": "couch"}
    ]
    assert shop.get_topics("qtitle")["query"].tolist() == ["couch"]
    assert shop.get_qrels().to_dict("records") == [{"qid": "1", "docno": "7", "label": 1}]
    assert docs(shop) == docs(shop) == [{"docno": "7", "text": "a couch"}]
    assert frame["qid"].tolist() == [1]
    assert list(Frames([]).get_topics().columns) == ["qid", "query"]


@pytest.mark.parametrize("text", [{}, {"text": ""}, {"text": " \n"}])
def test_a_description_is_the_text_where_there_is_none(
    tmp_path: Path, text: dict[str, str]
) -> None:
    catalogue: list[dict[str, str]] = [
        {"title": "Sofa", "description": "a couch", **text},
        {"title": "Lamp", "text": "light"},
    ]
    lines = jsonl([{"_id": str(n), **record} for n, record in enumerate(catalogue)])
    file = write(tmp_path / "corpus.jsonl", lines)
    expected = [
        {"docno": "0", "title": "Sofa", "text": "a couch"},
        {"docno": "1", "title": "Lamp", "text": "light"},
    ]
    assert docs(Trec(corpus=file)) == docs(Beir(tmp_path)) == expected
    (sofa,) = docs(Frames([], corpus=[{"docno": "0", **catalogue[0]}]))
    assert document_text(sofa, ("text",), "0") == "a couch"
    assert text or sofa["text"] == "a couch"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"topics": [{"qid": 1}]}, "topics need the columns qid, query; query missing, found qid"),
        ({"topics": [{"qid": None, "query": "a"}]}, "topics have a row without qid"),
        (
            {"topics": pd.DataFrame([["1", "a", "b"]], columns=["qid", "query", "query"])},
            "topics have the column 'query' twice",
        ),
        ({"topics": [{"qid": "1", "query": "a"}] * 2}, "topics have qid '1' twice"),
        ({"topics": [], "corpus": [{"docno": "1", "text": ""}] * 2}, "corpus have docno '1' twice"),
        ({"topics": [], "qrels": [{"qid": 1, "docno": 1}]}, "qrels need .* label missing"),
        ({"topics": [], "qrels": [{"qid": 1, "docno": 1, "label": 0.5}]}, "labels of the qrels"),
        ({"topics": [], "qrels": [{"qid": 1, "docno": 1, "label": "x"}]}, "labels of the qrels"),
    ],
)
def test_malformed_frames_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(CollectionError, match=message):
        Frames(**arguments)


# -- specs ---------------------------------------------------------------------------------------


def test_specs(folder: Path) -> None:
    beir = f"Beir({str(folder)!r}, split='test')"
    assert repr(load_collection(str(folder))) == beir
    assert repr(load_collection(folder)) == beir
    assert repr(load_collection({"beir": str(folder), "split": "test"})) == beir
    assert repr(load_collection({"beir": {"path": folder, "split": "test"}})) == beir
    assert repr(load_collection("vaswani")) == "Irds('vaswani')"
    assert repr(load_collection("irds:vaswani")) == "Irds('vaswani')"
    described = load_collection({"irds": "disks45/nocr/trec8", "query_field": "description"})
    assert repr(described) == "Irds('disks45/nocr/trec8', query_field='description')"
    qrels = write(folder / "q.txt", "1 0 d1 1\n")
    assert repr(load_collection({"trec": {"qrels": str(qrels)}, "name": "x"})).startswith("Trec(qr")
    frames = Frames([])
    assert load_collection(frames) is frames


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("vaswanni", r"did you mean 'vaswani'\?.* there is no folder 'vaswanni' here"),
        ("./nowhere", r"expected a folder with corpus\.jsonl, .* found nothing"),
        ({}, "exactly one of the keys irds, beir, trec, conversations; found an empty mapping"),
        ({"bier": "x"}, r"exactly one of .*; found 'bier' \(did you mean 'beir'\?\)"),
        ({"beir": "x", "irds": "y"}, "exactly one of .*; found 'irds', 'beir'"),
        ({"irds": "vaswani", "query_feild": "x"}, r"found 'query_feild' .*mean 'query_field'"),
        ({"irds": {"query_field": "x"}}, "takes irds_id, query_field, name; found no 'irds_id'"),
        ({"beir": 3}, "expected 'beir' as a text or a mapping, found 3"),
        ({"trec": None}, "expected 'trec' as a text or a mapping, found None"),
        (3, "expected a collection as a name, a path or a mapping, found 3"),
    ],
)
def test_malformed_specs_are_named(spec: Any, message: str) -> None:
    with pytest.raises(CollectionError, match=message):
        load_collection(spec)


# -- real collections ----------------------------------------------------------------------------


def shared(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    return path


@pytest.mark.parametrize(
    ("name", "split", "documents", "topics"),
    [
        ("vaswani", None, 11_429, 93),
        ("cranfield", None, 1_400, 225),
        ("nfcorpus", "train", 3_395, 2_563),
        ("nfcorpus", "dev", 3_395, 324),
        ("toollens", "train", 464, 16_035),
        ("toollens", "dev", 464, 858),
        ("chorus", None, 19_406, 68),
        ("mtrag-clapnq", None, 12_166, 208),
        ("mtrag-govt", None, 1_655, 201),
        ("cast20", None, 1_738, 208),
    ],
)
def test_real_collections_have_their_sizes(
    name: str, split: str | None, documents: int, topics: int
) -> None:
    collection = Beir(shared(name), split=split)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame, qrels = collection.get_topicsqrels()
    assert len(frame) == topics
    assert set(frame["qid"]) == set(qrels["qid"])
    corpus = {doc["docno"] for doc in docs(collection)}
    assert len(corpus) == documents == collection.num_docs()


def test_real_conversations_have_their_history() -> None:
    topics = Beir(shared("cast20")).get_topics()
    assert topics["qhistory"].map(len).tolist() == (topics["qturn"] - 1).tolist()
    assert topics["qhistory"].map(len).max() == 12
    assert topics["qrewrite"].map(type).eq(str).all()
    said = topics.set_index("qid")["query"]
    assert topics.set_index("qid").loc["81_2", "qhistory"][-1]["content"] == said["81_1"]


def test_real_catalogue_keeps_grades_and_fields() -> None:
    chorus = Beir(shared("chorus"))
    assert set(chorus.get_qrels()["label"]) == {0, 1, 2, 3}
    assert {doc["brand"] for doc in docs(chorus)} >= {"Xerox", "HP"}


@pytest.mark.parametrize(("name", "topics"), [("mtrag-cloud", 188), ("mtrag-fiqa", 180)])
def test_real_collections_without_judgements(name: str, topics: int) -> None:
    collection = Beir(shared(f"blind/{name}"))
    assert len(collection.get_topics()) == topics
    with pytest.raises(CollectionError, match="has no qrels"):
        collection.get_qrels()


def test_a_document_keeps_its_date():
    from collections import namedtuple

    from pyterrier_rewrite.experiments.collections.irds import _document

    paper = namedtuple("Paper", "doc_id title date text")
    kept = {"docno": "1", "title": "t", "text": "x", "date": "2020-03-01"}
    assert _document(paper("1", "t", "2020-03-01", "x")) == kept
    assert _document(paper("1", "t", "", "x")) == {k: kept[k] for k in ("docno", "title", "text")}


@pytest.mark.parametrize(
    "header", ["qid\tquery", "query_id\ttext", "Topic ID\tTitle", "id\tquestion"]
)
def test_the_header_of_a_table_is_no_topic(tmp_path, header):
    path = tmp_path / "topics.tsv"
    path.write_text(f"{header}\n1\tred sofa\n2\ttitle\n")
    topics = Trec(topics=path).get_topics()
    assert topics.to_dict("list") == {"qid": ["1", "2"], "query": ["red sofa", "title"]}


# -- texts that look like something else -----------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("how to use the <title> tag", "how to use the <title> tag"),
        ("<![CDATA[a < b & c]]>", "a < b & c"),
        ("<![CDATA[what does <b>x</b> do]]>", "what does <b>x</b> do"),
        ("if i<n and j>m", "if i<n and j>m"),
        ("AT&amp;T vs R&D, x &lt; 3", "AT&T vs R&D, x < 3"),
        ('a <a href="x">linked</a> word', "a linked word"),
        ("what a <b-x>new</b-x> word", "what a new word"),
    ],
)
def test_titles_that_hold_markup(tmp_path: Path, title: str, query: str) -> None:
    record = f"<top><num>1</num><title>{title}</title><desc>d</desc></top>"
    topics = Trec(topics=write(tmp_path / "t.xml", record)).get_topics()
    assert topics["query"].tolist() == [query]
    record = f"<DOC><DOCNO>1</DOCNO><TEXT>{title.replace('<title> ', '')}</TEXT></DOC>"
    (document,) = docs(Trec(corpus=write(tmp_path / "d.xml", record)))
    assert document["text"] == query.replace("<title> ", "")


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("how to set <title> in html", None),
        ("how to set <TITLE> in html", None),
        ("what does </p> end", None),
        ("what is <topic> modelling", None),
        ("an <li> without an end", None),
        ("how to begin <!-- in html", None),
        ("a word <!-- not this one --> more", "a word more"),
    ],
)
def test_a_tag_without_its_other_end_is_text(
    tmp_path: Path, title: str, query: str | None, closed: bool
) -> None:
    ends = ("</title>", "</desc>") if closed else ("", "")
    record = f"<top>\n<num>1</num>\n<title>{title}{ends[0]}\n<desc>a <p>b</p> c{ends[1]}\n</top>"
    topics = Trec(topics=write(tmp_path / "t.xml", record))
    assert topics.get_topics()["query"].tolist() == [query or title]
    if closed:
        assert topics.get_topics("description")["query"].tolist() == ["a b c"]


COMMENTED = "<topic><num>2</num><title>old</title></topic>"


@pytest.mark.parametrize(
    "comment",
    [f"<!-- {COMMENTED} -->", f"<!--\n{COMMENTED}\n{COMMENTED} -->", "<!-- a --><!--\nb\n-->"],
)
def test_topics_in_a_comment_are_none(tmp_path: Path, comment: str) -> None:
    new = COMMENTED.replace("2", "1").replace("old", "new")
    content = f"<topics>{comment}{new}\n{comment}</topics>"
    topics = Trec(topics=write(tmp_path / "t.xml", content)).get_topics()
    assert topics.to_dict("list") == {"qid": ["1"], "query": ["new"]}
    with pytest.raises(CollectionError, match="line 3: the comment <!-- has no -->"):
        Trec(topics=write(tmp_path / "t.xml", f"{new}\n\n<!-- {COMMENTED}")).get_topics()


def test_titles_of_several_languages_are_fields_of_their_own(tmp_path: Path) -> None:
    record = "<top><num> C041 </num><EN-title>pesticides</EN-title><FR-title>x</FR-title></top>"
    file = write(tmp_path / "t.xml", record)
    with pytest.raises(CollectionError, match=r"no field 'title', only en-title, fr-title; did"):
        Trec(topics=file).get_topics()
    assert Trec(topics=file).get_topics("en-title")["query"].tolist() == ["pesticides"]


@pytest.mark.parametrize(
    ("first", "is_header"),
    [
        ("query-id\tquery_text", True),
        ("queryid\traw_query", True),
        ("TID\tKeywords", True),
        ("1\traw text search", False),
        ("q1\tquery", False),
        ("id\tquality text", False),
        ("id\tdescription", True),
        ("qid\tdesc", True),
        ("conv_id\tutterance", True),
        ("turn_id\tquestion", True),
        ("qid\tquery_string", True),
        ("uid\tutterance", True),
        ("index\tquery", True),
        ("qid\tsentence", True),
        ("qid\tintent", True),
        ("id\tinput", True),
        ("entry_id\tquery", True),
        ("entry_id\tprompt", True),
        ("doc\tsofa", False),
        ("doc\toriginal user", False),
        ("query\toriginal user", False),
        ("sofa\tdescription of a couch", False),
        ("android\tphone", False),
    ],
)
def test_a_header_is_no_topic(tmp_path: Path, first: str, is_header: bool) -> None:
    topics = Trec(topics=write(tmp_path / "t.tsv", f"{first}\n2\tsofa\n")).get_topics()
    assert len(topics) == 2 - is_header


@pytest.mark.parametrize(
    ("first", "is_header"),
    [
        ("qid\tquery", True),
        ("Topic ID\tTitle", True),
        ("entry_id\tquery", True),
        ("doc\tquery", False),
        ("doc\toriginal user", False),
        ("id\toriginal user", False),
        ("sofa\ttext", False),
    ],
)
@pytest.mark.parametrize("part", ["topics", "corpus"])
def test_beside_ids_of_words_a_header_has_two_names(
    tmp_path: Path, part: str, first: str, is_header: bool
) -> None:
    collection = Trec(**{part: write(tmp_path / "t.tsv", f"{first}\nchair\tred chair\n")})
    read = docs(collection) if part == "corpus" else collection.get_topics()
    assert len(read) == 2 - is_header


@pytest.mark.parametrize("key", ["history", "qhistory"])
@pytest.mark.parametrize("text", ["text", "query"])
def test_a_conversation_may_stand_beside_the_text_of_a_topic(
    tmp_path: Path, key: str, text: str
) -> None:
    said = [{"role": "user", "content": "who was Bach?"}]
    record = {"qid": "1_2", text: "and his \ud83d sons?", key: said, "turn": 2}
    (topic,) = (
        Trec(topics=write(tmp_path / "t.jsonl", jsonl([record]))).get_topics().to_dict("records")
    )
    assert topic == {"qid": "1_2", "query": "and his \ufffd sons?", "qhistory": said, "qturn": 2}
