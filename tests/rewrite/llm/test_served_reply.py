"""What servers send: answers in every shape, and what is none."""

from __future__ import annotations

import json
import random
from datetime import datetime, timezone

import pytest

from pyterrier_rewrite.llm import Sampling
from pyterrier_rewrite.llm.served.connection import Raw
from pyterrier_rewrite.llm.served.dialect import SYSTEM, WHOLE, Dialect
from pyterrier_rewrite.llm.served.reply import error_in, read_reply
from pyterrier_rewrite.llm.served.trouble import (
    Cause,
    Concerns,
    TroubleError,
    judge_refusal,
    shorten,
)
from pyterrier_rewrite.llm.served.waits import asked_wait
from tests.support.server import completion

THIRTY_SECONDS = [
    *("Fri, 01 May 2026 10:00:30 GMT", "Friday, 01-May-26 10:00:30 GMT", "2026-05-01T10:00:30Z"),
    *("1777629630", "1777629630000", "30s", "30 seconds", "0m30s", "30, 30"),
]
RESETS = [
    *("ratelimit-reset", "x-ratelimit-reset-after", "x-ratelimit-reset-tokens-minute"),
    *("X-RateLimit-Reset-Requests-Day", "x-ratelimit-reset-input-tokens"),
]
BREAKS = ["timeout", "engine_overloaded", "insufficient_system_resource", "FinishReason.ERROR"]
FILTERS = ["content-filter", "contentFilter", "content_filter: PROHIBITED", "moderation_block"]


def events(*parts: dict[str, object] | str, end: str = "data: [DONE]\n\n") -> str:
    lines = [part if isinstance(part, str) else json.dumps(part) for part in parts]
    return "".join(f"data: {line}\n\n" for line in lines) + end


def delta(text: str | None, *, index: int = 0, finish: str | None = None, **more: object):
    said = {"content": text, **more}
    return {"choices": [{"index": index, "delta": said, "finish_reason": finish}]}


def choice(content: object, finish: str | None = "stop", **message: object) -> str:
    said = {"role": "assistant", "content": content, **message}
    return json.dumps({"choices": [{"index": 0, "message": said, "finish_reason": finish}]})


@pytest.mark.parametrize(
    "raw",
    [
        events(delta("red "), delta("sofa")),
        events(delta("red "), delta("sofa", finish="stop"), end=""),
        ": ping\n\nevent: message\n" + events(delta("red sofa", reasoning_content="hm")),
        events(delta(None, role="assistant"), delta("red sofa"), {"choices": [], "usage": {}}),
        json.dumps(completion("red sofa")) + "\n\ndata: [DONE]\n\n",
        json.dumps([completion("red sofa")]),
        "\n\n" + json.dumps({**completion("red sofa"), "error": None}),
        choice([{"type": "thinking", "text": "hm"}, {"type": "text", "text": "red sofa"}]),
        choice([{"text": "red "}, "sofa"]),
        choice([{"thought": True, "text": "hm"}, {"type": "output_text", "text": "red sofa"}]),
        choice({"type": "text", "text": "red sofa"}),
        choice("red sofa", finish=None),
        choice("red sofa", finish="eos"),
        choice("red sofa", finish="end_turn", reasoning_content="hm"),
        json.dumps({"choices": [{"text": "red sofa", "finish_reason": "stop"}]}),
        events(delta("red "), delta("sofa"), end="data: DONE\n\n"),
        events("", delta("red sofa"), end='data: "[DONE]"\n\n'),
        "\ufeff" + events(delta("red "), delta("sofa")).replace("\n", "\r\n").replace(" {", "{"),
        events(delta("red "), delta("sofa")).replace("\n", "\r"),
        events(json.dumps(delta("red sofa")).replace(", ", ",\ndata: ")),
        events(delta("red "), delta("sofa")).replace("\n\n", "\n"),
        events(delta("red "), delta("sofa"), completion("red sofa")),
        "\n".join(map(json.dumps, [delta("red "), delta("sofa", finish="stop")])),
        json.dumps(completion("red sofa")) + "\n\0",
        json.dumps(completion("red sofa")) + json.dumps(completion("red sofa")),
        choice([{"type": "text", "text": {"value": "red sofa", "annotations": []}}]),
        json.dumps({**completion("red sofa"), "error": {"message": "late"}}),
        choice("red sofa", tool_calls=[]),
    ],
)
def test_reads_an_answer_in_every_shape(raw):
    reply = read_reply(raw, Sampling())
    assert (reply.answer.texts, reply.answer.cut, reply.choices) == (["red sofa"], False, 1)


