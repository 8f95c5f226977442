"""What looks like structure and is content, above all where the query says it too."""

from __future__ import annotations

import pytest

from pyterrier_rewrite.parsing import Queries, Terms, Text


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("who was in m*a*s*h", "M*A*S*H cast"),
        ("difference between __init__ and __new__", "__init__ vs __new__ Python"),
        ("whats the difference <div> <span>", "<div> vs <span> difference"),
        ("what does -> do in c", "-> operator in C"),
        ("what does > do in bash", "> redirect in bash"),
        ("what is [INST] for in llama 2", "[INST] token in Llama 2 prompt format"),
        ('why write __name__ == "__main__"', '__name__ == "__main__" meaning'),
        ("why is √2 irrational", "√2 irrational proof"),
        ("what boils at −196 °C", "−196 °C liquid nitrogen"),
        ("tolerance of a resistor", "± 5 % tolerance resistor"),
        ("was steht in § 823 bgb", "§ 823 BGB Schadensersatz"),
        ("paragraph 242 strafe", "§ 242 StGB Strafe"),
        ("🍕 close by", "🍕 near me"),
        ("what does the 🇩🇪 flag mean", "🇩🇪 flag meaning"),
        ("german flag", "🇩🇪 flag meaning"),
        ("when does 1. fc köln play next", "1. FC Köln schedule"),
        ("what does query mean", "Query: meaning in databases"),
        ("who played in assistant the movie", "Assistant: The Movie cast"),
        ("what is an answer in law", "Answer: in law, the first pleading by a defendant."),
        ("was ist eine anfrage", "Anfrage: Im Parlament eine Frage an die Regierung."),
        ("dense retrieval papers since 2020", "dense retrieval after:2020"),
        ("how to cite a book", "Smith, J. (2020). Query: A History. London: Penguin."),
        ("how to analyse a poem", "poem analysis (see also: sonnet form)"),
        ("cello suite 1 note by note", "cello suite no. 1 (note by note analysis)"),
        ("how far is the sun", "The sun is 150 million km away (note: this is a mean)."),
        ("what is a glob", "A glob such as *.py or src/**/*.js matches files by name."),
        ("what is multiplication in python", "In Python 2*3*4 is 24."),
        ("authors of plays", "who wrote Answer: A Play"),
        ("how to learn sparql", "SPARQL query: how to join two graphs"),
        ("styles of a printer", "CSS media query: print"),
        ("a desert planet", "dune book summary: plot and characters"),
        ("what runs first", "__init__.py is run first."),
        ("files of packages", "Put code into __init__.py and __main__.py of a package."),
        ("match domains", r"Write example\.com for a domain and \d+\.\d+ for a number."),
        ("红色沙发", "红色沙发很舒适。他说“这很好”。"),
        ("who rewrote it", 'Was "Hamlet" rewritten as "The Lion King"?'),
        ("prince", "Nothing (song by Prince)"),
        ("when do trains leave", "train at 1: fast"),
        ("struts tags", "<errors> in struts"),
    ],
)
def test_a_text_is_kept(query: str, answer: str) -> None:
    assert Text()(answer, query=query) == [answer]


@pytest.mark.parametrize(
    ("query", "answer", "wanted"),
    [
        ("red sofa", "• red couch", "red couch"),
        ("red sofa", "→ red couch", "red couch"),
        ("red sofa", "− red couch", "red couch"),
        ("red sofa", "*red couch*", "red couch"),
        ("red sofa", "__Query__: red couch", "red couch"),
        ("what is a c++ vector", "**Query:** c++ vector", "c++ vector"),
        ("what does { mean in c", '{"query": "{ in C meaning"}', "{ in C meaning"),
        ("what is a <think> tag", "<think>They ask.</think>\nmeaning of a tag", "meaning of a tag"),
        ("red sofa", "red couch (Note: coreference resolved)", "red couch"),
        ("red sofa", '"""red couch"""', "red couch"),
        ("red sofa", "Elasticsearch query: red couch", "red couch"),
        ("red sofa", "Reasoning process: a seat\nQuery: red couch", "red couch"),
        ("red sofa", r"1\. red couch", "red couch"),
        ("red sofa", "red couch (Word count: 8)", "red couch"),
        ("red sofa", "red couch (Confidence score: .9)", "red couch"),
        ("red sofa", 'The query "red sofa" can be rewritten as "red couch".', "red couch"),
        ("red sofa", '"red sofa" can be rephrased to "red couch"', "red couch"),
    ],
)
def test_what_the_query_does_not_say_is_structure(query: str, answer: str, wanted: str) -> None:
    assert Text()(answer, query=query) == [wanted]


