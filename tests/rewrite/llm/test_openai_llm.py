from __future__ import annotations

import asyncio
import copy
import json
import logging
import pickle
import signal
import subprocess
import sys
import threading
from datetime import datetime, timezone

import pytest

from pyterrier_rewrite.errors import LLMError
from pyterrier_rewrite.llm import Message, OpenAILLM, Sampling
from pyterrier_rewrite.llm.served import batch as _batch
from pyterrier_rewrite.llm.served.tries import next_wait
from pyterrier_rewrite.llm.served.waits import asked_wait
from tests.support.server import LoopbackServer, Reply, completion

KEY = "sk-very-secret-4711"


def ask(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


def questions(count: int) -> list[list[Message]]:
    return [ask(f"q{i}") for i in range(count)]


def broken(message: str, status: int = 400, **more: str | None) -> Reply:
    return Reply(status, {"error": {"message": message, **more}})


@pytest.fixture
def waits(monkeypatch):
    """Record the waits instead of waiting."""
    seconds: list[float] = []

    async def pause(wait: float) -> None:
        seconds.append(wait)
        await asyncio.sleep(0)

    monkeypatch.setattr(_batch, "pause", pause)
    return seconds


@pytest.fixture
def make(llm_server, waits):
    def make(**options) -> OpenAILLM:
        return OpenAILLM("m", **{"base_url": llm_server.url, "api_key": KEY, **options})

    return make


def test_answers_in_the_order_of_the_prompts(make, llm_server):
    llm_server.replies = lambda body, number: Reply(latency=0.02 if number % 3 else 0.0)
    answers = make().generate(questions(40))
    assert [a.texts for a in answers] == [[f"q{i}"] for i in range(40)]
    assert all(a.error is None and not a.cached and a.seconds > 0 for a in answers)


def test_counts_tokens_and_says_what_was_cut(make):
    answer, short = make().generate([ask("one two three four"), ask("one")], max_tokens=2)
    assert (answer.texts, answer.cut) == (["one two"], True)
    assert (answer.prompt_tokens, answer.completion_tokens) == (4, 2)
    assert (short.texts, short.cut, short.completion_tokens) == (["one"], False, 1)


def test_sends_every_sampling_parameter(make, llm_server):
    make(extra_body={"reasoning_effort": "low"}).generate(
        [ask("q")], n=2, temperature=0.7, top_p=0.9, max_tokens=33, stop=["\n", "END"], seed=5
    )
    assert llm_server.requests == [
        {
            "model": "m",
            "messages": ask("q"),
            "n": 2,
            "temperature": 0.7,
            "top_p": 0.9,
            "max_tokens": 33,
            "stop": ["\n", "END"],
            "seed": llm_server.requests[0]["seed"],
            "stream": False,
            "reasoning_effort": "low",
        }
    ]
    assert llm_server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_sends_nothing_that_was_not_asked_for(make, llm_server):
    make(extra_body={"temperature": None, "top_p": 0.5}).generate([ask("q")])
    assert llm_server.requests == [
        {"model": "m", "messages": ask("q"), "top_p": 0.5, "max_tokens": 256, "stream": False}
    ]


@pytest.mark.parametrize(
    ("extra", "advice"),
    [
        ({"messages": []}, "change the prompt"),
        ({"messages": None}, "change the prompt"),
        ({"prompt": "x"}, "change the prompt"),
        ({"input": "x"}, "change the prompt"),
        ({"model": "other"}, "give it as model="),
        ({"top_k": 3, "n": 5}, "number of samples"),
        ({"best_of": 5}, "number of samples"),
    ],
)
def test_what_the_client_says_itself_is_not_replaced(make, extra, advice):
    with pytest.raises(ValueError, match=f"extra_body: .* is not to be set here; .*{advice}"):
        make(extra_body=extra)


def test_never_more_in_flight_than_concurrency(make, llm_server):
    llm_server.latency = 0.02
    make(concurrency=8).generate(questions(48))
    assert llm_server.most_in_flight == 8
    assert len(llm_server.requests) == 48


def test_streams_each_answer_as_it_is_done(make, llm_server):
    def reply(body, number):
        return Reply(latency=30.0) if body["messages"][0]["content"] == "q0" else None

    llm_server.replies = reply
    stream = make().stream(questions(3), Sampling())
    assert {next(stream)[0], next(stream)[0]} == {1, 2}
    stream.close()  # would wait half a minute if the last request were not cancelled


def test_closing_early_sends_no_further_requests(make, llm_server):
    llm_server.latency = 0.01
    stream = make(concurrency=2).stream(questions(500), Sampling())
    next(stream)
    stream.close()
    sent = len(llm_server.requests)
    assert sent < 100
    assert sum(t.name == "pyterrier-rewrite-llm" for t in threading.enumerate()) == 1


def test_works_inside_a_running_loop(make):
    async def notebook() -> list[str]:
        return make().generate([ask("q")])[0].texts

    assert asyncio.run(notebook()) == ["q"]


def test_works_from_several_threads(make):
    llm, texts = make(), {}

    def work(number: int) -> None:
        texts[number] = [a.texts[0] for a in llm.generate([ask(f"{number}-{i}") for i in range(9)])]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == {n: [f"{n}-{i}" for i in range(9)] for n in range(4)}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(429),
        Reply(500, "<html>oops</html>"),
        Reply(503),
        Reply(408),
        Reply(hang_up=True),
        Reply(200, "<html>a proxy says hello</html>"),
        Reply(200, '{"choices": [{"mess'),
        Reply(200, "[1, 2]"),
        Reply(200, "null"),
        Reply(200, {"choices": []}),
        Reply(200, {"choices": None}),
        Reply(200, {"error": {"message": "upstream is busy", "code": 502}}),
    ],
)
def test_passing_trouble_is_tried_again(make, llm_server, waits, reply):
    llm_server.replies = [reply, reply]
    answer = make(retries=2).generate([ask("q")])[0]
    assert (answer.texts, answer.error) == (["q"], None)
    assert len(llm_server.requests) == 3
    assert len(waits) == 2
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1.0


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (broken("too slow", 502), "status 502: too slow (tries: 3)"),
        (Reply(500, "<html>oops</html>"), "status 500: <html>oops</html> (tries: 3)"),
        (Reply(hang_up=True), "Server disconnected"),
        (Reply(200, "hello"), "the answer is not JSON: hello"),
        (Reply(200, {"choices": []}), "the answer has no choices"),
        (Reply(200, {"error": {"message": "upstream is busy"}}), "upstream is busy"),
    ],
)
def test_gives_up_one_request_and_answers_the_others(make, llm_server, reply, said):
    llm_server.replies = lambda body, _: reply if body["messages"][0]["content"] == "q1" else None
    first, second, third = make(retries=2).generate(questions(3))
    assert (first.texts, third.texts) == (["q0"], ["q2"])
    assert second.texts == []
    assert second.error.startswith("m: ")
    assert said in second.error
    assert len(llm_server.requests) == 2 + 3


