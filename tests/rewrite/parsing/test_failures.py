"""An error message in place of an answer gives nothing; one that was asked for is an answer."""

from __future__ import annotations

import pytest

from pyterrier_rewrite import FakeLLM, Queries, Query2Doc, RewriteWarning, Terms, Text
from pyterrier_rewrite.columns import failed, skipped

FAILURES = [
    "Error: 500 Internal Server Error",
    "Internal Server Error",
    "HTTP/1.1 503 Service Unavailable",
    "404 Not Found",
    "Error code: 429 - {'error': {'message': 'Rate limit reached'}}",
    "HTTP Error 502: Bad Gateway",
    '{"error": "model overloaded"}',
    '{"error": {"message": "The model is overloaded.", "type": "server_error"}}',
    '{"detail": "Not Found"}',
    "<html><head><title>504 Gateway Time-out</title></head><body><h1>504</h1></body></html>",
    "<!DOCTYPE html>\n<html><title>502 Bad Gateway</title></html>",
    "upstream connect error or disconnect/reset before headers. reset reason: overflow",
    "upstream request timeout",
    "no healthy upstream",
    "[ERROR] the model crashed",
    "An error occurred: the model is overloaded.",
    "OpenAI API error: insufficient_quota",
    "**ERROR**: RateLimitError",
    "litellm.exceptions.APIConnectionError: OllamaException",
    "Request timed out.",
    "[object Object]",
    '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>',
    "<soap:Envelope><soap:Body><soap:Fault>late</soap:Fault></soap:Body></soap:Envelope>",
    "error code: 1020",
    "data: [DONE]",
    'Traceback (most recent call last):\n  File "server.py", line 3\nRuntimeError: no memory',
]

ABOUT_ONE = [
    ("500 internal server error in django", "500 Internal Server Error Django"),
    ("http 404 not found meaning", "404 Not Found"),
    ("TypeError: 'NoneType' object", "TypeError: 'NoneType' object is not iterable"),
    ("python none error", "TypeError: 'NoneType' object is not iterable in Python"),
    ("android an error occurred", "An error occurred on Android while installing"),
    ("requests.exceptions.ConnectionError", "requests.exceptions.ConnectionError in Python"),
    ("fish that swim upstream", "Upstream connections of fish ladders"),
    ("errors in surveys", "error of measurement in surveys"),
    ("500 dollar sofa", "500 dollar red sofa"),
    ("what is error code 1020", "error code: 1020"),
    ("<errors> of struts", "<errors> tag of struts"),
    ("sofa", '{"error": "", "query": "red sofa"}'),
]


@pytest.mark.parametrize("answer", FAILURES)
@pytest.mark.parametrize("parser", [Text(), Queries(), Terms()])
def test_an_error_message_is_no_answer(answer, parser):
    assert parser(answer, query="red sofa") == []


@pytest.mark.parametrize(("query", "answer"), ABOUT_ONE)
def test_an_answer_about_an_error_is_one(query, answer):
    assert Text()(answer, query=query)


def test_a_rewriter_takes_no_error_message_for_a_passage():
    with pytest.warns(RewriteWarning, match="no usable text"):
        out = Query2Doc(FakeLLM(FAILURES[0])).search("red sofa")
    assert out["query"].tolist() == ["red sofa"]
    assert out["qstatus"].tolist() == ["failed: no usable text in the answer"]


@pytest.mark.parametrize("status", [failed, skipped])
def test_a_status_is_one_line_of_bounded_length(status):
    assert status("two\nlines\x00\u2028 here").endswith(": two lines here")
    assert len(status("x" * 10**6)) < 1100
