"""Parsers keep content words and drop meta-text."""

from __future__ import annotations

import pandas as pd
import pytest

from pyterrier_rewrite import Completions, LLMRewriter, Prompt, Queries, Terms, Text
from pyterrier_rewrite.parsing.parsers import (
    Items,
    Marked,
    Parser,
    ReasonedText,
    without_unfinished_word,
    written,
)
from pyterrier_rewrite.testing import FakeLLM


@pytest.mark.parametrize(
    ("generation", "text"),
    [
        ("A sofa seats two.", "A sofa seats two."),
        ("Sure! Here is a passage:\n\nA sofa seats two.", "A sofa seats two."),
        ("Sure, here's a passage that answers the query:\nA sofa seats two.", "A sofa seats two."),
        ("Certainly!\nA sofa seats two.", "A sofa seats two."),
        ("Passage: A sofa seats two.", "A sofa seats two."),
        ("**Passage:** A *sofa* seats `two`.", "A sofa seats two."),
        ("Rewritten query: red sofa", "red sofa"),
        ("# Sofas\n\nA sofa\nseats two.", "Sofas A sofa seats two."),
        ("```\nA sofa seats two.\n```", "A sofa seats two."),
        ("<think>The user wants…</think>A sofa seats two.", "A sofa seats two."),
        ("still thinking</think>\nA sofa seats two.", "A sofa seats two."),
        ("<think>The user wants a sofa and", ""),
        ("A sofa seats two.<|im_end|>", "A sofa seats two."),
        ('"A sofa seats two."', "A sofa seats two."),
        ("A sofa seats two.\n\nI hope this helps!", "A sofa seats two."),
        ("A sofa seats two.\nLet me know if you need more.", "A sofa seats two."),
        ("See [sofas](http://x.y/z) here", "See sofas here"),
        ("I'm sorry, but I can't help with that.", ""),
        ("As an AI language model, I cannot know.", ""),
        ("", ""),
        (" \n ... \n", ""),
        ("这是一张沙发。", "这是一张沙发。"),
        (
            "Python 3.11 was released in 2022. It is fast.",
            "Python 3.11 was released in 2022. It is fast.",
        ),
        ("snake_case and 2 * 3 stay", "snake_case and 2 * 3 stay"),
        (
            "Sure thing! Below is a short passage about sofas:\n\nA sofa seats two.",
            "A sofa seats two.",
        ),
        ("Okay, here's the rewritten query:\nred sofa", "red sofa"),
        ("The rewritten query is: red sofa", "red sofa"),
        ('A better query would be "red sofa".', "red sofa"),
        ("Natürlich! Hier ist ein Absatz:\nEin Sofa hat zwei Plätze.", "Ein Sofa hat zwei Plätze."),
        ("Bien sûr ! Voici un passage :\nUn canapé à deux places.", "Un canapé à deux places."),
        ("¡Claro! Aquí tienes un párrafo:\nUn sofá de dos plazas.", "Un sofá de dos plazas."),
        ("当然！以下是一段文字：\n沙发可以坐两个人。", "沙发可以坐两个人。"),
        ("好的，沙发可以坐两个人。", "沙发可以坐两个人。"),
        ("Конечно! Вот текст:\nДиван для двоих.", "Диван для двоих."),
        ("答案：沙发可以坐两个人。", "沙发可以坐两个人。"),
        ("Anfrage: rotes Sofa", "rotes Sofa"),
        ("<answer>A sofa seats two.</answer>", "A sofa seats two."),
        ("<document 1>\nA sofa seats two.\n</document 1>", "A sofa seats two."),
        ("[THINK]hm[/THINK]A sofa seats two.", "A sofa seats two."),
        ("◁think▷hm◁/think▷A sofa seats two.", "A sofa seats two."),
        (
            "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>"
            "A sofa seats two.",
            "A sofa seats two.",
        ),
        ("<|channel|>analysis<|message|>The user wants a sofa", ""),
        ("A sofa seats two.</s>", "A sofa seats two."),
        ("A sofa seats two.<｜end▁of▁sentence｜>", "A sofa seats two."),
        ("A sofa seats two.\n\nQuery: next query\nPassage: another", "A sofa seats two."),
        ("A sofa seats two.\n\nExplanation: I chose\nthese words.", "A sofa seats two."),
        ("A sofa seats two.\nThis passage provides background.", "A sofa seats two."),
        ('{"passage": "A sofa seats two."}', "A sofa seats two."),
        ('{"passage": "A sofa seats', "A sofa seats"),
        ('```json\n{"passage": "A sofa\nseats two."}\n```', "A sofa seats two."),
        ("1. A sofa seats two.\n2. A couch too.", "A sofa seats two. A couch too."),
        ("I’m sorry, but I can’t help with that.", ""),
        ("I cannot assist with this request.", ""),
        ("Unfortunately, I don't have access to this.", ""),
        ("Es tut mir leid, dabei kann ich nicht helfen.", ""),
        ("抱歉，我无法回答这个问题。", ""),
        ("Lo siento, no puedo ayudar.", ""),
        ("I can't sleep at night: remedies", "I can't sleep at night: remedies"),
        ("Sorry I Missed You film", None),
        ("Sorry, I can't do that.", ""),
        ("Sorry Not Sorry is a song by Demi Lovato", None),
        ("e. coli infection", "e. coli infection"),
        ("2. bundesliga tabelle", "2. bundesliga tabelle"),
        ("1999 was a year. 2. Also this.", "1999 was a year. 2. Also this."),
        ("List<String> in Java holds strings", "List<String> in Java holds strings"),
        ("use {x} and [y] in C", "use {x} and [y] in C"),
        ("أريكة حمراء", "أريكة حمراء"),
        ("赤いソファ", "赤いソファ"),
        ("Here Comes the Sun is a song: it was written in 1969.", None),
    ],
)
def test_text(generation, text):
    parts = Text()(generation)
    if text is None:
        assert parts == [generation]
    else:
        assert parts == ([text] if text else [])