def test_a_request_that_takes_too_long_is_sent_again(make, llm_server):
    llm_server.replies = [Reply(latency=30.0)]
    assert make(timeout=0.2).generate([ask("q")])[0].texts == ["q"]
    llm_server.replies = [Reply(latency=30.0)]
    error = make(timeout=0.2, retries=0).generate([ask("q")])[0].error
    assert error == "m: no answer within 0.2 s (tries: 1)"


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize(
    "said", ["too long: 9000 tokens", "'max_tokens' or 'max_completion_tokens' is too large: 256."]
)
def test_a_bad_request_is_not_sent_again(make, llm_server, waits, status, said):
    llm_server.replies = [broken(said, status)]
    answer, other = make(concurrency=1).generate(questions(2))
    assert answer.error == f"m: status {status}: {said}"
    assert other.texts == ["q1"]
    assert len(llm_server.requests) == 2
    assert waits == []


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (broken("bad key", 401), "api_key="),
        (broken("not yours", 403), "may not use this model"),
        (broken("no model m", 404), "base_url"),
        (Reply(405), "base_url"),
        (broken("pay first", 402), "no credit"),
        (broken("quota", 429, code="insufficient_quota"), "no credit"),
        (
            broken("no 'low'", code="unsupported_value", param="reasoning_effort"),
            "extra_body={'reasoning_effort': None}",
        ),
    ],
)
def test_what_concerns_every_request_ends_the_batch(make, llm_server, reply, said):
    llm_server.latency = 0.02
    llm_server.replies = lambda body, number: reply
    with pytest.raises(LLMError) as error:
        make(concurrency=4).generate(questions(200))
    assert said in str(error.value)
    assert str(error.value).startswith(f"m at 127.0.0.1:{llm_server.port}/v1: ")
    assert len(llm_server.requests) <= 8