@pytest.mark.parametrize(
    ("query", "answer", "wanted"),
    [
        (
            "what happens in kill bill, alien covenant and mission impossible",
            "1. Kill Bill: Volume 1 plot\n2. Alien: Covenant ending\n3. Mission: Impossible cast",
            ["Kill Bill: Volume 1 plot", "Alien: Covenant ending", "Mission: Impossible cast"],
        ),
        (
            "how to reverse a list in python, java and go",
            "Python: reverse a list\nJava: reverse a list\nGo: reverse a slice",
            ["Python: reverse a list", "Java: reverse a list", "Go: reverse a slice"],
        ),
        ("seats", "Colour: red sofa\nShape: corner sofa", ["red sofa", "corner sofa"]),
        ("where to eat", "🍕 near me\n🍔 near me", ["🍕 near me", "🍔 near me"]),
        ("sofa", "🛋 red sofa\n🪑 blue chair", ["red sofa", "blue chair"]),
        ("sofa", "(1) red sofa\n(2) red sofa", ["red sofa"]),
        ("c operators", "- & operator\n- -> operator", ["& operator", "-> operator"]),
        ("sofa", '"red sofa", "blue sofa", and "divan"', ["red sofa", "blue sofa", "divan"]),
        ("sofa", "Ⅰ red sofa\nⅡ blue sofa", ["red sofa", "blue sofa"]),
        ("sofa", "1/ red sofa\n2/ blue sofa", ["red sofa", "blue sofa"]),
        ("attacks", "9/11 attacks\n7/7 bombings", ["9/11 attacks", "7/7 bombings"]),
        ("沙发", "第一，红色沙发\n第二，蓝色沙发", ["红色沙发", "蓝色沙发"]),
        ("sofa", "1: red sofa 2: blue sofa 3: divan", ["red sofa", "blue sofa", "divan"]),
        (
            "diabetes",
            "what is diabetes\ntype 2 diabetes: symptoms\nhigh blood sugar",
            ["what is diabetes", "type 2 diabetes: symptoms", "high blood sugar"],
        ),
        (
            "intent detection models",
            "best models\nintent detection: bert\nslot filling",
            ["best models", "intent detection: bert", "slot filling"],
        ),
    ],
)
def test_queries_of_a_list(query: str, answer: str, wanted: list[str]) -> None:
    assert Queries()(answer, query=query) == wanted


@pytest.mark.parametrize(
    ("parser", "answer", "wanted"),
    [
        (
            Queries(),
            "1. a sofa\n2. a couch\n\nUser: more\nAssistant: 1. divan",
            ["a sofa", "a couch"],
        ),
        (Queries(), "a sofa\na couch\n\nUser: more\nAssistant: divan", ["a sofa", "a couch"]),
        (Queries(), "1. sofa\n2. couch\n\nQuery: birds\nRewordings:\n1. wings", ["sofa", "couch"]),
        (Queries(), "- sofa\n- couch\n\nQuestion: birds\n- wings", ["sofa", "couch"]),
        (Terms(), "sofa, couch\n\nQuery: birds\nKeywords: wings", ["sofa", "couch"]),
        (Terms(), "Keywords: sofa, couch\n\nQuery: birds\nKeywords: wings", ["sofa", "couch"]),
        (Text(), "red couch\nuser\nthanks\nmodel\nyou are welcome", ["red couch"]),
        (Queries(), "Query: red sofa\nQuery: blue sofa", ["red sofa", "blue sofa"]),
        (Queries(), "Query 1: sofa\n\nQuery 2: couch", ["sofa", "couch"]),
        (Queries(), "Reason: seats\nQuery: red sofa", ["red sofa"]),
        (Terms(), "server\nuser\nclient", ["server", "user", "client"]),
    ],
)
def test_the_next_turn_is_left_out(parser: Queries | Terms, answer: str, wanted: list[str]) -> None:
    assert parser(answer, query="seats for two") == wanted


@pytest.mark.parametrize(
    "comment",
    [
        "Good luck!",
        "Esta versión es más clara y específica.",
        "Diese Fassung ist auch ohne das Gespräch verständlich.",
        "※ 製品名を補いました。",
        "(The laptop was named in the first turn.)",
        "→ The laptop is named.",
    ],
)
def test_a_sentence_below_a_query_is_about_it(comment: str) -> None:
    answer = f"battery life of the laptop\n\n{comment}"
    assert Text()(answer, query="what about the battery") == ["battery life of the laptop"]