@pytest.mark.parametrize(
    ("generation", "queries"),
    [
        ("red sofa", ["red sofa"]),
        ("1. red sofa\n2. blue sofa", ["red sofa", "blue sofa"]),
        ("1) red sofa\n2) blue sofa", ["red sofa", "blue sofa"]),
        (
            "Here are three queries:\n- red sofa\n* blue sofa\n• couch",
            ["red sofa", "blue sofa", "couch"],
        ),
        ("1. red sofa 2. blue sofa 3. couch", ["red sofa", "blue sofa", "couch"]),
        (
            "learn Python 3.11\nlearn Python 3. 2 times",
            ["learn Python 3.11", "learn Python 3. 2 times"],
        ),
        ('["red sofa", "blue sofa"] I hope this helps', ["red sofa", "blue sofa"]),
        ('```json\n{"queries": ["red sofa", "blue sofa"]}\n```', ["red sofa", "blue sofa"]),
        ('{"queries": [{"query": "red sofa"}, {"query": "blue sofa"}]}', ["red sofa", "blue sofa"]),
        ('["red sofa", "blue so', ["red sofa"]),
        ('["\\u6c99\\u53d1", "say \\"hi\\"", "blue so', ["沙发", 'say "hi"']),
        ('{"query": "red sofa for a', ["red sofa for a"]),
        ('["red sofa for a', ["red sofa for a"]),
        ('{"queries": [{"query": "red sofa"}, {"query": "bl', ["red sofa"]),
        ('{"que', []),
        ('{"queries": ["red sofa", "bl', ["red sofa"]),
        ("Query 1: red sofa\nQuery 2: blue sofa", ["red sofa", "blue sofa"]),
        ('1. "red sofa"\n2. “blue sofa”', ["red sofa", "blue sofa"]),
        ("1. red sofa\n2. Red Sofa", ["red sofa"]),
        ("1. **red sofa**\n2. _blue sofa_", ["red sofa", "blue sofa"]),
        ("I cannot help with that.", []),
        ("", []),
        ("Here are the queries:", []),
        ("red sofa\nblue sofa", ["red sofa", "blue sofa"]),
        ("Possible searches:\nred sofa\nblue sofa", ["red sofa", "blue sofa"]),
        ("Mögliche Anfragen:\nrotes Sofa\nblaues Sofa", ["rotes Sofa", "blaues Sofa"]),
        ("(1) red sofa\n(2) blue sofa", ["red sofa", "blue sofa"]),
        ("[1] red sofa\n[2] blue sofa", ["red sofa", "blue sofa"]),
        ("1: red sofa\n2: blue sofa", ["red sofa", "blue sofa"]),
        ("1\\. red sofa\n2\\. blue sofa", ["red sofa", "blue sofa"]),
        ("**1.** red sofa\n**2.** blue sofa", ["red sofa", "blue sofa"]),
        ("1️⃣ red sofa\n2️⃣ blue sofa", ["red sofa", "blue sofa"]),
        ("①红色沙发\n②蓝色沙发", ["红色沙发", "蓝色沙发"]),
        ("1、红色沙发\n2、蓝色沙发", ["红色沙发", "蓝色沙发"]),
        ("1.红色沙发\n2.蓝色沙发", ["红色沙发", "蓝色沙发"]),
        ("a) red sofa\nb) blue sofa", ["red sofa", "blue sofa"]),
        ("A. red sofa\nB. blue sofa", ["red sofa", "blue sofa"]),
        ("+ red sofa\n+ blue sofa", ["red sofa", "blue sofa"]),
        ("– red sofa\n– blue sofa", ["red sofa", "blue sofa"]),
        ("•red sofa\n•blue sofa", ["red sofa", "blue sofa"]),
        ("red sofa\n2. blue sofa\n3. couch", ["red sofa", "blue sofa", "couch"]),
        ("Searches:\n2. blue sofa\n3. couch", ["blue sofa", "couch"]),
        (
            "1. red sofa\n   - names the colour\n2. blue sofa\n   - names another",
            ["red sofa", "blue sofa"],
        ),
        ("1. Colours:\n- red sofa\n2. Sizes:\n- small sofa", ["red sofa", "small sofa"]),
        ("1. red sofa, 2. blue sofa", ["red sofa", "blue sofa"]),
        ("iPhone 15\niPhone 16", ["iPhone 15", "iPhone 16"]),
        ("3. Liga Tabelle", ["3. Liga Tabelle"]),
        ("J. Smith biography", ["J. Smith biography"]),
        ("Query: red sofa", ["red sofa"]),
        ("Search Query 1: red sofa\nSearch Query 2: blue sofa", ["red sofa", "blue sofa"]),
        ("查询：红色沙发", ["红色沙发"]),
        ("Sub-query 1: red sofa\nSub-query 2: blue sofa", ["red sofa", "blue sofa"]),
        ("Q1: red sofa\nQ2: blue sofa", ["red sofa", "blue sofa"]),
        ("<query>red sofa</query><query>blue sofa</query>", ["red sofa", "blue sofa"]),
        ("<think>1. no\n2. no</think>1. red sofa\n2. blue sofa", ["red sofa", "blue sofa"]),
        (
            "Sure!\n```\nred sofa\nblue sofa\n```\nThe first one names a colour.",
            ["red sofa", "blue sofa"],
        ),
        ('```json\n["red sofa", "blue sofa"]', ["red sofa", "blue sofa"]),
        ('```json ["red sofa"] ```', ["red sofa"]),
        ("['red sofa', \"men's shoes\"]", ["red sofa", "men's shoes"]),
        ('["red sofa", "blue sofa",]', ["red sofa", "blue sofa"]),
        ('Here is the JSON:\n{"queries": ["red sofa"]}\nHope it helps', ["red sofa"]),
        ('{"thoughts": "hm", "queries": ["red sofa"]}', ["red sofa"]),
        ('{"thoughts": "hm", "queries": ["red sofa",],}', ["red sofa"]),
        ("1. Searches\n- red sofa\n- blue sofa", ["red sofa", "blue sofa"]),
        ("A. Lincoln biography", ["A. Lincoln biography"]),
        ('{"q1": "red sofa", "q2": "blue sofa"}', ["red sofa", "blue sofa"]),
        ('{"queries": [["red sofa"], ["blue sofa"]]}', ["red sofa", "blue sofa"]),
        ('{"queries": ["say \\"hi\\"", "a\\u0062"]}', ['say "hi"', "ab"]),
        ('{"queries": [true, null, 7]}', ["7"]),
        ("{}", []),
        ("[]", []),
        ("price [2024] sofa", ["price [2024] sofa"]),
        ("« canapé rouge »\n„rotes Sofa“", ["canapé rouge", "rotes Sofa"]),
        ("red sofa\nNote: the colour matters.", ["red sofa"]),
        ("red sofa\nThese queries cover the colour.", ["red sofa"]),
        ("C++ list vs vector\n.net core", ["C++ list vs vector", ".net core"]),
        ("-5 degrees celsius", ["-5 degrees celsius"]),
    ],
)
def test_queries(generation, queries):
    assert Queries()(generation) == queries