def test_no_server_ends_the_batch(make, waits, dead_url):
    with pytest.raises(LLMError, match=r"no server answers; check base_url.*Connect call failed"):
        make(base_url=dead_url, retries=2, concurrency=4).generate(questions(1000))
    assert len(waits) <= 4 * 2


def test_a_server_that_fails_for_long_ends_the_batch(make, llm_server):
    llm_server.replies = lambda body, number: Reply(500) if number > 5 else None
    stream = make(retries=1, concurrency=2).stream(questions(1000), Sampling())
    answers = []
    with pytest.raises(LLMError, match="16 requests in a row were given up"):
        answers.extend(stream)
    assert sum(a.error is None for _, a in answers) == 5
    assert len(llm_server.requests) <= 5 + 2 * 17


def test_failures_among_answers_never_end_the_batch(make, llm_server):
    llm_server.replies = lambda body, number: Reply(500) if number % 2 else None
    answers = make(retries=0, concurrency=1).generate(questions(80))
    assert sum(a.error is not None for a in answers) == 40


def test_the_end_of_the_batch_cancels_the_others_and_keeps_what_was_answered(make, llm_server):
    llm_server.replies = lambda body, number: broken("pay", 402) if number == 9 else None
    answers = make(concurrency=2).generate(questions(200))
    answered = [a.texts[0] for a in answers if a.error is None]
    assert answered[:6] == [f"q{i}" for i in range(6)]
    assert len(answered) <= 9
    assert all("no credit left" in a.error for a in answers if a.error is not None)
    assert len(llm_server.requests) < 20


def test_waits_as_long_as_the_server_asks(make, llm_server, waits):
    llm_server.replies = [Reply(429, headers={"Retry-After": "7"})]
    make(retries=1).generate([ask("q")])
    assert 7.25 <= waits[0] <= 7.5


def test_a_wait_for_one_is_no_wait_for_others(make, llm_server, waits):
    llm_server.replies = [Reply(429, headers={"Retry-After": "7"})]
    make(concurrency=1).generate(questions(3))
    assert [7 < wait < 8 for wait in waits] == [True]


def test_gives_up_when_asked_to_wait_for_long(make, llm_server, waits):
    llm_server.replies = [Reply(429, headers={"Retry-After": "3600"})]
    assert "asks to wait 3600 s" in make().generate([ask("q")])[0].error
    assert waits == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, 0.0),
        ({"retry-after": "nan"}, 0.0),
        ({"retry-after": "Fri, 01 May 2026 10:00:30 GMT"}, 30.0),
        ({"retry-after": "Fri, 01 May 2026 09:00:00 GMT"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
    ],
)
def test_reads_retry_after(headers, seconds):
    now = datetime(2026, 5, 1, 10, 0, 0, tzinfo=timezone.utc)
    assert asked_wait(headers, now=now) == seconds


@pytest.mark.parametrize(
    ("failures", "asked", "chance", "seconds"),
    [(1, 0, 1, 0.5), (1, 0, 0, 0.25), (2, 0, 1, 1.0), (4, 3, 0.5, 6.0), (20, 0, 1, 30.0)],
)
def test_waits_double_up_to_a_limit(failures, asked, chance, seconds):
    assert next_wait(failures, asked=asked, chance=chance) == seconds


def test_asks_for_the_rest_where_the_server_ignores_n(make, llm_server):
    llm_server.ignore_n = True
    answer = make().generate([ask("a b")], n=3, temperature=1.0, seed=10)[0]
    assert answer.texts == ["a b"] * 3
    assert (answer.prompt_tokens, answer.completion_tokens) == (6, 6)
    assert len({r["seed"] for r in llm_server.requests}) == 3
    assert [r.get("n") for r in llm_server.requests] == [3, 2, None]


def test_asks_one_by_one_where_n_is_left_out(make, llm_server):
    answer = make(extra_body={"n": None}).generate([ask("a")], n=2, temperature=1.0)[0]
    assert answer.texts == ["a", "a"]
    assert not [r for r in llm_server.requests if "n" in r]


def test_takes_no_more_choices_than_asked_for(make, llm_server):
    llm_server.replies = [Reply(200, completion("a", "b", "c"))]
    assert make().generate([ask("q")], n=2)[0].texts == ["a", "b"]


