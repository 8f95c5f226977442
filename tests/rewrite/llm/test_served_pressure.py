"""How much is sent to a server at once, how long it is waited for, and when it is given up."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import warnings

import pytest

from pyterrier_rewrite.deadline import time_limit
from pyterrier_rewrite.errors import LLMError
from pyterrier_rewrite.experiments.benchmarks.loopback import silent_host
from pyterrier_rewrite.experiments.benchmarks.soak import failures, soak
from pyterrier_rewrite.llm import Message, OpenAILLM, Sampling
from pyterrier_rewrite.llm.served import batch as _batch
from pyterrier_rewrite.llm.served import circuit as _circuit
from pyterrier_rewrite.llm.served.circuit import Circuit
from pyterrier_rewrite.llm.served.server import Server
from tests.support.server import LoopbackServer, Reply, completion, nobody


def ask(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


def questions(count: int) -> list[list[Message]]:
    return [ask(f"q{i}") for i in range(count)]


def broken(message: str, status: int = 400, **more: object) -> Reply:
    return Reply(status, {"error": {"message": message, **more}})


@pytest.fixture
def quick(monkeypatch):
    """Let waits pass a hundred times faster."""
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(seconds / 100)

    monkeypatch.setattr(_batch, "pause", pause)
    return waits


def run(coroutine):
    return asyncio.run(coroutine)


def a_server() -> Server:
    return Server(None, Circuit())  # type: ignore[arg-type]


def test_a_healthy_server_with_one_slot_loses_no_query(quick):
    with LoopbackServer(latency=0.01, slots=1) as server:
        # 20 answers in the time of a timeout, and 64 requests at once
        llm = OpenAILLM("m", base_url=server.url, timeout=0.2)
        assert [a.error for a in llm.generate(questions(200))] == [None] * 200


@pytest.mark.parametrize("body", [{"message": "20 requests per minute"}, {"retryDelay": "37s"}])
def test_a_quota_a_minute_loses_no_query(llm_server, quick, body):
    served: list[float] = []

    def a_few_a_minute(request, number):
        now = time.monotonic()
        served[:] = [at for at in served if now - at < 0.6]  # a minute, a hundred times faster
        if len(served) >= 20:
            return Reply(429, {"error": body})
        served.append(now)
        return None

    llm_server.replies = a_few_a_minute
    llm = OpenAILLM("m", base_url=llm_server.url)
    assert [a.error for a in llm.generate(questions(50))] == [None] * 50
    assert max(quick) > 5  # the waits grow: how far depends on how busy the machine is


def test_a_quota_that_never_opens_is_given_up(llm_server, quick):
    llm_server.replies = lambda body, number: broken("slow down", 429) if number > 1 else None
    llm = OpenAILLM("m", base_url=llm_server.url, retries=1, concurrency=1)
    good, bad = llm.generate(questions(2))
    assert good.error is None
    assert bad.error.startswith("m: status 429: slow down (tries: ")
    assert 120 <= sum(quick) <= 300


def test_a_request_that_always_stalls_is_given_up_and_holds_nobody_up(llm_server, quick):
    llm_server.replies = lambda body, _: (
        Reply(latency=30.0) if body["messages"][0]["content"] == "q7" else Reply(latency=0.001)
    )
    llm = OpenAILLM("m", base_url=llm_server.url, retries=1, timeout=0.1, concurrency=4)
    answers = llm.generate(questions(200))
    assert [i for i, a in enumerate(answers) if a.error is not None] == [7]
    assert answers[7].error == "m: no answer within 0.1 s (tries: 2)"


@pytest.mark.parametrize(("answered", "most"), [(0, 40), (1, 50)])
def test_a_server_that_hangs_is_given_up_for_all(llm_server, quick, answered, most):
    llm_server.replies = lambda _, number: Reply(latency=30.0 if number > answered else 0.0)
    llm = OpenAILLM("m", base_url=llm_server.url, timeout=0.05, concurrency=32, retries=20)
    assert [a.error for a in llm.generate(questions(answered))] == [None] * answered
    with pytest.raises(LLMError, match="not even one at a time"):
        llm.generate([ask(f"later {i}") for i in range(100)])
    asked = len(llm_server.requests)
    assert asked <= answered + most  # 32 at once, then one after another
    with pytest.raises(LLMError, match="not even one at a time"):
        llm.generate([ask("at last")])
    assert len(llm_server.requests) == asked + 1  # one try tells
    llm_server.replies = None
    assert llm.generate([ask("awake")])[0].error is None


def test_the_limit_falls_to_what_is_answered_in_time_and_rises_again():
    async def scenario() -> None:
        server = a_server()
        sent = [await server.enter(64) for _ in range(64)]
        for one in sent[:20]:
            server.was_good()
            server.leave(one)
        assert all(server.was_late(one) for one in sent[20:])  # all at once: one step down
        for one in sent[20:]:
            server.leave(one)
        assert server.limit == 16  # .8 of 20
        for _ in range(17):
            server.was_good()
        assert 16.9 < server.limit < 17.1

    run(scenario())


def test_the_limit_halves_where_the_server_is_busy():
    async def scenario() -> None:
        server = a_server()
        sent = [await server.enter(64) for _ in range(40)]
        for one in sent:
            server.was_busy(one)
        assert server.limit == 20
        for one in sent:
            server.leave(one)
        later = await server.enter(64)
        server.was_busy(later)
        assert server.limit == 1

    run(scenario())


def test_a_refusal_now_and_then_lowers_nothing():
    async def scenario() -> None:
        server = a_server()
        for number in range(200):
            sent = await server.enter(64)
            server.leave(sent)
            if number % 20 == 19:
                server.was_busy(sent)
            else:
                server.was_good()
        assert server.limit == float("inf")

    run(scenario())


def test_whoever_waits_for_room_gets_it_in_turn_and_may_leave():
    async def scenario() -> None:
        server, order = a_server(), []

        async def work(number: int) -> None:
            sent = await server.enter(1)
            order.append(number)
            await asyncio.sleep(0)
            server.leave(sent)

        first = await server.enter(1)
        tasks = [asyncio.create_task(work(i)) for i in range(4)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.sleep(0)
        server.leave(first)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert order == [0, 2, 3]
        assert server.in_flight == 0

    run(scenario())


def test_concurrency_holds_for_all_calls_together(llm_server):
    llm_server.latency = 0.01
    llm = OpenAILLM("m", base_url=llm_server.url, concurrency=4)
    threads = [
        threading.Thread(target=llm.generate, args=([ask(f"{t} {i}") for i in range(20)],))
        for t in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(llm_server.requests) == 80
    assert llm_server.most_in_flight == 4


def test_the_same_request_in_flight_is_sent_once(llm_server):
    llm_server.latency = 0.05
    models = [OpenAILLM("m", base_url=llm_server.url) for _ in range(3)]
    found: list[list[str]] = []
    threads = [
        threading.Thread(
            target=lambda llm=llm: found.append([a.texts[0] for a in llm.generate(questions(10))])
        )
        for llm in models
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[f"q{i}" for i in range(10)]] * 3
    assert len(llm_server.requests) == 10
    models[0].generate([ask("q0"), ask("q0")], temperature=1.0)  # samples are another matter
    assert len(llm_server.requests) == 12


def test_who_waits_for_the_request_of_somebody_who_leaves_asks_himself(llm_server):
    llm_server.replies = lambda body, number: Reply(latency=30.0) if number == 1 else None
    llm = OpenAILLM("m", base_url=llm_server.url)
    leaving = llm.stream([ask("q"), ask("other")], Sampling())
    next(leaving)
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.extend(llm.generate([ask("q")])[0].texts))
    thread.start()
    while not any(s.asking for s in servers()):
        time.sleep(0.001)
    time.sleep(0.02)
    leaving.close()
    thread.join()
    assert answers == ["q"]


def servers() -> list[Server]:
    from pyterrier_rewrite.llm.served.loop import background_loop

    return [value for value in background_loop().shared.values() if isinstance(value, Server)]


def test_a_dead_server_costs_the_first_caller_seconds_and_the_others_nothing(dead_url, quick):
    llm = OpenAILLM("m", base_url=dead_url)
    with pytest.raises(LLMError, match="no connection"):
        llm.generate(questions(3))
    assert sum(quick) <= 3 * 2
    before = len(quick)
    for _ in range(5):
        with pytest.raises(LLMError, match=r"no server answers: tried in vain \(.*\)") as error:
            OpenAILLM("other", base_url=dead_url).generate(questions(1000))
        assert "base_url" in str(error.value)
    assert len(quick) == before


def test_a_server_that_comes_back_is_found_beside_the_callers(monkeypatch):
    clock, looked = [100.0], []
    monkeypatch.setattr(_circuit.time, "monotonic", lambda: clock[0])

    async def sleep(seconds: float) -> None:
        assert circuit.admit()  # somebody asks now and then
        clock[0] += seconds

    async def look() -> bool:
        assert circuit.admit()  # callers go on being told
        looked.append(clock[0] - 100)
        return len(looked) == 8

    monkeypatch.setattr(_circuit.asyncio, "sleep", sleep)
    opened = []
    circuit = Circuit(lambda: opened.append(1))
    assert circuit.admit() is None
    circuit.found_nobody()
    circuit.found_nobody()  # another that was under way: no longer wait
    told = circuit.admit()
    clock[0] += 0.5
    assert circuit.admit() == told == "tried in vain, and tried again in the background"
    clock[0] -= 0.5
    assert opened == [1]
    asyncio.run(_circuit.watch(circuit, look))
    assert looked == [1, 3, 7, 15, 31, 61, 91, 121]
    assert circuit.admit() is None


def test_nobody_looks_for_a_server_that_nobody_asks_for(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(_circuit.time, "monotonic", lambda: clock[0])
    circuit = Circuit()
    circuit.found_nobody()
    assert circuit.next_probe() == 1
    clock[0] += 601
    assert circuit.next_probe() is None
    assert circuit.admit() is None  # the next caller has to try


def test_a_dead_server_that_comes_back_is_used_again(monkeypatch):
    monkeypatch.setattr(_circuit, "FIRST_PROBE", 0.05)
    with nobody() as url:
        llm = OpenAILLM("m", base_url=url, retries=0)
        for _ in range(2):
            with pytest.raises(LLMError, match="no server answers"):
                llm.generate(questions(1))
        port = int(url.rpartition(":")[2].partition("/")[0])
    with LoopbackServer(port=port) as server:
        answers: list = []
        while not answers:
            with contextlib.suppress(LLMError):
                answers = llm.generate(questions(1))
        assert answers[0].texts == ["q0"]
        assert len(server.requests) == 1  # looking for it costs no completion


def test_a_host_that_swallows_packets_costs_one_deadline():
    taken = []
    with silent_host() as url:
        for _ in range(4):
            began = time.perf_counter()
            with time_limit(0.3), contextlib.suppress(LLMError):
                OpenAILLM("m", base_url=url).generate(questions(3))
            taken.append(time.perf_counter() - began)
    assert 0.25 < taken[0] < 3
    assert max(taken[1:]) < 0.25  # the circuit is open: nobody waits, not even for who looks


def test_what_was_answered_before_the_server_died_is_used(quick):
    with LoopbackServer() as server:
        llm = OpenAILLM("m", base_url=server.url, retries=1, concurrency=2)
        answers = llm.stream(questions(2000), Sampling())
        given = [next(answers) for _ in range(5)]
    with nobody(server.port), pytest.raises(LLMError, match="no server answers"):
        given.extend(answers)
    assert 5 <= len(given) < 2000

    with LoopbackServer() as server:

        def die(body, number):
            return Reply(hang_up=True) if number > 9 else None

        server.replies = die
        llm = OpenAILLM("m", base_url=server.url, retries=0, concurrency=1)
        answers = llm.generate(questions(100))
        assert [a.texts for a in answers[:9]] == [[f"q{i}"] for i in range(9)]
        assert all(a.error for a in answers[9:])
        assert len(server.requests) <= 9 + 16


@pytest.mark.parametrize("status", [401, 403, 404])
@pytest.mark.parametrize("body", ["<html>blocked</html>", "model not found", "Incorrect API key"])
def test_one_refused_prompt_is_one_failed_request(llm_server, status, body):
    reply = Reply(status, body) if "<" in body else broken(body, status)
    llm_server.replies = lambda request, _: (
        reply if request["messages"][0]["content"] == "q5" else None
    )
    answers = OpenAILLM("m", base_url=llm_server.url, concurrency=2).generate(questions(30))
    assert [i for i, a in enumerate(answers) if a.error is not None] == [5]


def test_a_refused_prompt_among_the_first_is_no_reason_to_end(llm_server):
    # the refusal comes first, the good answers are on their way
    llm_server.replies = lambda body, _: (
        broken("Incorrect API key", 401)
        if body["messages"][0]["content"] == "q5"
        else Reply(latency=0.05)
    )
    answers = OpenAILLM("m", base_url=llm_server.url).generate(questions(20))
    assert [i for i, a in enumerate(answers) if a.error is not None] == [5]


def test_a_key_that_is_revoked_ends_the_batch_and_keeps_what_was_answered(llm_server):
    llm_server.replies = lambda _, number: broken("bad key", 401) if number > 10 else None
    llm = OpenAILLM("m", base_url=llm_server.url, concurrency=2)
    answers = llm.generate(questions(500))
    assert sum(a.error is None for a in answers) == 10
    assert all("api_key=" in a.error for a in answers[11:])
    assert len(llm_server.requests) < 40


def test_a_refused_parameter_is_left_out_once_and_said(llm_server):
    llm_server.replies = lambda body, _: (
        broken("'seed' is not supported") if "seed" in body else None
    )
    llm = OpenAILLM("m", base_url=llm_server.url, concurrency=1)
    with pytest.warns(UserWarning, match="does not take seed.*not repeatable") as told:
        assert all(a.error is None for a in llm.generate(questions(20), seed=3))
    assert len(told) == 1
    assert len(llm_server.requests) == 21
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        llm.generate(questions(1), seed=3)
    assert len(llm_server.requests) == 22


def test_a_server_of_one_choice_a_request_gives_different_samples(llm_server):
    def reply(body, number):
        return (
            broken("'n' must be at most 1") if "n" in body else Reply(body=completion(f"s{number}"))
        )

    llm_server.replies = reply
    with pytest.warns(UserWarning, match="choices are asked for one by one"):
        (answer,) = OpenAILLM("m", base_url=llm_server.url).generate(
            [ask("q")], n=3, temperature=1.0, seed=1
        )
    assert answer.texts == ["s2", "s3", "s4"]


def test_samples_of_one_seed_are_not_those_of_the_next(llm_server):
    # a server whose choice i has the seed of the request plus i, as vLLM and llama.cpp have it
    llm_server.replies = lambda body, _: Reply(
        body=completion(*[str(body["seed"] + i) for i in range(body.get("n", 1))])
    )
    llm = OpenAILLM("m", base_url=llm_server.url)
    drawn = [llm.generate([ask("q")], n=4, temperature=1.0, seed=s)[0].texts for s in range(20)]
    assert len({text for texts in drawn for text in texts}) == 20 * 4
    assert all(int(text) < 2**31 for texts in drawn for text in texts)
    assert llm.generate([ask("q")], n=4, temperature=1.0, seed=0)[0].texts == drawn[0]
    llm.generate([ask("q")], seed=7)
    assert llm_server.requests[-1]["seed"] == 7


def test_a_server_that_ignores_temperature_is_noticed(llm_server):
    llm_server.replies = lambda body, _: Reply(body=completion(*["same"] * body.get("n", 1)))
    llm = OpenAILLM("m", base_url=llm_server.url)
    with pytest.warns(UserWarning, match="seems to ignore temperature") as told:
        llm.generate(questions(9), n=3, temperature=1.0)
    assert len(told) == 1


def test_a_patch_of_the_old_module_reaches_the_new_one(monkeypatch):
    import pyterrier_rewrite.llm._batch as before_the_move

    async def pause(seconds: float) -> None:
        pass

    monkeypatch.setattr(_batch, "pause", _batch.pause)  # to be put back
    before_the_move.pause = pause
    assert _batch.pause is pause


def test_an_answer_without_text_is_tried_again(llm_server, quick):
    llm_server.replies = lambda body, number: Reply(body=completion("")) if number % 2 else None
    llm = OpenAILLM("m", base_url=llm_server.url, concurrency=1)
    assert [a.texts for a in llm.generate(questions(4))] == [[f"q{i}"] for i in range(4)]


def test_a_soak_in_every_failure_loses_and_spoils_nothing(quick, tmp_path):
    found = soak(tmp_path / "cache.db", queries=200, latency=0.001, timeout=0.2)
    assert found["rewritten"] >= 0.98 * 200  # some answers are filtered twice by chance
    assert set(found["met"]) == set(failures(0.2))


def test_a_filtered_answer_is_asked_for_once_more(llm_server, quick):
    filtered = Reply(body=completion("no", finish=["content_filter"]))
    llm_server.replies = lambda body, number: (
        filtered if body["messages"][0]["content"] == "q1" or number == 1 else None
    )
    llm = OpenAILLM("m", base_url=llm_server.url, concurrency=1)
    good, bad, other = llm.generate(questions(3))
    assert (good.texts, other.texts) == (["q0"], ["q2"])
    assert "filtered" in bad.error
    assert len(llm_server.requests) == 5


def test_filtered_prompts_are_no_sign_of_a_server_that_is_down(llm_server, quick):
    llm_server.replies = lambda body, _: (
        None
        if body["messages"][0]["content"] == "q49"
        else Reply(body=completion("no", finish=["content_filter"]))
    )
    answers = OpenAILLM("m", base_url=llm_server.url, concurrency=2).generate(questions(50))
    assert [a.error for a in answers if a.error is None] == [None]