def test_joins_a_stream_of_several_choices():
    raw = events(
        delta("one", index=1), delta("ze", index=0), delta("ro", index=0), {"usage": {"x": 1}}
    )
    assert read_reply(raw, Sampling(n=2)).answer.texts == ["zero", "one"]


@pytest.mark.parametrize("end", ["\u2028", "\u0085", "\x0b"])
def test_a_line_end_in_a_text_ends_no_line_of_a_stream(end):
    raw = events(json.dumps(delta(f"red{end}sofa"), ensure_ascii=False))
    assert read_reply(raw, Sampling()).answer.texts == [f"red{end}sofa"]
    assert read_reply(choice("red\nsofa").replace("\\n", "\n"), Sampling()).answer.texts


def test_choices_come_in_the_order_of_their_numbers():
    body = completion("zero", "one", "two")
    body["choices"].reverse()
    assert read_reply(json.dumps(body), Sampling(n=3)).answer.texts == ["zero", "one", "two"]


@pytest.mark.parametrize(
    "finish",
    [
        *("length", "max_tokens", "model_length", "MAX_TOKENS", "max_output_tokens"),
        *("FinishReason.MAX_TOKENS", "max_length", "model_context_window_exceeded"),
    ],
)
def test_knows_a_cut_by_any_name(finish):
    assert read_reply(choice("red so", finish=finish), Sampling()).answer.cut


@pytest.mark.parametrize(
    ("raw", "said", "concerns"),
    [
        (choice(""), "no text", Concerns.NOW),
        (choice(None), "no text", Concerns.NOW),
        (choice(" \n"), "no text", Concerns.NOW),
        (choice("\u200b\ufeff\0"), "no text", Concerns.NOW),
        (choice("<think>hm hm</think>"), "no text", Concerns.NOW),
        (choice("<think>hm hm"), "no text", Concerns.NOW),
        (choice("", finish="length"), "max_tokens=33 tokens: raise", Concerns.REQUEST),
        (choice(None, "length", reasoning="hm"), "thought for all of", Concerns.REQUEST),
        (choice("<think>hm hm", finish="MAX_TOKENS"), "thought for all of", Concerns.REQUEST),
        (choice("half a", finish="error"), "broke off", Concerns.NOW),
        (choice("half a", finish="abort"), "broke off", Concerns.NOW),
        (choice(None, finish="content_filter"), "filtered", Concerns.NOW),
        (choice("bad wor", finish="SAFETY"), "filtered", Concerns.NOW),
        (choice(None, refusal="I cannot"), "the model refused: I cannot", Concerns.REQUEST),
        ("", "not JSON", Concerns.NOW),
        ('{"choices": [{"mess', "not JSON", Concerns.NOW),
        ("[" * 100_000, "not JSON", Concerns.NOW),
        ('{"choices": []}', "no choices", Concerns.NOW),
        ("<html>hello", "not JSON", Concerns.NOW),
        *((choice("half a", finish=by), "broke off", Concerns.NOW) for by in BREAKS),
        *((choice("half a", finish=by), "filtered", Concerns.NOW) for by in FILTERS),
        (choice("I'm sorry", refusal="I'm sorry"), "the model refused: I'm", Concerns.REQUEST),
        (choice([{"type": "refusal", "refusal": "No"}]), "the model refused: No", Concerns.REQUEST),
        (choice("Wait.", "tool_calls", tool_calls=[{"id": "a"}]), "no text", Concerns.NOW),
        (events(delta("red "), end='error: {"message": "oh"}\n\ndata: [DONE]\n\n'), "oh", None),
        (events(delta("red "), end=""), "broke off", Concerns.NOW),
        (events(delta("red "), '{"choi', end=""), "not JSON", Concerns.NOW),
    ],
)
def test_says_why_there_is_no_text(raw, said, concerns):
    with pytest.raises(TroubleError) as error:
        read_reply(raw, Sampling(max_tokens=33))
    disguised = error_in(raw)
    trouble = judge_refusal(Raw(200, raw, {}), disguised) if disguised else error.value.trouble
    assert said in trouble.text
    assert trouble.concerns is (concerns or Concerns.NOW)