def test_a_refusal_is_a_failed_request(make, llm_server):
    refused = completion(None)
    refused["choices"][0]["message"]["refusal"] = "I cannot help"
    called = completion(None, finish=["tool_calls"])
    llm_server.replies = [Reply(200, refused), Reply(200, called)]
    one, two = make(concurrency=1, retries=0).generate(questions(2))
    assert one.error == "m: the model refused: I cannot help"
    assert two.error == "m: the answer has no text (finish_reason 'tool_calls') (tries: 1)"
    assert len(llm_server.requests) == 2


def test_reasoning_does_not_leak(make, llm_server):
    thought = completion("sofa")
    thought["choices"][0]["message"]["reasoning_content"] = "hmm"
    parts = completion("")
    parts["choices"][0]["message"]["content"] = [
        {"type": "thinking", "text": "hmm"},
        {"type": "text", "text": "so"},
        {"type": "text", "text": "fa"},
    ]
    llm_server.replies = [Reply(200, thought), Reply(200, parts)]
    assert [a.texts for a in make(concurrency=1).generate(questions(2))] == [["sofa"]] * 2


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None}, [], "many"])
def test_does_without_usage(make, llm_server, usage):
    body = completion("a")
    body["usage"] = usage
    llm_server.replies = [Reply(200, body)]
    answer = make().generate([ask("q")])[0]
    assert (answer.texts, answer.prompt_tokens, answer.completion_tokens) == (["a"], 0, 0)


@pytest.mark.parametrize(
    "refusal",
    [
        broken("Unsupported", code="unsupported_parameter", param="max_tokens"),
        broken("max_tokens is not supported, use max_completion_tokens"),
    ],
)
def test_falls_back_to_max_completion_tokens(make, llm_server, refusal):
    def reply(body, number):
        if "max_tokens" in body:
            return refusal
        return None

    llm_server.replies = reply
    llm = make(retries=0)
    with pytest.warns(UserWarning, match="max_completion_tokens"):
        assert [a.error for a in llm.generate(questions(3), max_tokens=9)] == [None] * 3
    assert [r["max_completion_tokens"] for r in llm_server.requests[-3:]] == [9] * 3
    before = len(llm_server.requests)
    pickle.loads(pickle.dumps(llm)).generate([ask("q")])  # remembered
    assert len(llm_server.requests) == before + 1


def test_odd_text_arrives(make):
    text = 'nul \x00 quote " snowman \u2603 emoji \U0001f600'
    answers = make().generate([ask(text), ask("lone \ud800"), ask("q")])
    assert answers[0].texts == [text]
    assert answers[1].error is None or answers[1].texts == []
    assert answers[2].texts == ["q"]


def test_the_key_shows_nowhere(make, llm_server, caplog):
    caplog.set_level(logging.DEBUG)
    llm_server.replies = [broken(f"what is {KEY}?"), broken(f"wrong key {KEY}", 401)]
    llm = make(concurrency=1)
    stream = llm.stream(questions(2), Sampling())
    shown = [repr(next(stream))]
    with pytest.raises(LLMError) as error:
        next(stream)
    shown += [str(error.value), repr(error.value.__cause__), repr(error.value.__context__)]
    shown += [repr(llm), str(vars(llm)), llm.identity, caplog.text, repr(pickle.dumps(llm))]
    shown += [repr(vars(pickle.loads(pickle.dumps(llm))))]
    assert not [text for text in shown if KEY in text]
    assert "<secret>" in shown[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"api_key": f"{KEY}\n"}, f"wrong key {KEY}."),
        ({"api_key": f"'{KEY}'"}, f"wrong key {KEY}."),
        ({}, f"wrong key {KEY[:14]}..."),
        ({}, "x" * 290 + KEY),
        ({"headers": {"Authorization": f"Bearer {KEY}"}, "api_key": None}, f"bad token {KEY}"),
        ({"headers": {"X-Auth": f"Token {KEY}"}, "api_key": None}, f"bad token {KEY}"),
        ({"api_key": f"{KEY}/+="}, f"wrong key {KEY}%2F%2B%3D"),
        ({"base_url": f"?key={KEY}", "api_key": None}, f"API key {KEY} not valid"),
        ({"base_url": f"//me:{KEY}@", "api_key": None}, f"wrong password {KEY}"),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_no_secret_shows_in_any_form(make, llm_server, options, said, status):
    address = options.get("base_url", "")
    if address.startswith("?"):
        options = {**options, "base_url": llm_server.url + address}
    elif address:
        options = {**options, "base_url": llm_server.url.replace("//", address)}
    for reply in (Reply(status, {"error": {"message": said}}), Reply(status, f"<p>{said}</p>")):
        llm_server.replies = [reply] * 2
        try:
            shown = str(make(retries=0, **options).generate([ask("q")])[0].error)
        except LLMError as error:
            shown = str(error)
        assert "<secret" in shown
        assert KEY[:13] not in shown


