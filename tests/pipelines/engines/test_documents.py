"""Documents on their way into an index."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyterrier_rewrite import RewriteWarning
from pyterrier_rewrite.pipelines import DenseIndex, PisaIndex
from pyterrier_rewrite.pipelines.engines.documents import document_text

SOFA = {"docno": "1", "title": "Sofa", "description": "A seat for two.", "url": "http://a/b"}


NOTHING = [None, "", "  ", "\n\t", float("nan"), np.float64("nan"), pd.NA, pd.NaT]


@pytest.mark.parametrize("text", [{}, *({"text": nothing} for nothing in NOTHING)])
@pytest.mark.parametrize("description", ["A seat for two.", "couch"])
def test_the_description_of_a_catalogue_stands_in_for_a_text(text, description):
    sofa = {**SOFA, "description": description, **text}
    assert document_text(sofa, ("title", "text"), "1") == f"Sofa {description}"
    assert document_text(sofa, ("text", "description"), "1") == description
    assert document_text({**sofa, "text": "couch"}, ("title", "text"), "1") == "Sofa couch"


def test_a_catalogue_does_not_lose_its_prose():
    sofa = {"docno": "1", "title": "Sofa", "blurb": "A seat for two."}
    with pytest.raises(ValueError, match=r"no field 'text', but 'blurb'; .*\('title', 'blurb'"):
        document_text(sofa, ("title", "text"), "1")
    assert document_text(sofa, ("title", "blurb"), "1") == "Sofa A seat for two."


@pytest.mark.parametrize("text", NOTHING)
def test_a_document_without_words_is_no_mistake(text):
    sofa = {"docno": "1", "title": "Sofa", "url": "http://a/b"}
    assert document_text({**sofa, "text": text}, ("title", "text"), "1") == "Sofa"
    assert document_text(sofa, ("title", "text"), "1") == "Sofa"


@pytest.mark.parametrize("kind", [PisaIndex, DenseIndex])
@pytest.mark.parametrize("nothing", NOTHING)
def test_an_index_is_built_over_cells_that_are_missing(kind, nothing, tmp_path):
    settings = {"model": Strict()} if kind is DenseIndex else {}
    corpus = [{"docno": "1", "title": nothing, "text": "cat", "color": nothing, "year": nothing}]
    index = kind.build(tmp_path / "index", corpus, fields=("title", "text"), **settings)
    assert len(index) == 1


HOSTILE = [
    {"docno": "half", "text": "cat\ud800dog \udfff", "name": "\ud83d", "\ud800": 1},
    {"docno": "none"},
    {"docno": "huge", "text": "cat dog " * 20_000 + "c" * 200_000},
    {"docno": "blank", "text": "\x00 \n\u2028"},
    {"docno": "null", "text": None, "title": float("nan")},
    {"docno": "lines", "text": "bird\n\nhalf cat\r\u2028huge dog\x85bird"},
    {"docno": "x" * 5_000, "text": "mat"},
]


class Strict:
    """Encodes what a tokenizer would take."""

    def encode(self, texts):
        " ".join(texts).encode()
        return np.array([[text.count(letter) for letter in "acdgs"] for text in texts], dtype=float)


@pytest.mark.parametrize("kind", [PisaIndex, DenseIndex])
def test_hostile_texts_are_indexed_each_once_and_empty_ones_counted(kind, tmp_path):
    settings = {"model": Strict()} if kind is DenseIndex else {}
    counted = r"3 of 7 documents have no text in the fields \['title', 'text'\] \(first: 'none'\)"
    with pytest.warns(RewriteWarning, match=counted):
        index = kind.build(tmp_path / "i", iter(HOSTILE), verbose=False, **settings)
    assert len(index) == len(HOSTILE)
    docnos = [document["docno"] for document in HOSTILE]
    if kind is DenseIndex:
        assert list(index.docnos) == docnos
        assert len(index.retriever().search("cat")) == len(HOSTILE)
        return
    texts = index.texts(docnos)
    assert list(map(len, map(texts.get, docnos))) == [9, 0, 360_000, 4, 0, 29, 3]
    assert index.bm25().search("bird cat")["docno"].tolist()[0] == "lines"
    assert set(index.bm25().search("dog")["docno"]) == {"half", "huge", "lines"}
    assert index.text(columns=["name"])(pd.DataFrame({"docno": ["half"]}))["name"][0] == "\ud83d"


@pytest.mark.filterwarnings("error::pyterrier_rewrite.RewriteWarning")
def test_a_whole_corpus_is_not_counted(tmp_path):
    PisaIndex.build(tmp_path / "i", [{"docno": "a", "text": "cat"}], verbose=False)
