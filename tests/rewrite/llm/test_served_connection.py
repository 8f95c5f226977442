"""Connections to servers: shared, bounded, and true to the host that the key is for."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import http.server
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from pyterrier_rewrite.errors import LLMError
from pyterrier_rewrite.llm import Message, OpenAILLM, Sampling
from pyterrier_rewrite.llm.served import connection as _connection
from pyterrier_rewrite.llm.served.connection import clean_key
from pyterrier_rewrite.llm.served.loop import in_loop
from tests.support.server import LoopbackServer, Reply


def ask(text: str = "q") -> list[list[Message]]:
    return [[{"role": "user", "content": text}]]


@contextlib.contextmanager
def raw_server(answer) -> Iterator[tuple[str, list]]:
    """Run a server that answers with the bytes, status and headers of a function of the path."""
    seen: list = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            seen.append((self.path, dict(self.headers), self.client_address))
            status, headers, body = answer(self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", seen
        finally:
            server.shutdown()
            thread.join()


GOOD = b'{"choices": [{"message": {"content": "red sofa"}, "finish_reason": "stop"}]}'


def test_one_connection_serves_all_calls_and_models():
    with raw_server(lambda path: (200, {}, GOOD)) as (url, seen):
        for _ in range(5):
            OpenAILLM("m", base_url=url).generate(ask())
            OpenAILLM("other", base_url=url, concurrency=2).generate(ask())
        assert len({client for _, _, client in seen}) == 1


def test_a_call_starts_no_thread(llm_server):
    llm = OpenAILLM("m", base_url=llm_server.url)
    llm.generate(ask())
    before = {thread.ident for thread in threading.enumerate()}
    for i in range(5):
        llm.generate(ask(str(i)))
    assert {thread.ident for thread in threading.enumerate()} == before


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("/v1", "/v1/chat/completions"),
        ("/v1/", "/v1/chat/completions"),
        ("", "/chat/completions"),
        ("/deployments/m?api-version=2025-01-01", "/deployments/m/chat/completions?api-version="),
        ("/v1/?key=x&b=2", "/v1/chat/completions?key=x&b=2"),
    ],
)
def test_a_query_part_of_the_address_stays_at_its_end(base, path):
    with raw_server(lambda path: (200, {}, GOOD)) as (url, seen):
        OpenAILLM("m", base_url=url + base).generate(ask())
    assert seen[0][0].startswith(path)


def test_credentials_in_the_address_are_sent_where_there_is_no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with raw_server(lambda path: (200, {}, GOOD)) as (url, seen):
        address = url.replace("//", "//me:s%20cret@")
        OpenAILLM("m", base_url=address).generate(ask())
        OpenAILLM("m", base_url=address, api_key="k").generate(ask("other"))
    assert [headers["Authorization"] for _, headers, _ in seen] == [
        "Basic bWU6cyBjcmV0",
        "Bearer k",
    ]


@pytest.mark.parametrize("key", ["sk-1\n", "\r\nsk-1 ", '"sk-1"\r\n', "Bearer sk-1"])
def test_what_stands_around_a_key_is_left_out(llm_server, key, monkeypatch):
    OpenAILLM("m", base_url=llm_server.url, api_key=key).generate(ask())
    monkeypatch.setenv("OPENAI_API_KEY", key)
    OpenAILLM("m", base_url=llm_server.url).generate(ask("other"))
    assert {headers["authorization"] for headers in llm_server.headers} == {"Bearer sk-1"}


@pytest.mark.parametrize("key", ["sk\n-1", "sk\x00", "sk\u2013dash"])
def test_a_key_that_no_header_can_hold_is_refused(key):
    with pytest.raises(LLMError, match="api_key of one line") as error:
        OpenAILLM("m", base_url="http://127.0.0.1:1", api_key=key).generate(ask())
    assert "sk" not in str(error.value)
    assert clean_key("") == ""


@pytest.mark.parametrize("pack", [False, True])
def test_a_reply_without_bound_fails_its_request(monkeypatch, pack):
    monkeypatch.setattr(_connection, "LARGEST_REPLY", 100_000)
    body = b'{"x": "' + b"0" * 10_000_000
    headers = {"Content-Encoding": "gzip"} if pack else {}
    body = gzip.compress(body) if pack else body
    with raw_server(lambda path: (200, headers, body)) as (url, seen):
        answer = OpenAILLM("m", base_url=url).generate(ask())[0]
    assert "the reply is longer than" in answer.error
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [
        *(("utf-8", said) for said in ("utf-8", "iso-8859-1", "nonsense")),
        *(("utf-8-sig", "utf-8"), ("latin-1", "iso-8859-1"), ("utf-16", "utf-16")),
    ],
)
def test_an_answer_is_read_in_its_encoding(encoding, charset):
    body = GOOD.replace(b"red", b"r\xc3\xa9d").decode().encode(encoding)
    headers = {"Content-Type": f"application/json; charset={charset}"}
    with raw_server(lambda path: (201, headers, body)) as (url, _):
        assert OpenAILLM("m", base_url=url).generate(ask())[0].texts == ["r\u00e9d sofa"]


def test_a_stream_that_is_left_open_ends_with_its_last_event():
    body = b"data: " + GOOD + b"\n\ndata: [DONE]\n\n"
    headers = {"Content-Type": "text/event-stream", "Content-Length": "100000"}
    with raw_server(lambda path: (200, headers, body)) as (url, _):
        llm = OpenAILLM("m", base_url=url, timeout=20, retries=0)
        begun = time.monotonic()
        assert [llm.generate(ask(q))[0].texts for q in "ab"] == [["red sofa"]] * 2
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_to_another_host_is_not_followed(llm_server, status):
    other = llm_server.url.replace("127.0.0.1", "localhost")
    moved = (status, {"Location": f"{other}/chat/completions"}, b"")
    with (
        raw_server(lambda path: moved) as (url, _),
        pytest.raises(LLMError, match=r"redirects to http://localhost:.*set base_url"),
    ):
        OpenAILLM("m", base_url=url, api_key="sk-12345678").generate(ask())
    assert llm_server.requests == []


def test_a_redirect_on_the_same_host_is_followed():
    def answer(path):
        moved = (308, {"Location": "/v2/chat/completions"}, b"")
        return moved if path.startswith("/v1") else (200, {}, GOOD)

    with raw_server(answer) as (url, seen):
        assert OpenAILLM("m", base_url=f"{url}/v1").generate(ask())[0].texts == ["red sofa"]
    assert [path for path, _, _ in seen] == ["/v1/chat/completions", "/v2/chat/completions"]


def test_redirects_in_a_circle_end():
    with (
        raw_server(lambda path: (307, {"Location": path}, b"")) as (url, seen),
        pytest.raises(LLMError, match="circle"),
    ):
        OpenAILLM("m", base_url=url).generate(ask())
    assert len(seen) == 4


def test_no_proxy_stands_before_this_machine(llm_server, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert OpenAILLM("m", base_url=llm_server.url).generate(ask())[0].texts == ["q"]


def test_a_proxy_stands_before_other_hosts(monkeypatch):
    with raw_server(lambda path: (200, {}, GOOD)) as (url, seen):
        monkeypatch.setenv("HTTP_PROXY", url)
        monkeypatch.setenv("http_proxy", url)
        answer = OpenAILLM("m", base_url="http://models.example.org/v1").generate(ask())[0]
    assert answer.texts == ["red sofa"]
    assert seen[0][0] == "http://models.example.org/v1/chat/completions"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_asks_over_connections_of_its_own(llm_server):
    code = """
