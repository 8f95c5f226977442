"""Prompts: slots, examples, files, and what happens to braces."""

from __future__ import annotations

import os
import re

import pytest

from pyterrier_rewrite import Prompt

HOSTILE = ["{query}", "{examples}", "{0} {} %s ${x}", 'a "quote"\nand a line', "{{", "\\1 \\g<0>"]


@pytest.mark.parametrize("query", HOSTILE)
@pytest.mark.parametrize("name", ["query2doc/zero-shot", "query2doc/few-shot"])
def test_a_query_stands_in_the_prompt_as_it_is_and_once(name, query):
    messages = Prompt.load(name).render(query=query)
    shots = 4 if name.endswith("few-shot") else 0
    assert [message["role"] for message in messages] == ["user", "assistant"] * shots + ["user"]
    assert messages[-1]["content"].endswith(f"Query: {query}\nPassage:")
    plain = Prompt.load(name).render(query="PLAIN")
    assert messages[:-1] == plain[:-1]
    assert "PLAIN" not in str(plain[:-1])
    assert messages[-1]["content"] == plain[-1]["content"].replace("PLAIN", query)


def test_few_shot_examples_stand_in_order_before_the_query():
    prompt = Prompt.load("query2doc/few-shot")
    assert len(prompt.examples) == 4
    mine = prompt.with_examples(
        [{"query": "q {one}", "passage": "p1"}, {"query": "q2", "passage": "{query}"}]
    )
    task = "Write a short passage that answers the last query below. Give the passage only."
    assert mine.render(query="couch") == [
        {"role": "user", "content": f"{task}\n\nQuery: q {{one}}\nPassage:"},
        {"role": "assistant", "content": "p1"},
        {"role": "user", "content": "Query: q2\nPassage:"},
        {"role": "assistant", "content": "{query}"},
        {"role": "user", "content": "Query: couch\nPassage:"},
    ]


TAKES_EXAMPLES = {
    "jagerman": ["q2d", "q2e"],
    "query2doc": ["few-shot"],
    "rewrite-retrieve-read": ["few-shot"],
    "step-back": ["few-shot"],
    "synthetic": ["few-shot"],
    "llm4cs": [
        *["rewrite", "rewrite-reasoned"],
        *["rewrite-and-respond", "rewrite-and-respond-reasoned"],
    ],
}


@pytest.mark.parametrize("name", [f"{f}/{key}" for f, its in TAKES_EXAMPLES.items() for key in its])
def test_examples_are_turns_in_every_prompt_of_the_library(name):
    prompt = Prompt.load(name)
    example = dict.fromkeys(re.findall(r"\{(\w+)\}", prompt.example), "X")
    values = dict.fromkeys(prompt.slots, "Y")
    turns = prompt.with_examples([example] * 2).render(**values)
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * 2 + ["user"]
    contents = [turn["content"] for turn in turns]
    assert contents[0].endswith("\n\n" + contents[2]), "the task is said once, in front"
    assert contents[2] == contents[4].replace("Y", "X")
    assert contents[1] == contents[3]
    assert contents[1].startswith("X")


def test_what_stands_before_the_examples_is_filled():
    prompt = Prompt(
        *("mine/both", 1, (("user", "On {topic}:\n\n{examples}\n\nQ: {query}\nA:"),)),
        *(("query", "topic"), "Q: {query}\nA: {answer}"),
    ).with_examples([{"query": "{topic}", "answer": "{query}"}])
    assert [turn["content"] for turn in prompt.render(query="couch", topic="seats")] == [
        "On seats:\n\nQ: {topic}\nA:",
        "{query}",
        "Q: couch\nA:",
    ]


