"""An answer of one plain line is read at a glance, and as the whole reader would read it."""

from __future__ import annotations

from importlib.resources import files

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pyterrier_rewrite import Queries, Terms, Text
from pyterrier_rewrite.parsing import reading
from pyterrier_rewrite.parsing.lines import is_plain
from pyterrier_rewrite.parsing.parsers import Items
from pyterrier_rewrite.parsing.words import tables

PARSERS = (Text(), Terms(), Queries(), Items())

WORDS = sorted(
    word.strip("=*")
    for kinds in (tables()["names"], tables()["talk"], {"joints": tables()["joints"]})
    for languages in kinds.values()
    for stems in languages.values()
    for word in (stems.split() if isinstance(stems, str) else map(str, stems))
)
CONTENT = (
    "red sofa couch a of U.S. A I 2020 3 99. 20th 5% 1/2 Error Bad Gateway Not Found (blue) None"
).split()

text = st.lists(
    st.tuples(
        st.sampled_from(WORDS) | st.sampled_from(CONTENT),
        st.sampled_from([" ", " ", " ", ". ", ", ", "! ", "? ", "; ", " - ", "/"]),
    ),
    min_size=1,
    max_size=12,
).map(lambda its: "".join(word + between for word, between in its).strip())


@given(said=text, query=st.sampled_from(["red sofa", "hello world", "", "sorry"]))
@example(said="Hello! red sofa", query="red sofa")
@example(said="Sure.", query="red sofa")
@example(said="A sofa is a seat; it has a back.", query="red sofa")
@example(said="the keywords are sofa, couch", query="red sofa")
@example(said="I'm sorry, I cannot help with that.", query="red sofa")
@example(said="The question needs no rewriting.", query="red sofa")
def test_it_reads_as_the_whole_reader(said: str, query: str) -> None:
    assume(is_plain(said))
    at_a_glance = [parser(said, query=query) for parser in PARSERS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "is_plain", lambda text: False)
        assert at_a_glance == [parser(said, query=query) for parser in PARSERS]


@pytest.mark.parametrize(
    "said",
    [
        "A sofa is a piece of furniture, e.g. a couch, that (mostly) seats two or three.",
        "sofa, settee, couch",
        "Ein Sofa ist ein Möbelstück",
        "沙发是一种家具",
        "In 2020 some 5 % of 1,000 sofas had 3 seats",
    ],
)
def test_most_answers_are_plain(said: str) -> None:
    assert is_plain(said)


@pytest.mark.parametrize(
    "said",
    [
        "Query: red sofa",
        "- red sofa",
        "① red sofa ② blue sofa",
        "1. red sofa",
        '"red sofa"',
        "red sofa\nblue sofa",
        "Query 1. red sofa",
        "Keywords - sofa, couch",
        "sofa (note that it is a seat)",
        "analysisThe user wants a sofa",
        "red\u200b sofa",
        "<b>sofa</b>",
    ],
)
def test_signs_of_structure_are_not(said: str) -> None:
    assert not is_plain(said)


def test_every_reader_of_yaml_reads_the_words_alike() -> None:
    text = (files(reading.__package__) / "words.yaml").read_text("utf-8")
    assert yaml.safe_load(text) == tables()