import os, sys
from pyterrier_rewrite.llm import OpenAILLM
llm = OpenAILLM("m", base_url=sys.argv[1])
ask = lambda: llm.generate([[{"role": "user", "content": "q"}]])[0].texts == ["q"]
assert ask()
child = os.fork()
if not child:
    os._exit(0 if ask() else 1)
assert os.waitpid(child, 0)[1] == 0 and ask()
"""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, llm_server.url],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_the_process_ends_in_silence_while_something_is_asked(llm_server):
    llm_server.replies = lambda body, number: Reply(latency=30.0) if number > 1 else None
    code = """
import sys
from pyterrier_rewrite.llm import OpenAILLM, Sampling
llm = OpenAILLM("m", base_url=sys.argv[1])
stream = llm.stream([[{"role": "user", "content": str(i)}] for i in range(5)], Sampling())
next(stream)
"""
    run = subprocess.run(
        [sys.executable, "-X", "dev", "-c", code, llm_server.url],
        capture_output=True,
        text=True,
        timeout=25,
    )
    assert run.returncode == 0
    assert "Unclosed" not in run.stderr
    assert "never retrieved" not in run.stderr


def test_what_a_coroutine_emits_comes_before_what_it_raises():
    async def job(emit):
        emit(1)
        await asyncio.sleep(0)
        emit(2)
        raise KeyError("end")

    given = []
    with pytest.raises(KeyError):
        given.extend(in_loop(job))
    assert given == [1, 2]
    stream = in_loop(job)
    assert [next(stream), next(stream)] == [1, 2]
    with pytest.raises(KeyError):
        next(stream)


def test_an_iterator_that_is_dropped_cancels_its_coroutine():
    ended = threading.Event()

    async def job(emit):
        try:
            emit(1)
            await asyncio.Event().wait()
        finally:
            ended.set()

    stream = in_loop(job)
    next(stream)
    del stream
    gc.collect()
    assert ended.wait(10)


def test_a_pause_of_the_reader_holds_nobody_else_up(llm_server):
    held = OpenAILLM("m", base_url=llm_server.url).stream(ask("a") + ask("b"), Sampling())
    next(held)
    with LoopbackServer() as other:
        assert OpenAILLM("m", base_url=other.url).generate(ask())[0].texts == ["q"]
    held.close()