@pytest.mark.parametrize(
    ("generation", "terms"),
    [
        ("sofa, couch, settee", ["sofa", "couch", "settee"]),
        ("Keywords: sofa, couch; settee", ["sofa", "couch", "settee"]),
        ("Sure! Here is the list:\n1. sofa\n2. couch", ["sofa", "couch"]),
        ("- Python 3.11\n- C++", ["Python 3.11", "C++"]),
        ('["sofa", "three-seater, blue"]', ["sofa", "three-seater, blue"]),
        ("sofa, , SOFA", ["sofa"]),
        ("sofa, couch, and settee", ["sofa", "couch", "settee"]),
        ("sofa | couch | settee", ["sofa", "couch", "settee"]),
        ("Keywords: sofa, couch\nSynonyms: settee", ["sofa", "couch", "settee"]),
        ("沙发，长椅、躺椅", ["沙发", "长椅", "躺椅"]),
        ("диван; софа", ["диван", "софа"]),
        ("1. **Sofa**: a seat for two\n2. **Couch** – the same", ["Sofa", "Couch"]),
        ("costs 1,000 dollars, cheap", ["costs 1,000 dollars", "cheap"]),
        ("Sure! Keywords:\nsofa, couch", ["sofa", "couch"]),
        ("- sofa, red\n- couch", ["sofa, red", "couch"]),
        ('{"terms": ["sofa", "cou', ["sofa"]),
        ("I'm sorry, I cannot provide keywords.", []),
    ],
)
def test_terms(generation, terms):
    assert Terms()(generation) == terms


