"""Terms in every shape."""

from __future__ import annotations

import pytest

from pyterrier_rewrite import Terms

TERMS = ["sofa", "couch"]


@pytest.mark.parametrize(
    "generation",
    [
        "sofa, couch",
        "sofa,couch",
        "sofa , couch",
        "sofa; couch;",
        "sofa\tcouch",
        "sofa / couch",
        "sofa · couch",
        "sofa • couch",
        "• sofa • couch",
        "sofa - couch",
        "sofa → couch",
        "sofa + couch",
        "sofa & couch",
        "sofa or couch",
        "sofa OR couch",
        "sofa || couch",
        "sofa AND couch",
        "(sofa) OR (couch)",
        '("sofa" OR "couch")',
        '"sofa" "couch"',
        "sofa^0.9 couch^0.5",
        "sofa^2, couch^1",
        "sofa:0.9, couch:0.5",
        "sofa (0.9)\ncouch (0.5)",
        "sofa [0.9], couch [0.5]",
        "sofa=0.9, couch=0.5",
        "sofa: 90%\ncouch: 50%",
        "sofa - 0.9\ncouch - 0.5",
        "sofa | 0.9\ncouch | 0.5",
        "| Term | Weight |\n|---|---|\n| sofa | 0.9 |\n| couch | 0.5 |",
        "| Term | Meaning |\n|---|---|\n| sofa | a seat |\n| couch | the same |",
        "1. sofa (a seat)\n2. couch (the same)",
        "- sofa (noun)\n- couch (noun)",
        "- **sofa**: a seat\n- **couch**: the same",
        "1. **sofa** - a seat\n2. **couch** - the same",
        "- sofa – a seat for two\n- couch – the same",
        "Keywords:\n- sofa\n- couch",
        "Keywords:\n1. sofa\n2. couch",
        "**Keywords:** sofa, couch",
        "**Keywords**: sofa, couch",
        "Keywords - sofa, couch",
        "Keywords = sofa, couch",
        'Keywords: "sofa", "couch"',
        "Keywords: `sofa`, `couch`",
        "Keywords: {sofa, couch}",
        "Keywords: <sofa>, <couch>",
        "Keywords: sofa; couch",
        "Keywords: sofa | couch",
        "[sofa, couch]",
        "[sofa; couch]",
        "[sofa] [couch]",
        "[sofa][couch]",
        "<sofa> <couch>",
        "<term>sofa</term><term>couch</term>",
        "<keywords>sofa, couch</keywords>",
        "<keywords>\nsofa\ncouch\n</keywords>",
        '{"sofa", "couch"}',
        "{'sofa', 'couch'}",
        '("sofa", "couch")',
        "```\nsofa, couch\n```",
        "```\nsofa\ncouch\n```",
        "sofa, couch\n\nThese terms are related to seats.",
        "sofa, couch\n\nI chose these because they mean the same.",
        "sofa, couch (these are synonyms)",
        "Sure! sofa, couch",
        "Here are some keywords: sofa, couch",
        "Here are the expansion terms:\n\nsofa, couch",
        "The expansion terms are: sofa, couch",
        "Some related terms are sofa and couch.",
        "Synonyms: sofa, couch",
        "Synonyms of seat: sofa, couch",
        "Stichwörter: sofa, couch",
        "Suchbegriffe: sofa, couch",
        "Mots-clés : sofa, couch",
        "Palabras clave: sofa, couch",
        "Parole chiave: sofa, couch",
        "Palavras-chave: sofa, couch",
        "Ключевые слова: sofa, couch",
        "关键词：sofa，couch",
        "关键词：sofa、couch",
        "キーワード：sofa、couch",
        "키워드: sofa, couch",
        "الكلمات المفتاحية: sofa، couch",
        "Từ khóa: sofa, couch",
        "Avainsanat: sofa, couch",
        "sofa，couch",
        "sofa；couch",
        "sofa、couch。",
        "sofa، couch",
        "sofa, and couch",
        "sofa und couch",
        "sofa, couch, usw.",
        "sofa, couch等",
        "sofa, couch and more",
        "sofa, couch…",
        "sofa, couch, ...",
        "1. sofa, 2. couch",
        "1) sofa, 2) couch",
        "(1) sofa (2) couch",
        "① sofa ② couch",
        "#sofa #couch",
        "#sofa, #couch",
        "*sofa*, *couch*",
        "sofa\n\ncouch",
        "sofa\ncouch\n",
        "sofa,\ncouch,",
        '"sofa",\n"couch"',
        "+sofa +couch",
        "Term 1: sofa\nTerm 2: couch",
        "Keyword 1: sofa\nKeyword 2: couch",
        "Broader terms: sofa\nNarrower terms: couch",
        "1. Synonyms: sofa\n2. Related: couch",
        "Core concepts: sofa\nSynonyms: couch",
        "sofa, Sofa, couch",
        "[“sofa”, “couch”]",
        '["sofa", "couch"',
        '"terms": ["sofa", "couch"]',
        'terms = ["sofa", "couch"]',
        "keywords: [sofa, couch]",
        "keywords:\n  - sofa\n  - couch",
        "<|channel|>final<|message|>sofa, couch<|return|>",
        "Terms: sofa, couch",
        "terms:\nsofa\ncouch",
        "**Expansion Terms:** sofa, couch",
        "Expansion: sofa, couch",
        "Related terms: sofa, couch",
        "Similar terms: sofa, couch",
        "Query expansion: sofa, couch",
        'Expanded terms: ["sofa", "couch"]',
        "<terms>sofa, couch</terms>",
        "<keyword>sofa</keyword>\n<keyword>couch</keyword>",
        "sofa, couch\n\nExplanation: both are seats",
        "sofa, couch\nNote: both are seats",
        "1. sofa: a seat\n2. couch: the same",
        "- sofa (seat)\n- couch (seat)",
        "sofa: 1.0\ncouch: 0.8",
        "sofa – 0.9\ncouch – 0.5",
        "sofa\t0.9\ncouch\t0.5",
        "sofa;0.9\ncouch;0.5",
        '{"sofa": 1, "couch": 0.5}',
        '{"terms": "sofa; couch"}',
        '{"keywords": ["sofa", "couch"], "language": "en"}',
        '{"result": {"keywords": ["sofa", "couch"]}}',
        '[{"text": "sofa"}, {"text": "couch"}]',
        "sofa, couch<|im_end|>",
        "<think>seat</think>Keywords: sofa, couch",
        "Sure! Here are the terms: sofa, couch",
        "Top terms: sofa, couch",
        "Search terms: sofa, couch",
        "Key terms: sofa, couch",
        "Key phrases: sofa, couch",
        "Schlagwörter: sofa, couch",
        "Mots clés: sofa, couch",
        "Términos: sofa, couch",
        "Termini: sofa, couch",
        "Termos: sofa, couch",
        "Термины: sofa, couch",
        "Synonyme: sofa, couch",
        "Synonymes : sofa, couch",
        "Sinónimos: sofa, couch",
        "同义词：sofa、couch",
        "同義語：sofa、couch",
        "동의어: sofa, couch",
        "sofa and couch",
        "sofa, couch and others",
        "sofa;couch",
        "sofa|couch",
        "[sofa, couch].",
        '"sofa, couch"',
        "`sofa, couch`",
        "(sofa, couch)",
        "{sofa; couch}",
        '"sofa" OR "couch"',
        "sofa or couch.",
        "sofa, couch ",
    ],
)
def test_shapes_terms(generation):
    assert Terms()(generation) == TERMS