def test_an_address_without_a_scheme_shows_no_secret(make):
    with pytest.raises(LLMError, match=r"key=<secret>"):
        make(base_url=f"localhost:8000/v1?key={KEY}", api_key=None).generate([ask("q")])


def test_what_is_refused_in_the_same_words_ends_the_batch(make, llm_server):
    llm_server.replies = lambda body, number: broken("ask your admin for this service")
    with pytest.raises(LLMError, match="the first 16 requests were refused in the same words"):
        make(concurrency=2).generate(questions(200))
    assert len(llm_server.requests) < 20


@pytest.mark.parametrize("good", [0, 1])
def test_prompts_that_are_refused_end_no_batch(make, llm_server, good):
    said = "not today" if good else "flagged by content_policy"
    llm_server.replies = lambda body, number: broken(said) if number > good else None
    assert len(make(concurrency=1).generate(questions(40))) == 40
    assert len(llm_server.requests) == 40


def test_a_model_that_only_streams_is_read(make, llm_server):
    whole = json.dumps({"choices": [{"delta": {"content": "sofa"}, "finish_reason": "stop"}]})

    def reply(body, number):
        refusal = broken("This model only supports streaming: set stream to true")
        return Reply(200, f"data: {whole}\n\ndata: [DONE]\n\n") if body["stream"] else refusal

    llm_server.replies = reply
    with pytest.warns(UserWarning, match="streams are read"):
        assert [a.texts for a in make().generate(questions(3))] == [["sofa"]] * 3


def test_a_further_try_adds_the_tokens_of_the_first(make, llm_server):
    empty = {**completion(""), "usage": {"prompt_tokens": 7, "completion_tokens": 30}}
    llm_server.replies = [Reply(200, empty)]
    answer = make(retries=1).generate([ask("one")])[0]
    assert (answer.texts, answer.prompt_tokens, answer.completion_tokens) == (["one"], 8, 31)
    llm_server.replies = [Reply(200, empty)] * 2
    answer = make(retries=1).generate([ask("two")])[0]
    assert (answer.texts, answer.prompt_tokens, answer.completion_tokens) == ([], 14, 60)


def test_credentials_in_the_address_are_no_part_of_the_identity():
    llm = OpenAILLM("m", base_url="http://user:pass@host:81/v1/?key=x", extra_body={"b": 1, "a": 2})
    assert llm.identity == 'openai:m@host:81/v1 {"a": 2, "b": 1}'
    assert OpenAILLM("m", base_url="http://host:81/v1") == OpenAILLM(
        "m", base_url="http://host:81/v1/", api_key="k", concurrency=2
    )
    assert llm != OpenAILLM("m", base_url="http://host:81/v1")


def test_copies_keep_the_key_and_pickles_take_the_environments(make, llm_server, monkeypatch):
    llm = make()
    copy.deepcopy(llm).generate([ask("q")])
    monkeypatch.setenv("OPENAI_API_KEY", "from-env")
    pickle.loads(pickle.dumps(llm)).generate([ask("q")])
    make(api_key=None).generate([ask("q")])
    monkeypatch.delenv("OPENAI_API_KEY")
    make(api_key=None).generate([ask("q")])
    sent = [headers["authorization"].removeprefix("Bearer ") for headers in llm_server.headers]
    assert sent == [KEY, "from-env", "from-env", "none"]


def test_openai_itself_needs_a_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(LLMError, match=r"no API key for m at api.openai.com/v1: pass api_key="):
        OpenAILLM("m").generate([ask("q")])


def test_an_address_without_a_scheme_is_refused(make):
    with pytest.raises(LLMError, match=r"http:// or https://, found 'localhost:8000/v1'"):
        make(base_url="localhost:8000/v1").generate([ask("q")])


INTERRUPTED = """
import signal, sys
from pyterrier_rewrite.llm import OpenAILLM
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs without
llm = OpenAILLM("m", base_url=sys.argv[1], concurrency=4)
llm.generate([[{"role": "user", "content": f"q{i}"}] for i in range(5000)])
"""