def test_examples_in_another_form_or_role_stay_one_text():
    for role, example in (("user", "{query} -> {answer}"), ("system", "Q: {query}\nA: {answer}")):
        messages = ((role, "{examples}\n\nQ: {query}\nA:"),)
        prompt = Prompt("mine/one", 1, messages, ("query",), example)
        filled = example.format(query="a", answer="b")
        two = prompt.with_examples([{"query": "a", "answer": "b"}] * 2)
        content = f"{filled}\n\n{filled}\n\nQ: couch\nA:"
        assert two.render(query="couch") == [{"role": role, "content": content}]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Prompt.load("query2dok/zero-shot"), "did you mean 'query2doc'"),
        (lambda: Prompt.load("query2doc/zeroshot"), "did you mean 'zero-shot'"),
        (lambda: Prompt.load("nowhere.yaml#x"), "no prompt file 'nowhere.yaml'"),
        (lambda: Prompt("a/b", 1, (("user", "{qeury}"),), ("query",)), "no message holds {query}"),
        (lambda: Prompt.load("query2doc/zero-shot").with_examples([{}]), "takes no examples"),
        (
            lambda: Prompt.load("query2doc/few-shot").with_examples([{"query": "x"}]),
            r"example 1 .* lacks \['passage'\]",
        ),
    ],
)
def test_errors_say_what_to_do(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("values", [{}, {"quer": "x"}, {"query": "x", "extra": "y"}])
def test_render_takes_exactly_the_slots(values):
    with pytest.raises(TypeError, match="needs values for"):
        Prompt.load("query2doc/zero-shot").render(**values)


def test_own_file(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "reference: me\nprompts:\n  short:\n    version: 2\n    slots: [query]\n"
        "    messages:\n      - {role: system, content: 'JSON: {\"a\": 1}'}\n"
        "      - {role: user, content: 'Shorten {query}'}\n"
    )
    prompt = Prompt.load(f"{file}#short")
    assert (prompt.id, prompt.version, prompt.reference) == ("mine/short", 2, "me")
    assert prompt.render(query="q") == [
        {"role": "system", "content": 'JSON: {"a": 1}'},
        {"role": "user", "content": "Shorten q"},
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "not valid YAML"),
        ("a: 1", "key 'prompts'"),
        ("prompts: {x: {version: 1}}", "should have version, slots and messages"),
        ("prompts: {y: {}}", "has no prompt 'x'"),
    ],
)
def test_broken_files(tmp_path, text, message):
    file = tmp_path / "broken.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        Prompt.load(f"{file}#x")


OWN = """
reference: me
prompts:
  zero-shot:
    version: 7
    slots: [{slot}]
    messages: [{{role: user, content: "My own: {{{slot}}}"}}]
"""


@pytest.fixture
def own_prompts(tmp_path, monkeypatch):
    (tmp_path / "query2doc.yaml").write_text(OWN.format(slot="query"))
    (tmp_path / "mine.yaml").write_text(OWN.format(slot="topic"))
    monkeypatch.setenv("PT_REWRITE_PROMPTS", str(tmp_path))
    return tmp_path


def test_a_folder_of_your_own_goes_before_the_library(own_prompts):
    prompt = Prompt.load("query2doc/zero-shot")
    assert (prompt.id, prompt.version) == ("query2doc/zero-shot", 7)
    assert prompt.render(query="q")[0]["content"] == "My own: q"
    assert Prompt.load("mine/zero-shot").render(topic="t")[0]["content"] == "My own: t"
    assert len(Prompt.load("query2doc/few-shot").examples) == 4  # the others stay


def test_a_changed_file_is_read_anew(own_prompts):
    Prompt.load("mine/zero-shot")
    file = own_prompts / "mine.yaml"
    file.write_text(OWN.format(slot="topic").replace("7", "8"))
    os.utime(file, ns=(1, 1))
    assert Prompt.load("mine/zero-shot").version == 8


def test_the_library_is_back_without_the_folder(own_prompts, monkeypatch):
    assert Prompt.load("query2doc/zero-shot").version == 7
    monkeypatch.delenv("PT_REWRITE_PROMPTS")
    assert Prompt.load("query2doc/zero-shot").version == 1


def test_a_replacement_must_have_the_same_slots(own_prompts):
    (own_prompts / "query2doc.yaml").write_text(OWN.format(slot="topic"))
    with pytest.raises(ValueError, match=r"has the slots \['topic'\].* expected \['query'\]"):
        Prompt.load("query2doc/zero-shot")


def test_the_folder_must_be_one(monkeypatch, tmp_path):
    monkeypatch.setenv("PT_REWRITE_PROMPTS", str(tmp_path / "nothing"))
    with pytest.raises(ValueError, match="should name a folder of prompt files"):
        Prompt.load("query2doc/zero-shot")


def test_an_unknown_prompt_of_a_family_of_ones_own(own_prompts):
    with pytest.raises(ValueError, match="did you mean 'zero-shot'"):
        Prompt.load("mine/zeroshot")
    with pytest.raises(ValueError, match="did you mean 'zero-shot'"):
        Prompt.load("query2doc/zeroshot")
