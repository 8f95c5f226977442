"""Answers in tags, calls of tools, and what else models wrap around them."""

from __future__ import annotations

import pytest

from pyterrier_rewrite import Queries, Text

RED = ["red sofa"]
BOTH = ["red sofa", "blue sofa"]


@pytest.mark.parametrize(
    "generation",
    [
        "<rewrite>red sofa</rewrite>",
        "<rewritten>red sofa</rewritten>",
        "<new_query>red sofa</new_query>",
        "<reformulated_query>\nred sofa\n</reformulated_query>",
        "<reformulation>red sofa</reformulation>",
        "<standalone>red sofa</standalone>",
        "<final_query>red sofa</final_query>",
        "<q>red sofa</q>",
        "<text>red sofa</text>",
        "<string>red sofa</string>",
        "<solution>red sofa</solution>",
        "<RESPONSE>red sofa</RESPONSE>",
        "<Rewritten_Query>red sofa</Rewritten_Query>",
        "<rewritten-query>red sofa</rewritten-query>",
        "<rewritten query>red sofa</rewritten query>",
        '<query id="1">red sofa</query>',
        "<query type='web'>red sofa</query>",
        "<query>red sofa<query>",
        "<query>red sofa</quer",
        "<query>red sofa\n",
        "<query>\n  red sofa\n</query>\n\nThis query names the colour.",
        "Here is the query:\n<query>red sofa</query>",
        "<output><query>red sofa</query></output>",
        "<result><rewritten_query>red sofa</rewritten_query><confidence>0.9</confidence></result>",
        "<original>couch</original><rewritten>red sofa</rewritten>",
        "<original_query>couch</original_query>\n<rewritten_query>red sofa</rewritten_query>",
        "<reason>colour</reason><query>red sofa</query>",
        "<query>red sofa</query><reason>colour</reason>",
        "<explanation>colour</explanation>\n<query>red sofa</query>",
        '<tool_call>{"name": "web_search", "arguments": {"query": "red sofa", "k": 5}}</tool_call>',
        '<|tool_call|>[{"name": "search", "arguments": {"query": "red sofa"}}]<|/tool_call|>',
        '[TOOL_CALLS][{"name": "search", "arguments": {"query": "red sofa"}}]',
        '<|python_tag|>{"name": "search", "parameters": {"query": "red sofa"}}<|eom_id|>',
        '<|python_tag|>brave_search.call(query="red sofa")<|eom_id|>',
        'search(query="red sofa")',
        '```tool_code\nsearch(query="red sofa")\n```',
        '[search(query="red sofa")]',
        '<function=search>{"query": "red sofa"}</function>',
        "<xml><query>red sofa</query></xml>",
        '<?xml version="1.0"?>\n<query>red sofa</query>',
        "```xml\n<query>red sofa</query>\n```",
        "```html\n<p>red sofa</p>\n```",
        "<div>red sofa</div>",
        '<span class="q">red sofa</span>',
        "<strong>red sofa</strong>",
        "<em>red sofa</em>",
        "<i>red sofa</i>",
        "<code>red sofa</code>",
        "<pre>red sofa</pre>",
        "<blockquote>red sofa</blockquote>",
        "<h1>red sofa</h1>",
        "<mark>red sofa</mark>",
        "<final>red sofa</final>",
        "<ans>red sofa</ans>",
        "<Answer> red sofa </Answer>",
        "[QUERY]red sofa[/QUERY]",
        "[query] red sofa [/query]",
        "[REWRITE] red sofa [/REWRITE]",
        "[OUTPUT]\nred sofa",
        "[START]red sofa[END]",
        "**<query>**red sofa**</query>**",
        "`<query>red sofa</query>`",
        "<|query|>red sofa<|/query|>",
        "<|begin_of_query|>red sofa<|end_of_query|>",
        "<begin_query>red sofa<end_query>",
        "<|START_OF_QUERY|>red sofa<|END_OF_QUERY|>",
        "<|begin_of_solution|>\nred sofa\n<|end_of_solution|>",
        "&lt;query&gt;red sofa&lt;/query&gt;",
        "<query><![CDATA[red sofa]]></query>",
        '<query>"red sofa"</query>',
        "<query>Rewritten query: red sofa</query>",
        '<query>{"query": "red sofa"}</query>',
        "<query>\n```\nred sofa\n```\n</query>",
        "<answer>The rewritten query is: red sofa</answer>",
        "<answer>\n\nred sofa\n\n</answer>\n",
        "<rewrite>red sofa</rewrite>\n<comment>colour</comment>",
        "<query>red sofa</query>",
        '<a href="x">red sofa</a>',
        "<passage>red sofa</passage>",
        "<doc>red sofa</doc>",
        "<consulta>red sofa</consulta>",
        "<frage>red sofa</frage>",
        "<查询>red sofa</查询>",
        "<改写>red sofa</改写>",
        "<запрос>red sofa</запрос>",
        "<requête>red sofa</requête>",
        "<standaloneQuestion>red sofa</standaloneQuestion>",
        "<query>red sofa</query></s>",
        '"<query>red sofa</query>"',
        "<query>red sofa</query>.",
        "<search>red sofa</search>\n<information>A sofa is a seat.</information>",
        '<search_query query="red sofa"/>',
        '<query text="red sofa" />',
    ],
)
def test_tagged_text(generation):
    assert Text()(generation) == RED