@pytest.mark.parametrize(
    ("raw", "said", "cause"),
    [
        (events(delta("red "), {"error": {"message": "full", "code": 503}}), "full", Cause.BUSY),
        (events(delta("red "), {"object": "error", "message": "oh"}), "oh", Cause.OTHER),
        (events(delta("red "), end="event: error\ndata: dead\n\n"), "dead", Cause.OTHER),
        (
            json.dumps({"choices": [{"message": {"content": "red"}, "error": {"code": 429}}]}),
            "429",
            Cause.LIMIT,
        ),
        (
            json.dumps({"choices": [{"message": {"content": "r"}}], "error": {"message": "dead"}}),
            "dead",
            Cause.OTHER,
        ),
    ],
)
def test_an_error_behind_half_an_answer_is_an_error(raw, said, cause):
    with pytest.raises(TroubleError) as error:
        read_reply(raw, Sampling())
    disguised = error_in(raw)
    trouble = judge_refusal(Raw(200, raw, {}), disguised) if disguised else error.value.trouble
    assert said in trouble.text
    assert (trouble.concerns, trouble.cause) == (Concerns.NOW, cause)


def test_what_brought_no_text_was_paid_for_all_the_same():
    body = {**json.loads(choice("", "length")), "usage": {"input_tokens": 7, "output_tokens": 30}}
    with pytest.raises(TroubleError) as error:
        read_reply(json.dumps(body), Sampling())
    assert error.value.trouble.tokens == (7, 30)


def test_uses_the_samples_that_are_good():
    body = completion("a", "b", None, "", finish=["stop", "content_filter", "stop", "stop"])
    reply = read_reply(json.dumps(body), Sampling(n=4))
    assert (reply.answer.texts, reply.choices) == (["a"], 4)


@pytest.mark.parametrize(
    ("text", "stop", "left"),
    [
        ("red sofa\nand more", ("\n",), "red sofa"),
        ("\n\nred sofa\nand more", ("\n",), "red sofa"),
        ("red sofa END", ("\n", " END"), "red sofa"),
        ("red sofa", ("\n",), "red sofa"),
    ],
)
def test_cuts_at_a_stop_text_that_the_server_left(text, stop, left):
    assert read_reply(choice(text), Sampling(stop=stop)).answer.texts == [left]


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 7, "completion_tokens": 30}, (7, 30)),
        ({"prompt_tokens": "7", "completion_tokens": "30"}, (7, 30)),
        ({"prompt_tokens": None, "completion_tokens": -3}, (0, 0)),
        ({"prompt_tokens": "many", "completion_tokens": [1]}, (0, 0)),
        # llama.cpp counts the first of n alone: 10 of 3 x 10
        ({"prompt_tokens": 7, "completion_tokens": 10}, (7, 30)),
    ],
)
def test_counts_the_tokens_of_every_choice(usage, tokens):
    body = completion(*["a sofa for two that stands in the living" for _ in range(3)])
    body["usage"] = usage
    answer = read_reply(json.dumps(body), Sampling(n=3)).answer
    assert (answer.prompt_tokens, answer.completion_tokens) == tokens


def refusal(status: int, body: object, headers: dict[str, str] | None = None):
    text = body if isinstance(body, str) else json.dumps(body)
    return judge_refusal(Raw(status, text, headers or {}))


def error(message: str, **more: object) -> dict[str, object]:
    return {"error": {"message": message, **more}}


