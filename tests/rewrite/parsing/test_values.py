"""Of values in JSON, what was asked for is read: with fields beside it, nested, or damaged."""

from __future__ import annotations

import pytest

from pyterrier_rewrite import Queries, Terms, Text

BOTH = ["red sofa", "blue sofa"]
RED = ["red sofa"]
TERMS = ["sofa", "couch"]


@pytest.mark.parametrize(
    "generation",
    [
        '{"reasoning": "hm", "queries": ["red sofa", "blue sofa"], "count": 2}',
        '{"original_query": "couch", "expanded_queries": ["red sofa", "blue sofa"]}',
        '{"original": "couch", "variants": ["red sofa", "blue sofa"]}',
        '{"query": "couch", "sub_queries": ["red sofa", "blue sofa"]}',
        '{"question": "couch", "sub_questions": ["red sofa", "blue sofa"]}',
        '[{"q": "red sofa", "why": "c"}, {"q": "blue sofa", "why": "d"}]',
        '[{"type": "lex", "query": "red sofa"}, {"type": "vec", "query": "blue sofa"}]',
        '{"alternatives": ["red sofa", "blue sofa"], "explanation": "x"}',
        '{"list": ["red sofa", "blue sofa"]}',
        '{"output": ["red sofa", "blue sofa"]}',
        '{"response": {"queries": ["red sofa", "blue sofa"]}}',
        '{"broad": "red sofa", "narrow": "blue sofa"}',
        '{"queries": {"broad": "red sofa", "narrow": "blue sofa"}}',
        '{"queries": {"colour": ["red sofa"], "other": ["blue sofa"]}}',
        '{"Query 1": "red sofa", "Query 2": "blue sofa"}',
        '{"1": "red sofa", "2": "blue sofa"}',
        '{"preguntas": ["red sofa", "blue sofa"]}',
        '{"查询": ["red sofa", "blue sofa"]}',
        '{"id": 7, "type": "expansion", "queries": ["red sofa", "blue sofa"], "reason": "x"}',
        "{'queries': ['red sofa', 'blue sofa']}",
        '{"queries": [{"query": "red sofa", "score": 0.9}, {"query": "blue sofa", "score": 0.8}]}',
        '{queries: ["red sofa", "blue sofa"]}',
        '{"queries": ["red sofa", "blue sofa"]',
        '{"queries": ["red sofa" "blue sofa"]}',
        '[{"query": "red sofa", "type": "lexical"}, {"query": "blue sofa", "type": "semantic"}]',
        '{"data": {"items": [{"q": "red sofa"}, {"q": "blue sofa"}]}}',
        '{"query_1": "red sofa", "query_2": "blue sofa", "explanation": "x"}',
        '{"queries": "1. red sofa\\n2. blue sofa"}',
        '("red sofa", "blue sofa")',
        '```\n["red sofa",\n "blue sofa"]\n```',
        'queries = [\n  "red sofa",\n  "blue sofa",\n]',
        "['red sofa', 'blue sofa']",
        '["red sofa","blue sofa"]\n\nThese queries keep the colour.',
        '{"queries":["red sofa","blue sofa"]}{"queries":["red sofa","blue sofa"]}',
        '{"plan": [{"step": 1, "query": "red sofa"}, {"step": 2, "query": "blue sofa"}]}',
        '{"steps": [{"step": 1, "question": "red sofa"}, {"step": 2, "question": "blue sofa"}]}',
        '{"sub_queries": {"q1": "red sofa", "q2": "blue sofa"}}',
        '{"decomposition": ["red sofa", "blue sofa"]}',
        '{"questions": ["red sofa", "blue sofa"], "num": 2}',
        '{"variations": ["red sofa", "blue sofa"]}',
        '{"paraphrases": ["red sofa", "blue sofa"]}',
        '{"rephrased": ["red sofa", "blue sofa"]}',
        '{"suggestions": [{"text": "red sofa"}, {"text": "blue sofa"}]}',
        '{"results": [{"title": "red sofa"}, {"title": "blue sofa"}]}',
        '{"query1": {"text": "red sofa"}, "query2": {"text": "blue sofa"}}',
        '{"queries": [{"query": "red sofa"}, {"query": "blue sofa"}], "explanation": "x"}',
        '[["red sofa"], ["blue sofa"]]',
        '["red sofa", "blue sofa"]',
        "[\"red sofa\", 'blue sofa']",
        '[\n"red sofa"\n"blue sofa"\n]',
        '["red sofa","blue sofa"',
        '["red sofa","blue sofa"]]',
        '"queries": ["red sofa", "blue sofa"]',
        "queries: [red sofa, blue sofa]",
        '{"queries": ["red sofa", "blue sofa"], "notes": ["a", "b"]}',
        'Queries:\n```json\n["red sofa", "blue sofa"]\n```\nExplanation:\n- a\n- b',
        '{"lex": "red sofa", "vec": "blue sofa"}',
        "lex: red sofa\nvec: blue sofa",
        '{"queries": ["red sofa", "blue sofa"],}',
        '{"queries": ["red sofa", "blue sofa"]}}',
        '{"queries": ["red sofa", "blue sofa"',
        '{\n  "queries": [\n    "red sofa",\n    "blue sofa"\n  ]\n',
        '{"queries": ["red sofa", \'blue sofa\']}',
        '{"queries": [red sofa, blue sofa]}',
        "{“queries”: [“red sofa”, “blue sofa”]}",
        '{"queries":["red sofa","blue sofa"]} <|im_end|>',
        '```json\n["red sofa", "blue sofa"]\n```\n\nThese cover both colours.',
        '~~~json\n["red sofa", "blue sofa"]\n~~~',
        '```\n{"queries": ["red sofa", "blue sofa"]}\n```',
        '```json\n{"queries": ["red sofa", "blue sofa"]}',
        'json\n{"queries": ["red sofa", "blue sofa"]}',
        'JSON:\n["red sofa", "blue sofa"]',
        'Output: ["red sofa", "blue sofa"]',
        'Output:\n```json\n{"queries": ["red sofa", "blue sofa"]}\n```',
        '**Queries:** ["red sofa", "blue sofa"]',
        'queries: ["red sofa", "blue sofa"]',
        'search_queries = ("red sofa", "blue sofa")',
        "queries = ['red sofa', 'blue sofa']\nprint(queries)",
        '```python\n["red sofa", "blue sofa"]\n```',
        '```js\nconst queries = ["red sofa", "blue sofa"];\n```',
        "```yaml\nqueries:\n  - red sofa\n  - blue sofa\n```",
        "queries:\n  - red sofa\n  - blue sofa",
        "queries:\n- query: red sofa\n- query: blue sofa",
        '{"query": "red sofa"}, {"query": "blue sofa"}',
        '[{"query": "red sofa"} {"query": "blue sofa"}]',
        '["red sofa"]\n["blue sofa"]',
        '1. {"query": "red sofa"}\n2. {"query": "blue sofa"}',
        '- ["red sofa"]\n- ["blue sofa"]',
        '"red sofa", "blue sofa"',
        '"red sofa"\n"blue sofa"',
        '"red sofa",\n"blue sofa"',
        '"red sofa"; "blue sofa"',
        "'red sofa'\n'blue sofa'",
        '{"red sofa", "blue sofa"}',
        '{"queries": ["red sofa\\n", " blue sofa "]}',
        '{"queries": ["1. red sofa", "2) blue sofa"]}',
        '{"queries": ["- red sofa", "- blue sofa"]}',
        '{"queries": ["Query 1: red sofa", "Query 2: blue sofa"]}',
        '{"queries": "- red sofa\\n- blue sofa"}',
        '{"queries": "[\\"red sofa\\", \\"blue sofa\\"]"}',
        '"{\\"queries\\": [\\"red sofa\\", \\"blue sofa\\"]}"',
        '{\\"queries\\": [\\"red sofa\\", \\"blue sofa\\"]}',
        '{{"queries": ["red sofa", "blue sofa"]}}',
        '{"queries": [\n// colours\n"red sofa",\n"blue sofa"\n]}',
        '{"queries": [\n# colours\n"red sofa",\n"blue sofa"\n]}',
        '{"queries": ["red sofa", "blue sofa", ...]}',
        '["red sofa", "blue sofa", "..."]',
        '{"queries": ["red sofa", null, "blue sofa"]}',
        '{"queries": ["red sofa", "", "blue sofa"]}',
        'Here is the list:\n\n["red sofa", "blue sofa"]\n\nEach query names a colour.',
        '[\n  "red sofa",\n  "blue sofa",\n]\n',
        '["red sofa", "blue sofa"].',
        '`["red sofa", "blue sofa"]`',
        '<json>["red sofa", "blue sofa"]</json>',
        '{"q1":"red sofa"}\n{"q2":"blue sofa"}',
        "「red sofa」「blue sofa」",
        '["red sofa"，"blue sofa"]',
    ],
)
def test_values_queries(generation):
    assert Queries()(generation) == BOTH


