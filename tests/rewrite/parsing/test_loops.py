"""Loops: degenerate answers end with the same again and again."""

from __future__ import annotations

import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.parsing import Queries, Terms, Text
from pyterrier_rewrite.parsing.loops import without_loop
from pyterrier_rewrite.testing import FakeLLM


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a red sofa" + " sofa" * 6, "a red sofa"),
        ("A red sofa" + " SOFA sofa" * 3 + ".", "A red sofa"),
        ("Couches are sofas." + " They seat two." * 6, "Couches are sofas. They seat two"),
        ("a red so" + "fa" * 12, "a red sofa"),
        ("loofa" + " sofa" * 6, "loofa sofa"),
        ("沙发" + "哈" * 6, "沙发哈"),
        ("Couches" + " seat two," * 6 + " seat", "Couches seat two,"),
        ('{"terms": ["bed"' + ', "sofa"' * 9, '{"terms": ["bed", "sofa'),
        # a long phrase is one sooner
        ("Couches." + " They seat two of us." * 4, "Couches. They seat two of us"),
        (
            "Couches." + " Most of them seat two or three of us." * 3,
            "Couches. Most of them seat two or three of us",
        ),
        (
            "Couches. " + "Most of the older ones in this hall can seat two or three of us. " * 2,
            "Couches. Most of the older ones in this hall can seat two or three of us",
        ),
        ("Terms that are of use here:\nred sofa\n" * 3, "Terms that are of use here:\nred sofa"),
        ("Couches:\n\n" + "Output:\n\n" * 6, "Couches:\n\nOutput:"),
        # a word alone is nothing, a list alone is its item, and some words are left once
        ("D. " * 6, ""),
        ("1." * 6, ""),
        ("sofa " * 6, ""),
        ("2. " + "D. " * 6, ""),
        ("D, " * 6, ""),
        ("a passage " * 50, "a passage"),
        ("D. E. " * 6, ""),
        ("sofa, " * 6, "sofa,"),
        ("red sofa\n" * 6, "red sofa"),
        ('["sofa' + '", "sofa' * 6, '["sofa",'),
    ],
)
def test_a_loop_at_the_end_is_cut_to_one(text, kept):
    assert without_loop(text) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "A sofa is a long seat. It has a back. A sofa is a long seat. It has arms.",
            "A sofa is a long seat. It has a back. It has arms.",
        ),
        (
            "To tune it is a long and arduous task. It is an art. It is a long and arduous task.",
            "To tune it is a long and arduous task. It is an art.",
        ),
        (
            "Chairs in the hall are made of oak. Tables in the hall are made of oak.",
            "Chairs in the hall are made of oak. Tables in the hall are made of oak.",
        ),
        # a good part of a sentence is a clause that was said, of eight words or more
        (
            "The choice of a seat is critical, as it says how many may sit down. It has a back. "
            "The choice of a back is critical, as it says how many may sit down.",
            "The choice of a seat is critical, as it says how many may sit down. It has a back.",
        ),
        (
            "Red sofas are made of leather and seat 2. Blue sofas are made of leather and seat 3.",
            "Red sofas are made of leather and seat 2. Blue sofas are made of leather and seat 3.",
        ),
        (
            "First, draw it by the use of sofa software. Then, build it by the use of sofa "
            "software. At last, sell it by the use of sofa software. It is sold.",
            "First, draw it by the use of sofa software. Then, build it by the use of sofa "
            "software. It is sold.",
        ),
        (
            "It is made in the United States of America. It is sold in the United States of "
            "America. It is known in the United States of America.",
            "It is made in the United States of America. It is sold in the United States of "
            "America. It is known in the United States of America.",
        ),
        (
            "A sofa is a long seat. It has a back. A sofa is a lo",
            "A sofa is a long seat. It has a back.",
        ),
        (
            "沙发是一种供多人坐的长椅子通常有靠背和扶手。" * 2,
            "沙发是一种供多人坐的长椅子通常有靠背和扶手。",
        ),
        ("Pros:\n- It seats two\n- It seats two\n- It is red", "Pros: It seats two It is red"),
        ("Let it be. Let it be. Let it go.", "Let it be. Let it be. Let it go."),
        (
            "A sofa is a long seat, A sofa is a long seat",
            "A sofa is a long seat",
        ),
        (
            "Dr. Red was born in 1980. He sat. Dr. Blue was born in 1990.",
            "Dr. Red was born in 1980. He sat. Dr. Blue was born in 1990.",
        ),
        (
            "Most sofas of the older kind stood in the long hall of kings of the north until the "
            "war. It was lost, and no one but the keeper knew that most sofas of the older kind "
            "stood in the long hall of kings, or that they were red and blue and green and dear.",
            "Most sofas of the older kind stood in the long hall of kings of the north until the "
            "war.",
        ),
    ],
)
def test_a_passage_says_no_sentence_twice(text, kept):
    assert Text()(text) == [kept]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "What sets a red sofa of leather with a long red back and a red sofa of leather with a "
            "long red back apart is a red sofa of leather with a long red back.",
            [],
        ),
        (
            "Sofas of leather with a long red back and two arms are dearer than the sofas of "
            "leather with a long red back and two arms of old.",
            None,
        ),
        ("No sofa is as long, no sofa is as red and no sofa is as dear.", None),
    ],
)
def test_a_sentence_that_goes_round_says_nothing(text, kept):
    assert Text()(text) == ([text] if kept is None else kept)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (["amplifier", "amplifier amplifier", "amplifier amplifier amplifier"], ["amplifier"]),
        (["low_pass", "low_pass_low_pass", "filter"], ["low_pass", "filter"]),
        (["acid", "acid-acid", "acid-acid-acid"], ["acid"]),
        (["C", "C++", "Duran Duran", "x-ray"], ["C", "C++", "Duran Duran", "x-ray"]),
    ],
)
def test_an_item_that_says_its_words_again_is_not_another(said, kept):
    assert Terms()(", ".join(said)) == kept
    assert Queries()("\n".join(f"- {item}" for item in said)) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sofa " * 5,
        "sofa " * 6 + "bed",
        "they seat two of us " * 3,
        "most of them seat two or three of us " * 2,
        "1.1.1.1",
        "Title\n-------------",
        "red sofa!!!!!!!!!",
        "1. sofa\n2. sofa\n3. sofa\n4. sofa\n5. sofa\n6. sofa",
        '{"terms": ["sofa", "sofa", "sofa", "sofa", "sofa", "sofa"]}',
    ],
)
def test_what_is_no_loop_stays(text):
    assert without_loop(text) == text