def test_limits():
    assert Terms(limit=2)("a1, b1, c1") == ["a1", "b1"]
    assert Queries(limit=1)("- a\n- b") == ["a"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a waterproof hiking sh", "a waterproof hiking"),
        ("It is done.", "It is done."),
        ('["red sofa", "blue so', '["red sofa", "blue'),
        ('["red sofa"]', '["red sofa"]'),
        ("沙发可以坐", "沙发可以坐"),
        ("word", "word"),
        ("", ""),
        ("red sofa bed, couch, red sofa be", "red sofa bed, couch"),
        ("red sofa bed\nblue sofa ch", "red sofa bed\nblue sofa"),
        ("- red sofa bed\n- red", "- red sofa bed"),
    ],
)
def test_half_words(text, kept):
    assert without_unfinished_word(text) == kept


@pytest.mark.parametrize(("cut", "query"), [(True, "a waterproof hiking"), (False, "a water sh")])
def test_a_rewriter_leaves_half_words_out_where_an_answer_was_cut(cut, query):
    class Cutting(FakeLLM):
        def stream(self, prompts, sampling):
            yield 0, Completions(["a waterproof hiking sh" if cut else "a water sh"], cut=cut)

    plain = Prompt("test/plain", 1, (("user", "{query}"),), ("query",))
    topics = pd.DataFrame({"qid": ["1"], "query": ["x"]})
    assert LLMRewriter(Cutting(), prompt=plain)(topics)["query"][0] == query


@pytest.mark.parametrize("parser", [Text(), Terms(), Queries()])
@pytest.mark.parametrize(
    "text", ["x" * 30_000, "<think>" * 3000, "[" * 5000, "(1) " * 5000, "*" * 9000]
)
def test_parsers_take_any_text_in_time(parser, text):
    assert isinstance(parser(text), list)


@pytest.mark.parametrize(("parser", "name"), [(Terms(), "terms"), (Queries(), "queries")])
def test_an_answer_that_follows_the_schema_is_read(parser, name):
    assert parser.schema["required"] == [name]
    assert parser(f'{{"{name}": ["1. red sofa", "2. couch"]}}') == ["red sofa", "couch"]


@pytest.mark.parametrize("constrains", [True, False])
def test_a_list_is_asked_for_in_json_where_the_model_is_to_be_held_to_it(constrains):
    plain = Prompt("test/plain", 1, (("user", "{query}"),), ("query",))
    llm = FakeLLM("x", constrains=constrains)
    LLMRewriter(llm, prompt=plain, parser=Queries()).search("sofa")
    LLMRewriter(llm, prompt=plain).search("sofa")
    schemas = [sampling.schema for _, sampling in llm.calls]
    assert schemas == [Queries().schema if constrains else None, None]


@pytest.mark.parametrize(
    "generation",
    [
        "N/A",
        "(none)",
        "I don't know.",
        "No change needed.",
        "There is no information about this in the documents.",
        '{"queries": []}',
    ],
)
@pytest.mark.parametrize("parser", [Text(), Terms(), Queries()])
def test_an_answer_that_says_nothing_gives_nothing(parser, generation):
    assert parser(generation) == []


def test_of_an_object_the_item_is_kept_and_not_what_is_said_of_it():
    assert Queries()('{"queries": [{"query": "red sofa", "why": "asked"}]}') == ["red sofa"]


def test_a_plain_answer_that_begins_like_nothing_is_kept():
    assert Text()("None of the sofas is red.") == ["None of the sofas is red."]


def test_a_text_in_steps_is_one():
    steps = "Step 1: Define the task\nThe task is to tune it.\n\nStep 2: Tune it\nThe screw turns."
    assert Text()(steps) == [" ".join(steps.split())]
    assert ReasonedText()(steps) == ["The task is to tune it. The screw turns."]
    assert ReasonedText()("Step 1: Define it\nStep 2: Tune it") == ["Define it Tune it"]
    queries = "Query 1: red sofa\nThis query asks for the sofa.\nQuery 2: blue sofa\nThis asks."
    assert Text()(queries) == ["red sofa"]


@pytest.mark.parametrize("parser", [Terms(), Queries(), Items(), Marked()])
def test_what_a_parser_writes_it_reads(parser: Parser) -> None:
    parts = ["red sofa", "couch", "rafa's settee"]
    assert parser(written(parser, parts)) == parts
    assert parser(written(parser, [written(parser, parts[:2]), parts[2]])) == parts