@pytest.mark.parametrize(
    "generation",
    [
        '{"reasoning": "The user wants a seat.", "rewritten_question": "red sofa"}',
        '{"query": "red sofa", "confidence": 0.93}',
        '{"query": "red sofa", "language": "en", "intent": "shopping"}',
        '{"intent": "shopping", "rewritten": "red sofa"}',
        '{"rewrite": "red sofa", "changes": ["added colour"]}',
        '{"rewrittenQuery": "red sofa", "notes": "colour added"}',
        '{"needs_rewrite": true, "query": "red sofa"}',
        '{"status": "ok", "result": "red sofa"}',
        '{"status": "success", "data": {"query": "red sofa"}}',
        '{"reformulated_query": "red sofa", "original_query": "couch"}',
        '{"source_query": "couch", "expanded_query": "red sofa"}',
        '{"user_query": "couch", "search_query": "red sofa"}',
        '{"conversation": "a b", "standalone_query": "red sofa"}',
        '{"context": "shopping", "question": "red sofa"}',
        '{"analysis": {"intent": "buy", "entities": ["sofa"]}, "query": "red sofa"}',
        '{"entities": ["sofa", "red"], "query": "red sofa"}',
        '{"role": "assistant", "content": "red sofa"}',
        '{"choices": [{"message": {"role": "assistant", "content": "red sofa"}}]}',
        '{"name": "search", "parameters": {"query": "red sofa", "top_k": 10}}',
        '{"function": "search", "args": {"q": "red sofa"}}',
        '{"action": "search", "action_input": "red sofa"}',
        '{"action": "search", "action_input": {"query": "red sofa"}}',
        '{"type": "function", "function": {"name": "search", "arguments": {"query": "red sofa"}}}',
        '{"search_term": "red sofa", "reason": "names the colour"}',
        '{"answer": "red sofa", "sources": ["a", "b"]}',
        '{"text": "red sofa"}',
        '{"final_query": "red sofa", "draft": "couch red"}',
        '{"steps": ["look", "write"], "final_answer": "red sofa"}',
        '{"rewritten_query": "red sofa", "confidence": 0.9, "language": "en"}',
        '{"reasoning": "x", "answer": "red sofa"}',
        '{"standaloneQuestion": "red sofa", "needsRewrite": true}',
        '{"question": "red sofa"}',
        '"red sofa"',
        '{"original_query": "couch", "rewritten_query": "red sofa"}',
        '{"input": "couch", "output": "red sofa"}',
        '{"user_question": "couch", "standalone_question": "red sofa"}',
        '{"thoughts": {"a": "b"}, "query": "red sofa"}',
        '{"query": {"text": "red sofa", "lang": "en"}}',
        '{"query": {"original": "couch", "rewritten": "red sofa"}}',
        '{"result": {"rewritten": "red sofa", "score": "0.9"}}',
        '{"user_intent": "buy", "search_query": "red sofa"}',
        '{"search": {"query": "red sofa"}, "filters": {"colour": "red"}}',
        '{"query": "red sofa", "filters": {"colour": "red"}}',
        '{"query": "red sofa", "keywords": ["sofa", "red"]}',
        '{"query": "red sofa", "top_k": 5, "rerank": true}',
        '{"tool": "search", "input": "red sofa"}',
        '{"tool_name": "search", "tool_input": {"query": "red sofa"}}',
        '{"name": "search", "input": {"q": "red sofa"}}',
        '{"thinking": "hm", "response": "red sofa"}',
        '{"text": "red sofa", "lang": "en", "id": "a1"}',
        '{"standalone": "red sofa", "is_followup": true}',
        '{"followup": false, "question": "red sofa"}',
        '{"history": "couch", "rewrite": "red sofa"}',
        '{"topic": "furniture", "query": "red sofa"}',
        '{"category": "furniture", "query": "red sofa"}',
        '{"domain": "furniture", "query": "red sofa"}',
        '{"persona": "buyer", "query": "red sofa"}',
        '{"title": "Seats", "query": "red sofa"}',
        '{"date": "2024-01-01", "query": "red sofa"}',
        '{"source": "couch", "target": "red sofa"}',
        '{"old": "couch", "new": "red sofa"}',
        '{"before": "couch", "after": "red sofa"}',
        '{"en": "red sofa"}',
        '{"message": "red sofa"}',
        '{"value": "red sofa"}',
        '{"0": "red sofa"}',
        '{"rewritten_queries": ["red sofa"]}',
        '{"rewritten": {"query": "red sofa", "changes": "colour"}}',
        '{"messages": [{"role": "assistant", "content": "red sofa"}]}',
        '{"output": {"text": "red sofa"}}',
        '{"answer": {"query": "red sofa"}}',
        '{"final": "red sofa", "candidates": ["couch", "sofa"]}',
        '{\n  "rewritten_query": "red sofa" // colour added\n}',
        '{"rewritten_query": "red sofa"} // colour added',
        '```json\n{"rewritten_query": "red sofa",}\n```',
        '{"rewritten_query":\n"red sofa"\n}',
        "{rewritten_query: 'red sofa'}",
        '{"rewritten_query": "red sofa"',
        'rewritten_query: "red sofa"',
        'rewritten_query = "red sofa"',
        '{"rewritten_query" : "red sofa" }\n\n```',
        '<think>hm</think>\n```json\n{"rewritten_query": "red sofa"}\n```',
        '["red sofa"]',
        '[{"query": "red sofa"}]',
        '{"query": ["red sofa"]}',
        "{'query': 'red sofa'}",
        '{query: "red sofa"}',
        '{"query": red sofa}',
        '"query": "red sofa"',
        '"query": "red sofa"}',
        '{"query":"red sofa"',
        '{"query":"red sofa"}\n\nI kept the colour.',
        '```json\n{"query": "red sofa"}\n```\nExplanation: colour',
    ],
)
def test_values_text(generation):
    assert Text()(generation) == RED