@pytest.mark.parametrize(
    ("status", "body", "concerns", "advice"),
    [
        (401, error("no"), Concerns.FIRST, "api_key="),
        (500, error("invalid api key"), Concerns.FIRST, "api_key="),
        (400, error("API key not valid. Please pass a valid one."), Concerns.FIRST, "api_key="),
        (403, error("Incorrect API key provided: x"), Concerns.FIRST, "api_key="),
        (403, error("not yours"), Concerns.FIRST, "may not use this model"),
        (404, error('model "x" not found, try pulling it first'), Concerns.FIRST, "base_url"),
        (400, error("The model `x-4.1` does not exist. Ask."), Concerns.FIRST, "the model's name"),
        (404, "<html>nginx</html>", Concerns.FIRST, "base_url"),
        (402, error("pay"), Concerns.ALL, "no credit"),
        (429, error("quota", code="insufficient_quota"), Concerns.ALL, "no credit"),
        (400, error("Your credit balance is too low"), Concerns.ALL, "no credit"),
        (403, "<html>Attention Required!</html>", Concerns.REQUEST, "this prompt"),
        (403, error("requires moderation: flagged"), Concerns.REQUEST, "this prompt"),
        (400, error("context too long"), Concerns.REQUEST, "context too long"),
        (413, "too large", Concerns.REQUEST, "too large"),
        (429, error("You exceeded your current quota"), Concerns.NOW, "status 429"),
        (400, error("Model Not Exist"), Concerns.FIRST, "the model's name"),
        (400, error("The requested model 'x/y' is not supported"), Concerns.FIRST, "model's name"),
        (500, error("invalid authentication credentials"), Concerns.FIRST, "api_key="),
        (400, error("You didn't provide an API key."), Concerns.FIRST, "api_key="),
        (400, {"message": "Token has expired"}, Concerns.FIRST, "api_key="),
        (400, [error("API key not valid")], Concerns.FIRST, "api_key="),
        (503, error("Model x is currently not available"), Concerns.NOW, "currently"),
        (503, error("The model is not loaded yet"), Concerns.NOW, "loaded yet"),
        (400, error("Invalid token '<' in JSON"), Concerns.REQUEST, "in JSON"),
        (400, {"errors": [{"message": "no such route"}]}, Concerns.REQUEST, "no such route"),
        (500, "<html>oops</html>", Concerns.NOW, "oops"),
        (503, [error("warming up")], Concerns.NOW, "warming up"),
        (422, {"detail": "no such thing"}, Concerns.REQUEST, "no such thing"),
        (400, {"error": "Bad Request", "message": "no x"}, Concerns.REQUEST, "Bad Request: no x"),
        (400, {"error": "Authorization header is malformed"}, Concerns.FIRST, "api_key="),
        (
            422,
            {"detail": [{"loc": ["header", "authorization"], "msg": "Field required"}]},
            Concerns.FIRST,
            "api_key=",
        ),
        (400, error("'m' is not a supported model"), Concerns.FIRST, "model's name"),
        (400, error("The model `m` has been decommissioned."), Concerns.FIRST, "model's name"),
        (400, error("too many tokens: 9000"), Concerns.REQUEST, "9000"),
        (410, error("gone"), Concerns.FIRST, "model's name"),
        (407, "no", Concerns.FIRST, "proxy"),
        (303, "", Concerns.FIRST, "elsewhere"),
        (429, error("Budget has been exceeded!"), Concerns.ALL, "no credit"),
        (429, error("no", type="exceeded_current_quota_error"), Concerns.ALL, "no credit"),
        (403, error("Key limit exceeded. Manage it."), Concerns.ALL, "no credit"),
        (400, error("Billing hard limit has been reached"), Concerns.ALL, "no credit"),
        (429, error("No resource package. Please recharge."), Concerns.ALL, "no credit"),
        (400, error("模型不存在，请检查模型代码。"), Concerns.FIRST, "model's name"),
        (498, error("capacity"), Concerns.NOW, "capacity"),
        (400, error("The model has crashed. (Exit code: 6)"), Concerns.NOW, "Exit code"),
        (400, error("Model unloaded."), Concerns.NOW, "unloaded"),
    ],
)
def test_judges_a_refusal_by_what_it_says(status, body, concerns, advice):
    trouble = refusal(status, body)
    assert trouble.concerns is concerns
    assert advice in trouble.text


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (403, error("no", code="rate_limit_exceeded"), Cause.LIMIT),
        (403, error("You have exceeded a secondary rate limit"), Cause.LIMIT),
        (400, error("ThrottlingException: Too many requests"), Cause.LIMIT),
        (400, {"__type": "ThrottlingException", "message": "Too fast"}, Cause.LIMIT),
        (500, error("Rate limit reached for m"), Cause.LIMIT),
        (424, {"error": "Model is overloaded", "error_type": "overloaded"}, Cause.BUSY),
        (500, error("engine overloaded"), Cause.BUSY),
        (500, error("llm busy - no slots available"), Cause.BUSY),
        (500, error("maximum pending requests exceeded"), Cause.BUSY),
    ],
)
def test_too_much_is_too_much_by_any_status(status, body, cause):
    trouble = refusal(status, body)
    assert (trouble.concerns, trouble.cause) == (Concerns.NOW, cause)