@pytest.mark.parametrize(
    "generation",
    [
        "<query>red sofa</query>\n<query>blue sofa</query>",
        "<queries><query>red sofa</query><query>blue sofa</query></queries>",
        "<query1>red sofa</query1><query2>blue sofa</query2>",
        "<query_1>red sofa</query_1>\n<query_2>blue sofa</query_2>",
        "<item>red sofa</item><item>blue sofa</item>",
        "<li>red sofa</li>\n<li>blue sofa</li>",
        "<ol>\n<li>red sofa</li>\n<li>blue sofa</li>\n</ol>",
        "<queries>\nred sofa\nblue sofa\n</queries>",
        "<queries>\n1. red sofa\n2. blue sofa\n</queries>",
        '<queries>["red sofa", "blue sofa"]</queries>',
        "<queries>red sofa</queries>\n<queries>blue sofa</queries>",
        '<query id="1">red sofa</query><query id="2">blue sofa</query>',
        "1. <query>red sofa</query>\n2. <query>blue sofa</query>",
        "- <q>red sofa</q>\n- <q>blue sofa</q>",
        "<question>red sofa</question>\n<question>blue sofa</question>",
        "<sub_question>red sofa</sub_question><sub_question>blue sofa</sub_question>",
        "<answer>\n1. red sofa\n2. blue sofa\n</answer>",
        '<answer>["red sofa", "blue sofa"]</answer>',
        "<original>couch</original><query>red sofa</query><query>blue sofa</query>",
        "<p>red sofa</p><p>blue sofa</p>",
        "[QUERY]red sofa[/QUERY]\n[QUERY]blue sofa[/QUERY]",
        'search("red sofa")\nsearch("blue sofa")',
        '<variant n="1">red sofa</variant><variant n="2">blue sofa</variant>',
    ],
)
def test_tagged_queries(generation):
    assert Queries()(generation) == BOTH


@pytest.mark.parametrize(
    "generation",
    [
        "<function=search>\n<parameter=query>\nred sofa\n</parameter>\n"
        "<parameter=num_results>\n5\n</parameter>\n</function>",
        "<tool_call>search\n<arg_key>query</arg_key>\n<arg_value>red sofa</arg_value></tool_call>",
        "<needs_rewrite>true</needs_rewrite>\n<rewritten_query>red sofa</rewritten_query>",
        "red sofa[/ANS]",
    ],
)
def test_calls_with_settings(generation):
    assert Text()(generation) == RED


@pytest.mark.parametrize(
    "generation",
    [
        "<1>red sofa</1>\n<2>blue sofa</2>",
        "<details>\n<summary>Queries</summary>\n\n- red sofa\n- blue sofa\n</details>",
        "red sofa<sep>blue sofa",
        "red sofa [SEP] blue sofa",
    ],
)
def test_lists_in_tags(generation):
    assert Queries()(generation) == BOTH