@pytest.mark.parametrize(
    "generation",
    [
        '{"reasoning": "hm", "keywords": ["sofa", "couch"]}',
        '{"query": "seat", "terms": ["sofa", "couch"]}',
        '{"original_query": "seat", "expansion_terms": ["sofa", "couch"]}',
        '{"keywords": ["sofa"], "synonyms": ["couch"]}',
        '[{"term": "sofa", "score": 0.9}, {"term": "couch", "score": 0.5}]',
        '[{"keyword": "sofa", "type": "noun"}, {"keyword": "couch", "type": "noun"}]',
        '[{"word": "sofa"}, {"word": "couch"}]',
        '{"entities": ["sofa", "couch"]}',
        '{"terms": {"sofa": 0.9, "couch": 0.4}}',
        '{"weights": {"sofa": 0.9, "couch": 0.4}}',
        '[["sofa", 0.9], ["couch", 0.5]]',
        '{"must": ["sofa"], "should": ["couch"]}',
        '{"terms": [{"term": "sofa", "weight": 0.9}, {"term": "couch", "weight": 0.4}]}',
        '{"sofa": 0.9, "couch": 0.5}',
        '{"keywords": "sofa, couch"}',
    ],
)
def test_values_terms(generation):
    assert Terms()(generation) == TERMS