@pytest.mark.parametrize(
    ("body", "concerns", "cause"),
    [
        (error("x", type="overloaded_error"), Concerns.NOW, Cause.BUSY),
        (error("Overloaded", type="overloaded_error"), Concerns.NOW, Cause.BUSY),
        (error("too long", type="invalid_request_error"), Concerns.REQUEST, Cause.OTHER),
        (error("model: m", type="not_found_error"), Concerns.FIRST, Cause.OTHER),
        ({"error": "no", "error_type": "validation"}, Concerns.REQUEST, Cause.OTHER),
        (error("no", status="RESOURCE_EXHAUSTED"), Concerns.NOW, Cause.LIMIT),
        (error("no", status=503), Concerns.NOW, Cause.BUSY),
        ({"statusCode": 429, "message": "no"}, Concerns.NOW, Cause.LIMIT),
        ({"error": "429 Too Many Requests"}, Concerns.NOW, Cause.LIMIT),
        ({"error": True, "message": "Rate limit exceeded"}, Concerns.NOW, Cause.LIMIT),
        (error("overloaded", code=503), Concerns.NOW, Cause.BUSY),
        (error("slow down", code="rate_limit_exceeded"), Concerns.NOW, Cause.LIMIT),
        (error("oh"), Concerns.NOW, Cause.OTHER),
        (error("bad", code=400), Concerns.REQUEST, Cause.OTHER),
        (error("invalid api key", code="401"), Concerns.FIRST, Cause.OTHER),
        ({"error": "oh"}, Concerns.NOW, Cause.OTHER),
        ({"error": "Unexpected endpoint or method. (POST /x)"}, Concerns.FIRST, Cause.OTHER),
        ({"error": "Invalid API key"}, Concerns.FIRST, Cause.OTHER),
        ({"message": "Unauthorized", "code": 401}, Concerns.FIRST, Cause.OTHER),
        ({"object": "error", "message": "slow", "code": 429}, Concerns.NOW, Cause.LIMIT),
        ({"choices": [], "detail": "Model 'x' not found"}, Concerns.FIRST, Cause.OTHER),
        ([{"error": {"code": 503, "message": "x"}}], Concerns.NOW, Cause.BUSY),
    ],
)
def test_judges_an_error_in_disguise(body, concerns, cause):
    raw = json.dumps(body)
    trouble = judge_refusal(Raw(200, raw, {}), error_in(raw))
    assert (trouble.concerns, trouble.cause) == (concerns, cause)


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({}, error("no", details=[{"retryDelay": "37s"}]), 37.0),
        ({}, error("no", retry_after=2.5), 2.5),
        ({}, error("Please try again in 2.5s."), 2.5),
        ({}, error("Please try again in 20s. Visit"), 20.0),
        ({}, error("Please retry after 1m30s"), 90.0),
        ({}, error("try again in 500ms"), 0.5),
        ({}, error("Please wait 2 minutes"), 120.0),
        ({}, error("Rate limit reached: 20 requests per minute"), 0.0),
        ({"retry-after": "3"}, error("try again in 20s"), 3.0),
        ({"x-ratelimit-reset-requests": "6m0s"}, "", 360.0),
        (
            {
                "x-ratelimit-reset-requests": "8s",
                "x-ratelimit-remaining-requests": "3",
                "x-ratelimit-reset-tokens": "20ms",
                "x-ratelimit-remaining-tokens": "0",
            },
            "",
            0.02,
        ),
        ({"x-ratelimit-reset": "1777629630"}, "", 30.0),
        ({"x-ratelimit-reset": "1777629630000"}, "", 30.0),
        *(({"Retry-After": form}, "", 30.0) for form in THIRTY_SECONDS),
        *(({name: "30"}, "", 30.0) for name in RESETS),
        ({"X-Ms-Retry-After-Ms": "1500", "retry-after": "2"}, "", 1.5),
        (
            {"date": "Fri, 01 May 2026 09:59:00 GMT", "Retry-After": THIRTY_SECONDS[0]},
            "",
            90.0,
        ),
        ({"retry-after": "0"}, error("try again in 20s"), 20.0),
        (
            {
                "anthropic-ratelimit-tokens-reset": "2026-05-01T10:05:00Z",
                "anthropic-ratelimit-tokens-remaining": "9",
                "anthropic-ratelimit-requests-reset": "2026-05-01T10:00:10Z",
                "anthropic-ratelimit-requests-remaining": "0",
            },
            "",
            10.0,
        ),
        ({}, error("no", details=[{"retryDelay": {"seconds": 17}}]), 17.0),
        ({}, error("no", retryAfterMs=1200), 1.2),
        ({}, error(json.dumps({"retryDelay": "17.5s"})), 17.5),
        ({}, error("no", metadata={"headers": {"X-RateLimit-Reset": "1777629630000"}}), 30.0),
        ({}, {"error": "loading", "estimated_time": 20.0}, 20.0),
        ({}, error("Try again after 2 minutes and 5 seconds"), 125.0),
        ({}, error("You can retry at 2026-05-01T10:00:30Z"), 30.0),
    ],
)
def test_reads_waits_wherever_they_stand(headers, body, seconds):
    now = datetime(2026, 5, 1, 10, 0, 0, tzinfo=timezone.utc)
    text = body if isinstance(body, str) else json.dumps(body)
    present = None if "date" in headers else now
    assert asked_wait(headers, text, now=present) == pytest.approx(seconds)