def test_an_interrupt_cancels_what_is_in_flight(llm_server):
    runs: list[subprocess.Popen[bytes]] = []
    started = threading.Event()

    def interrupt(body, number):
        if number == 20:
            started.wait()
            runs[0].send_signal(signal.SIGINT)
        return Reply(latency=0.01 if number < 20 else 60.0)

    llm_server.replies = interrupt
    command = [sys.executable, "-c", INTERRUPTED, llm_server.url]
    runs.append(subprocess.Popen(command, stderr=subprocess.PIPE))
    started.set()
    _, errors = runs[0].communicate(timeout=50)  # less than the minute that the server would take
    assert runs[0].returncode == -signal.SIGINT
    assert b"KeyboardInterrupt" in errors
    assert b"Unclosed" not in errors
    assert len(llm_server.requests) <= 20 + 4


@pytest.mark.parametrize(
    "wrong", [{"concurrency": 0}, {"concurrency": 1001}, {"timeout": 0}, {"retries": -1}]
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} should be"):
        OpenAILLM("m", **wrong)


def test_importing_the_package_imports_no_client():
    code = "import sys, pyterrier_rewrite.llm; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_server_counts_afresh():
    with LoopbackServer() as server:
        assert (server.requests, server.most_in_flight) == ([], 0)


SCHEMA = {"type": "object", "properties": {"queries": {"type": "array"}}}


def test_asks_for_json_that_follows_a_schema(make, llm_server):
    llm = make()
    assert not llm.constrains  # of itself
    llm.generate([ask("q")], schema=SCHEMA)
    assert llm_server.requests[0]["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
    }


@pytest.mark.parametrize(
    "refusal",
    [
        broken("Invalid parameter: 'response_format' of type 'json_schema' is not supported."),
        broken("no such thing", status=422, code="unsupported_value", param="response_format.type"),
        broken("'response_format.type' must be 'text'"),
        broken("This model does not support structured output"),
    ],
)
def test_does_without_a_schema_where_the_server_takes_none(make, llm_server, refusal):
    llm_server.replies = lambda body, number: refusal if "response_format" in body else None
    llm = make(retries=0, concurrency=4, constrains=True)
    with pytest.warns(UserWarning, match="without a JSON schema"):
        assert [a.error for a in llm.generate(questions(9), schema=SCHEMA)] == [None] * 9
    before = len(llm_server.requests)
    llm.generate(questions(2), schema=SCHEMA)  # remembered
    assert len(llm_server.requests) == before + 2
    assert llm.constrains  # a cache must find the same answers in the next process


def test_a_response_format_of_ones_own_wins(make, llm_server):
    own = {"type": "json_object"}
    for given, sent in ((own, own), (None, None)):
        llm = make(extra_body={"response_format": given})
        llm.generate([ask("q")], schema=SCHEMA)
        assert llm_server.requests[-1].get("response_format") == sent
        with pytest.raises(ValueError, match="constrains: extra_body has a response_format"):
            make(extra_body={"response_format": given}, constrains=True)


def test_a_refused_response_format_of_ones_own_ends_the_batch(make, llm_server):
    llm_server.replies = lambda body, number: broken("'response_format' is not supported")
    with pytest.raises(LLMError, match=r"extra_body=.'response_format': None"):
        make(extra_body={"response_format": {"type": "x"}}).generate([ask("q")], schema=SCHEMA)


def test_headers_of_ones_own_win_and_are_shown_nowhere(llm_server):
    secret = "0123456789abcdef"
    headers = {"api-key": secret, "user-agent": "mine"}
    llm = OpenAILLM("m", base_url=llm_server.url, api_key="key-12345678", headers=headers)
    plain = OpenAILLM("m", base_url=llm_server.url, api_key="key-12345678")
    for one in (llm, plain):
        one.generate([[{"role": "user", "content": "a"}]])
    sent, without = llm_server.headers
    assert (sent["api-key"], sent["user-agent"]) == (secret, "mine")
    assert sent["authorization"] == without["authorization"]
    assert "api-key" not in without
    assert llm == plain
    assert secret not in llm.redact(f"{llm!r}: bad key {secret}")


@pytest.mark.parametrize("headers", [{"a b": "c"}, {"a": "b\nc: d"}, {"": "x"}])
def test_headers_that_cannot_be_sent_are_refused(headers):
    with pytest.raises(ValueError, match=r"headers: .* cannot be sent"):
        OpenAILLM("m", base_url="http://127.0.0.1:1", headers=headers)