@pytest.mark.parametrize(
    ("generation", "parts"),
    [
        ('{"passage": "A sofa seats two.", "title": "Sofas"}', ["A sofa seats two."]),
        ('{"title": "Sofas", "passage": "A sofa seats two."}', ["A sofa seats two."]),
        (
            '{"hypothetical_document": "A sofa seats two.", "reasoning": "hm"}',
            ["A sofa seats two."],
        ),
        ('{"document": "A sofa seats two.", "length": 5}', ["A sofa seats two."]),
        ('{"pregunta": "sofá rojo", "explicación": "color"}', ["sofá rojo"]),
        ('{"Frage": "rotes Sofa", "Begründung": "Farbe"}', ["rotes Sofa"]),
        ('{"查询": "红色沙发", "理由": "颜色"}', ["红色沙发"]),
        ('{"requête": "canapé rouge", "raison": "couleur"}', ["canapé rouge"]),
    ],
)
def test_values_text_others(generation, parts):
    assert Text()(generation) == parts


@pytest.mark.parametrize(
    ("generation", "parts"),
    [
        ('{"queries": ["men\'s red sofa", "5\\" blue sofa"]}', ["men's red sofa", '5" blue sofa']),
        ('{"queries": ["red \\"club\\" sofa", "blue sofa"]}', ['red "club" sofa', "blue sofa"]),
        ('{"queries": ["red "club" sofa", "blue sofa"]}', ['red "club" sofa', "blue sofa"]),
    ],
)
def test_values_queries_others(generation, parts):
    assert Queries()(generation) == parts


@pytest.mark.parametrize(
    "generation",
    [
        '{"queries": None}',
        '{"queries": null}',
        '{"query": null}',
    ],
)
def test_values_queries_nothing(generation):
    assert Queries()(generation) == []


@pytest.mark.parametrize(
    "generation",
    [
        '{"query": ""}',
        '{"rewritten_query": null, "needs_rewrite": false}',
    ],
)
def test_values_text_nothing(generation):
    assert Text()(generation) == []


@pytest.mark.parametrize(
    ("generation", "parts"),
    [
        ('{"synonyms": {"sofa": ["couch", "settee"]}}', ["couch", "settee"]),
    ],
)
def test_values_terms_others(generation, parts):
    assert Terms()(generation) == parts


def test_only_the_string_that_was_cut_is_left_out():
    generation = '{"queries": ["red sofa", "blue sofa"], "explanation": "The first'
    assert Queries()(generation) == BOTH


@pytest.mark.parametrize("parser", [Terms(), Queries()])
def test_the_name_of_the_format_is_no_value(parser):
    answer = '{"items": ["json", "red sofa", "JSON", "blue sofa"]}'
    assert parser(answer, query="sofa") == ["red sofa", "blue sofa"]
    assert parser(answer, query="sofas in JSON") == ["json", "red sofa", "blue sofa"]
    assert parser('{"items": ["json"]}', query="sofa") == []