REQUEST = {
    "model": "m",
    "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
    "temperature": 0.0,
    "top_p": 1.0,
    "max_tokens": 256,
    "n": 3,
    "stop": ["\n"],
    "seed": 3,
    "response_format": {},
    "stream": False,
}


@pytest.mark.parametrize(
    ("said", "parameter"),
    [
        ("`temperature` and `top_p` cannot both be specified for this model.", "top_p"),
        ("'n' : number must be at most 1", "n"),
        ("n > 1 is not supported", "n"),
        ("'body.n': Input should be less than or equal to 1", "n"),
        ("`seed` must not be set when `best_of` > 1", "n"),
        ("'body.seed': Extra inputs are not permitted", "seed"),
        ("Unknown parameter: seed", "seed"),
        ("property 'stop' is unsupported", "stop"),
        ("Unsupported value: 'temperature' does not support 0.0 with this model.", "temperature"),
        ("temperature must be strictly positive", "temperature"),
        ("max_tokens is not supported, use max_completion_tokens instead", "max_tokens"),
        ("'response_format.type' must be 'text'", "response_format"),
        ("Temperature values other than 1 are not supported", "temperature"),
        ("temperature and top_p cannot both be set", "top_p"),
        ("room temperature is a topic that must be avoided", None),
        ("System role not supported", SYSTEM),
        ("Conversation roles must alternate user/assistant/user", SYSTEM),
        ("Developer instruction is not enabled for this model", SYSTEM),
        ("Only user and assistant roles are supported!", SYSTEM),
        ("Invalid role: system", SYSTEM),
        ("'system' is not a valid role", SYSTEM),
        ("Unexpected role 'system' in messages", SYSTEM),
        ("messages[0].role: Input should be 'user' or 'assistant'", SYSTEM),
        ("Unsupported value: 'messages[0].role' does not support 'system'", SYSTEM),
        ("Only one completion choice is allowed", "n"),
        ("Multiple candidates is not enabled for models/x", "n"),
        ("`n` currently only supports 1", "n"),
        ("#/n: expected maximum 1", "n"),
        ("Argument not supported on this model: stop", "stop"),
        ("Invalid 'stop': array too long", "stop"),
        ("'$.stop' is invalid. Please check the API reference.", "stop"),
        ("Unrecognized request argument supplied: seed", "seed"),
        ("`temperature` may only be set to 1 when thinking is enabled.", "temperature"),
        ("`temperature` (=0.0) has to be a strictly positive float", "temperature"),
        ("Please use max_completion_tokens in place of max_tokens", "max_tokens"),
        ("This response_format type is unavailable now", "response_format"),
        ("JSON mode is not supported for this model", "response_format"),
        ("Failed to convert JSON schema to grammar", "response_format"),
        ("unknown variant `system`, expected `user` or `assistant`", SYSTEM),
        ("invalid message role: system", SYSTEM),
        ("This model only support stream mode, please enable the stream parameter", WHOLE),
        ("stream: must be true", WHOLE),
        ("Unknown parameter: 'stream'", "stream"),
        ("max_tokens must be at most 128", None),
        ("'max_tokens' or 'max_completion_tokens' is too large: 256.", None),
        ("maximum context length is 4096 tokens", None),
        ("prompts about seed potatoes are not allowed", None),
        ("this is not a stop sign, which is forbidden", None),
        ("bad request", None),
    ],
)
def test_finds_the_parameter_that_a_message_refuses(said, parameter):
    assert Dialect().refused(said, REQUEST) == parameter