@pytest.mark.parametrize("parser", [Terms(), Queries()])
@pytest.mark.parametrize(
    "generation",
    [
        '{"x": ["sofa", "sofa", "SOFA", "sofa", "sofa", "sofa", "bed", "sofa"]}',
        "1. sofa\n2. sofa\n3. Sofa\n4. sofa\n5. sofa\n6. bed\n7. sofa",
        "- sofa\n- bed\n" + "- sofa\n" * 20,
        "sofa\nbed\n" + "sofa\nbed\n" * 20,
        '["sofa", "bed"' + ', "sofa"' * 20,
    ],
)
def test_a_list_of_the_same_ends_as_its_distinct_items(parser, generation):
    rewriter = pr.LLMRewriter(FakeLLM(generation), prompt=PLAIN, parser=parser)
    assert rewriter.search("couch")["query"][0] == "sofa bed"


PLAIN = pr.Prompt("test/plain", 1, (("user", "Expand: {query}"),), ("query",))


def test_a_rewriter_keeps_one_of_a_loop_and_the_raw_generation():
    raw = "a red sofa" + " sofa" * 99
    out = pr.LLMRewriter(FakeLLM(raw), prompt=PLAIN).search("couch")
    assert out["query"][0] == "a red sofa"
    assert out["qgen"][0] == [raw]


@pytest.mark.parametrize("raw", ["D. " * 9, "<think>A bed?</think>\n" + "D. " * 9, "1." * 50])
def test_an_answer_that_is_a_loop_fails_and_says_so(raw):
    with pytest.warns(pr.RewriteWarning):
        out = pr.LLMRewriter(FakeLLM(raw), prompt=PLAIN).search("couch")
    assert out["query"][0] == "couch"
    assert out["qstatus"][0] == "failed: the answer repeats itself"


def test_a_loop_among_several_generations_is_left_out():
    llm = FakeLLM(["D. " * 9, "a sofa"])
    out = pr.LLMRewriter(llm, prompt=PLAIN, n=2, temperature=1.0).search("couch")
    assert out[["query", "qstatus"]].values.tolist() == [["a sofa", "ok"]]


def test_a_value_within_json_is_cut_too():
    llm = FakeLLM('{"query": "a red sofa' + " sofa" * 9 + '"}')
    assert pr.LLMRewriter(llm, prompt=PLAIN).search("couch")["query"][0] == "a red sofa"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a " + "sofa " * 40_000, "a sofa"),
        ("an " + "a" * 200_000, "an " + "a" * 200_000),
        ("哈" * 200_000, ""),
        ("ab, cd. " * 25_000 + "x", "ab, cd. " * 25_000 + "x"),
        ("an " + "!" * 200_000 + "?", "an " + "!" * 200_000 + "?"),
    ],
    ids=["words", "letters", "signs without spaces", "no loop", "marks"],
)
def test_long_answers_are_read_in_one_go(text, kept):
    """A run over the text for every place in it would take minutes."""
    assert without_loop(text) == kept


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ([f"sofa-{at}" for at in range(1, 9)], ["sofa-1"]),
        (["bed", *(f"sofa{at}" for at in range(12, 20)), "couch"], ["bed", "sofa12", "couch"]),
        ([f"sofa#{at}" for at in (12, 40, 31, 57, 66, 78, 81, 93)], ["sofa#12"]),
        ([f"sofa-{at}" for at in range(1, 8)], None),
        ([f"Volume {at}" for at in range(1, 12)], None),
        ([f"q{at}" for at in range(1, 12)], None),
        ([f"sofas of {year}" for year in range(2000, 2012)], None),
    ],
)
def test_items_that_only_count_on_are_left_out(said, kept):
    assert Queries()("\n".join(f"- {item}" for item in said)) == (said if kept is None else kept)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It is a family of the night, a family of the night.", "It is a family of the night."),
        (
            "It is able to grow and stand, and it is able to grow and stand alone.",
            "It is able to grow and stand alone.",
        ),
        ("a red sofa for two a red sofa for two and a bed", "a red sofa for two and a bed"),
        ("New York, New York is a long song.", None),
        ("He sat in the long red hall. The long red hall of kings is old.", None),
        ("To sit in the hall is not to stand in the hall.", None),
    ],
)
def test_a_phrase_is_not_said_again_at_once(text, kept):
    assert Text()(text) == [kept or text]