@pytest.mark.parametrize(
    "answer",
    [
        "Fjords\n\nA fjord is a long, narrow inlet.",
        "Ways to keep bees\n\n- Buy a hive\n- Plant flowers",
        "Doctor: Where does it hurt?\n\nPatient: In my knee.\n\nDoctor: Since when?",
    ],
)
def test_a_passage_below_a_title_is_kept(answer: str) -> None:
    said = Text()(answer, query="an example")[0]
    assert said.split()[-1] == answer.split()[-1]


@pytest.mark.parametrize(
    "answer",
    [
        "503 Service Temporarily Unavailable",
        "504 Gateway Time-out",
        '{"detail": "Model is overloaded"}',
        '{"message":"Unauthorized"}',
        '{"object":"error","message":"too long","type":"BadRequestError","code":400}',
        "Your request was rejected as a result of our safety system.",
        "CUDA out of memory. Tried to allocate 20.00 MiB",
        "Error: model not loaded",
        "<!DOCTYPE html>\n<html><head><title>Login</title></head><body>Sign in</body></html>",
    ],
)
def test_what_a_server_says_is_no_answer(answer: str) -> None:
    assert Text()(answer, query="red sofa") == []


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("zooey deschanel film", "500 Days of Summer"),
        ("npm cannot find react", "error: cannot find module react"),
        ("why was my visa denied", "your request has been denied visa"),
        ("gateway timeout nginx", "504 gateway timeout nginx"),
    ],
)
def test_a_query_about_an_error_is_one(query: str, answer: str) -> None:
    assert Text()(answer, query=query) == [answer]


@pytest.mark.parametrize(
    "answer",
    [
        "<|channel>thought\nThey want a seat.<channel|>red sofa",
        '<details type="reasoning">\n<summary>Thought for 3 s</summary>\nHm.\n</details>\nred sofa',
        "<|im_start|>think\nHm.<|im_end|>\n<|im_start|>answer\nred sofa<|im_end|>",
        "<|channel|>thought<|message|>Hm.<|end|><|channel|>answer<|message|>red sofa",
        "<|start|>assistant<|channel|>analysis<|message|>Hm.<|end|>"
        "<|start|>assistant<|message|>red sofa",
        "Thinking...\nHm.\n...done thinking.\n\nred sofa",
        "<nachdenken>Ein Sitz.</nachdenken>\nred sofa",
        '[TOOL_CALLS]web_search[ARGS]{"query": "red sofa"}',
        'search{"query": "red sofa"}',
        'to=functions.search {"query":"red sofa"}',
        '{\n  // the query\n  "query": "red sofa"\n}',
        '{/* it */ "query": "red sofa"}',
    ],
)
def test_thoughts_and_calls(answer: str) -> None:
    assert Text()(answer, query="a seat") == ["red sofa"]


def test_an_apostrophe_in_single_quotes() -> None:
    assert Text()("[{'query': 'Kafka's birthplace'}]") == ["Kafka's birthplace"]
    assert Text()("[THINK]They ask for a seat. I could write") == []


def test_code_between_sentences_is_a_text() -> None:
    said = Text()("Use sum:\n\n```python\ntotal = sum([1, 2])\n```\n\nThe total is 3.")
    assert said == ["Use sum: total = sum([1, 2]) The total is 3."]
    assert Text()("```python\nquery = 'red sofa'\n```\nThis query names the colour.") == [
        "red sofa"
    ]


@pytest.mark.parametrize(
    ("query", "said", "kept"),
    [
        ("long red sofas", "red_sofas, long_sofas_red, sort_values", "red sofas"),
        ("how does red_sofas work", "red_sofas", "red_sofas"),
        ("sort a table", "sort_values", "sort_values"),
        ("sort a table", "sort__values_", "sort__values_"),
    ],
)
def test_an_identifier_of_the_querys_words_is_read_as_words(query, said, kept):
    assert Terms()(said, query=query)[0] == kept


@pytest.mark.parametrize(
    ("query", "said", "kept"),
    [
        ("sofas", '["-red", "_long", "–blue"]', ["red", "long", "blue"]),
        ("sofas of -5 degrees", '["-5 degrees", "-l"]', ["-5 degrees", "-l"]),
        ("what does -name do", '["-name of a file"]', ["-name of a file"]),
    ],
)
def test_a_sign_stuck_to_a_word_is_no_operator(query, said, kept):
    assert Terms()(said, query=query) == kept