def test_terms_that_only_count_are_none():
    assert Terms()('{"terms": ["1.0", "2.0", "3.0", "4.0"]}') == []
    assert Terms()("2019, 2020") == ["2019", "2020"]


@pytest.mark.parametrize(
    "generation",
    [
        "Mots-clés suggérés : sofa, couch",
        "Palabras clave sugeridas: sofa, couch",
        "扩展词：sofa、couch",
        "拡張語：sofa、couch",
        "Klíčová slova: sofa, couch",
        "Λέξεις-κλειδιά: sofa, couch",
        "Anahtar kelimeler: sofa, couch",
        "מילות מפתח: sofa, couch",
        "کلمات کلیدی: sofa، couch",
        "คำสำคัญ: sofa, couch",
        "Cuvinte cheie: sofa, couch",
        "furniture: sofa, couch",
        "sofa:3, couch:2",
        "term,weight\nsofa,0.9\ncouch,0.8",
        "seat -> sofa, couch",
        "seat → sofa\nseat → couch",
        '{"synonyms": ["sofa"], "related_terms": ["couch"]}',
    ],
)
def test_terms_under_any_label(generation):
    assert Terms()(generation, "seat for two") == TERMS


def test_brackets_that_tell_terms_apart_are_kept():
    assert Terms()("New York (state), New York (city)") == ["New York (state)", "New York (city)"]


def test_the_query_said_again_is_one_term():
    query = "height of low or very low sofas and beds"
    assert Terms()(f"{query.capitalize()}.", query=query) == [f"{query.capitalize()}."]
    assert Terms()("height of sofas and beds", query=query) == ["height of sofas", "beds"]


def test_terms_of_a_sentence():
    assert Terms()("Keywords are: sofa, couch and settee.") == ["sofa", "couch", "settee"]
    assert Terms()("Related terms include sofa and couch.") == TERMS
    assert Terms()("No additional keywords needed.") == []
    assert Terms()("Star Wars: A New Hope, Luke") == ["Star Wars: A New Hope", "Luke"]


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("The search for red seats is a complex task that requires skill.", []),
        ("The search for this query is more effective by using long seats.", []),
        ('The search engine would look for "couch" and "red seats" to find more.', ["couch"]),
        ('The terms "red seats" can be made more precise by using "settee".', ["settee"]),
        ("The usefulness of the query is enhanced by the use of wood.", []),
        ("The search is hard. sofa, couch", ["sofa", "couch"]),
        ("The terms are sofa and couch.", ["sofa", "couch"]),
        ("The search terms for red seats are: sofa, couch", ["sofa", "couch"]),
        ("The search party is out.", ["The search party is out."]),
        ("These terms appear in texts.\n- sofa\n- couch", ["sofa", "couch"]),
    ],
)
def test_what_is_said_of_the_search_is_no_term(answer, kept):
    assert Terms()(answer, query="red seats") == kept


def test_a_search_that_was_asked_for_is_a_term():
    answer = "The search engine is Lucene."
    assert Terms()(answer, query="which search engine") == [answer]


@pytest.mark.parametrize("end", ["", "\n- Settee: A lo"])
def test_terms_that_are_explained_below_a_line_that_leads_to_them(end):
    answer = "The terms mentioned in it are:\n\n- Sofa: This is a seat.\n- Bed: It is long." + end
    assert Terms()(answer, query="furniture") == ["Sofa", "Bed", *(["Settee"] if end else [])]


def test_a_long_sentence_is_no_list():
    said = "Red seats and long benches are a topic of study and debate in many halls."
    assert Terms()(said, query="halls") == [said]
    assert Terms()("red seats and benches", query="halls") == ["red seats", "benches"]


def test_a_label_in_front_of_the_query_names_no_term():
    assert Terms()("SofaLAM: red seats for two", query="red seats for two") == ["red seats for two"]