def test_a_parameter_that_was_not_sent_was_not_refused():
    assert Dialect().refused("'seed' is not supported", {"messages": []}) is None


def test_spells_a_request_as_the_server_takes_it():
    dialect = Dialect()
    for parameter in ("max_tokens", SYSTEM, "n"):
        assert dialect.do_without(parameter)
        assert not dialect.do_without(parameter)
    spelled = dialect.spell({**REQUEST, "seed": None}, {"top_p": None, "temperature": 0.5})
    assert spelled == {
        "model": "m",
        "messages": [{"role": "user", "content": "s\n\nu"}],
        "temperature": 0.5,
        "max_completion_tokens": 256,
        "stop": ["\n"],
        "response_format": {},
        "stream": False,
    }
    dialect.do_without(WHOLE)
    assert dialect.spell({**REQUEST}, {})["stream"] is True


def test_messages_hold_no_control_characters():
    said = "bad \x1b[31mRED\x1b[0m \x1b]0;pwned\x07 line1\nCRITICAL root: forged \u202e\u200b x"
    text = refusal(400, error(said)).text
    assert text.isprintable()
    assert "RED" in text
    assert len(shorten("x" * 10_000)) == 301


ODD = [None, True, -1, 1e400, "", [], {}, "x", "length", "429", "\ud800\x1b", {"text": ["b"]}]
FIELDS = [
    *("choices", "message", "content", "error", "code", "type", "param", "usage", "index"),
    *("prompt_tokens", "completion_tokens", "finish_reason", "delta", "text", "detail", "loc"),
]


def anything(draw: random.Random, depth: int) -> object:
    if depth == 0 or draw.random() < 0.3:
        return draw.choice(ODD)
    if draw.random() < 0.4:
        return [anything(draw, depth - 1) for _ in range(draw.randint(0, 3))]
    names = draw.sample(FIELDS, draw.randint(0, 5))
    return {name: anything(draw, depth - 1) for name in names}


@pytest.mark.parametrize("seed", range(20))
def test_reads_whatever_comes_without_falling(seed):
    draw = random.Random(seed)
    for _ in range(200):
        choices = {"choices": [{"message": {"content": anything(draw, 2)}}]}
        body = draw.choice([choices, anything(draw, 5)])
        raw = json.dumps(body) if draw.random() < 0.7 else events(json.dumps(body), end="")
        raw = raw[: draw.randint(0, len(raw))] if draw.random() < 0.1 else raw
        try:
            texts = read_reply(raw, Sampling(n=2, stop=("x",))).answer.texts
            assert texts
            assert all(isinstance(text, str) and text.strip() for text in texts)
        except TroubleError as none:
            shown = none.trouble.text
        else:
            shown = ""
        assert shown.isprintable()
        error_in(raw)
        said = refusal(draw.choice([200, 400, 403, 404, 429, 500]), raw, {"retry-after": "soon"})
        assert said.text.isprintable()
        Dialect().refused(said.said, REQUEST, said.parameter)
