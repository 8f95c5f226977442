"""Counting, capping and estimating what language models cost."""

from __future__ import annotations

import pytest

from pyterrier_rewrite.errors import LLMError
from pyterrier_rewrite.llm import Cached, FakeLLM, OpenAILLM, Sampling
from pyterrier_rewrite.llm.local.model import room
from pyterrier_rewrite.llm.metered import Budget, Budgeted, BudgetError, Estimating, Metered, Price
from tests.support.server import Reply, completion


def prompts(*texts: str):
    return [[{"role": "user", "content": text}] for text in texts]


def test_metered_counts_hits_apart(tmp_path):
    # FakeLLM counts words: 2 in and 3 out a prompt; prices are a million tokens
    price = Price(prompt=1e6, completion=2e6)
    cached = Cached(FakeLLM("one two three"), tmp_path / "cache.sqlite")
    first, second = Metered(cached, price=price), Metered(cached, price=price)
    first.generate(prompts("a b", "c d"))
    second.generate(prompts("a b", "e f"))
    assert (first.spent.requests, first.spent.cached, first.spent.money) == (2, 0, 2 * (2 + 6))
    assert (second.spent.requests, second.spent.cached, second.spent.money) == (2, 1, 2 + 6)


def test_budget_is_never_passed_and_what_fits_is_sent():
    # a prompt of one letter reserves 1 + 16 bytes and 10 completion tokens, and spends 1 + 1
    llm = FakeLLM("x")
    budget = Budget(cap=27 + 2, in_tokens=True)
    with pytest.raises(
        BudgetError,
        match=r"stopped at 4 of the budget of 29 tokens: the next of 1.*no cache",
    ):
        Budgeted(llm, budget=budget).generate(prompts("a", "b", "c"), max_tokens=10)
    assert len(llm.prompts) == 2
    assert budget.spent == 4


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 0, "completion_tokens": None}])
def test_where_no_usage_is_told_an_estimate_counts(llm_server, usage):
    # 40 characters are 10 tokens, with 10 around message and answer; three answers of 20 are 15
    body = completion(*["b" * 20] * 3)
    body["usage"] = usage
    llm_server.replies = lambda request, number: Reply(body=body)
    budget = Budget(cap=10_000, in_tokens=True)
    llm = Metered(Budgeted(OpenAILLM("m", base_url=llm_server.url), budget=budget))
    llm.generate(prompts("a" * 40), n=3, temperature=1.0)
    assert (llm.spent.prompt_tokens, llm.spent.completion_tokens) == (20, 15)
    assert budget.spent == 35


def test_a_budget_in_money():
    llm = FakeLLM("x")
    budget = Budget(cap=0.5)
    capped = Budgeted(llm, budget=budget, price=Price(prompt=1e6, completion=1e6))
    with pytest.raises(BudgetError):
        capped.generate(prompts("a"))
    assert llm.calls == []
    with pytest.raises(ValueError, match="needs a price for every model"):
        Budgeted(llm, budget=budget).generate(prompts("a"))


def test_cache_hits_are_free_of_the_budget(tmp_path):
    path = tmp_path / "cache.sqlite"
    Cached(FakeLLM("x"), path).generate(prompts("a"))
    broke = Budget(cap=1, in_tokens=True)
    capped = Cached(Budgeted(FakeLLM("x"), budget=broke), path)
    assert capped.generate(prompts("a"))[0].texts == ["x"]
    with pytest.raises(BudgetError):
        capped.generate(prompts("b"))


def test_what_was_answered_before_the_cap_is_cached(tmp_path):
    path = tmp_path / "cache.sqlite"
    budget = Budget(29, in_tokens=True)
    capped = Cached(Budgeted(FakeLLM("x"), budget=budget, cached=True), path)
    with pytest.raises(BudgetError, match="are in the cache"):
        capped.generate(prompts("a", "b", "c"), max_tokens=10)
    assert len(Cached(FakeLLM(), path)) == 2


def test_estimates_ask_nobody(tmp_path):
    # 40 characters are 10 tokens, with 10 around message and answer; completions are counted at
    # their limit
    llm = FakeLLM("x")
    price = Price(prompt=1e6, completion=1e6)
    estimating = Estimating(llm, price=price)
    estimating.generate(prompts("y" * 40), n=2, temperature=1.0, max_tokens=7)
    assert llm.calls == []
    spent = estimating.spent
    assert (spent.requests, spent.prompt_tokens, spent.completion_tokens) == (1, 20, 14)
    assert spent.money == 34


def test_estimates_know_what_is_in_the_cache(tmp_path):
    path = tmp_path / "cache.sqlite"
    Cached(FakeLLM("x"), path).generate(prompts("a"))
    replay = Cached(FakeLLM(), path, offline=True)
    estimating = Estimating(FakeLLM(), cache=replay)
    estimating.generate(prompts("a", "b"))
    assert (estimating.spent.requests, estimating.spent.cached) == (2, 1)
    assert len(Cached(FakeLLM(), path)) == 1


def test_an_estimate_says_that_a_model_could_not_answer(tmp_path):
    class Small(FakeLLM):
        def check(self, sampling):
            room(100, sampling)

    llm = Estimating(Cached(Small("x"), tmp_path / "cache.sqlite"))
    assert llm.generate(prompts("a"), max_tokens=99)[0].texts
    with pytest.raises(ValueError, match=r"below the model's context of 100 tokens.*found 100"):
        llm.generate(prompts("a"), max_tokens=100)


def test_an_estimate_tells_of_prompts_that_a_context_may_not_hold(tmp_path, caplog):
    class Small(FakeLLM):
        def told_context(self):
            return 100

    llm = Estimating(Cached(Small("x"), tmp_path / "cache.sqlite"))
    llm.generate(prompts("a" * 160, "a" * 4), max_tokens=50)  # 40 and 1, with 10 each around them
    assert not caplog.records
    llm.generate(prompts("a" * 161, "a" * 4), max_tokens=50)
    assert "1 of 2 prompts may be too long (up to 51 tokens" in caplog.text
    assert "context of 100 leaves 50" in caplog.text


def answers(*texts, usage=None, finish=None, thoughts=None):
    body = completion(*texts)
    body["usage"] = usage
    for choice in body["choices"]:
        choice["finish_reason"] = finish or "stop"
        if thoughts:
            choice["message"]["reasoning_content"] = thoughts
    return body


TRIED = {
    "no text": answers("", usage={"prompt_tokens": 200, "completion_tokens": 0}),
    "thoughts alone": answers("", usage={"prompt_tokens": 100, "completion_tokens": 100}),
    "no text, no usage": answers(""),
}


@pytest.mark.parametrize("retries", [0, 2, 5])
@pytest.mark.parametrize("tried", TRIED)
def test_tries_that_are_paid_for_do_not_pass_the_budget(llm_server, monkeypatch, tried, retries):
    async def at_once(seconds):
        pass

    monkeypatch.setattr("pyterrier_rewrite.llm.served.batch.pause", at_once)
    llm_server.replies = lambda request, number: Reply(body=TRIED[tried])
    # 500 bytes are reserved as 516 tokens, beside 84: one try has room for 600
    budget = Budget(cap=1500, in_tokens=True)
    llm = OpenAILLM("m", base_url=llm_server.url, retries=retries)
    given = dict(collected(Budgeted(llm, budget=budget), prompts(*["a" * 500] * 2), max_tokens=84))
    assert all(answer.error for answer in given.values())
    counted = 135 if tried == "no text, no usage" else 200
    assert budget.spent == counted * len(llm_server.requests) <= 1500
    assert ("no room to ask again" in str(given[1].error)) == (retries > 0)
    assert budget.reserve(1500 - budget.spent)  # nothing is held any more


def test_what_was_paid_counts_though_the_model_fails_for_good(llm_server, monkeypatch):
    async def at_once(seconds):
        pass

    monkeypatch.setattr("pyterrier_rewrite.llm.served.batch.pause", at_once)
    llm_server.replies = lambda request, number: Reply(body=TRIED["no text"])
    budget = Budget(cap=1e6, in_tokens=True)
    llm = OpenAILLM("m", base_url=llm_server.url, retries=1, concurrency=1)
    with pytest.raises(LLMError, match="16 requests in a row were given up"):
        list(collected(Budgeted(llm, budget=budget), prompts(*["a" * 500] * 40), max_tokens=84))
    # 15 prompts of two tries of 200 tokens, and one whose two tries count as reserved
    assert len(llm_server.requests) == 32
    assert budget.spent == 15 * 400 + 2 * 600
    assert budget.reserve(1e6 - budget.spent)


def collected(llm, asked, **sampling):
    return llm.stream(asked, Sampling(temperature=1.0, **sampling))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        # 40 characters of a prompt are 10 tokens, with 10 around message and answer
        (answers(""), (20, 0)),
        (answers("", thoughts="t" * 80), (20, 20)),
        (answers("", thoughts="t" * 80, finish="length"), (20, 64)),
        (answers("", finish="length"), (20, 64)),
        (answers("<think>" + "t" * 73, finish="length"), (20, 20)),
        (answers("b" * 20, thoughts="t" * 80), (20, 25)),
        (answers("b" * 20), (20, 5)),
        (answers("b" * 20, "", finish="length"), (20, 69)),
        (answers("b" * 20, thoughts="t" * 80, usage={"completion_tokens": 7}), (20, 7)),
        (answers("", usage={"prompt_tokens": 3, "completion_tokens": 4}), (3, 4)),
        ({"error": {"message": "try later"}}, (0, 0)),
    ],
)
def test_what_is_written_and_not_given_counts(llm_server, body, told):
    llm_server.replies = lambda request, number: Reply(body=body)
    budget = Budget(cap=10_000, in_tokens=True)
    llm = OpenAILLM("m", base_url=llm_server.url, retries=0)
    list(collected(Budgeted(llm, budget=budget), prompts("a" * 40), max_tokens=64))
    assert budget.spent == sum(told)


def test_a_try_without_text_and_one_with_it_both_count(llm_server, monkeypatch):
    async def at_once(seconds):
        pass

    monkeypatch.setattr("pyterrier_rewrite.llm.served.batch.pause", at_once)
    bodies = iter([answers("", thoughts="t" * 80), answers("b" * 20)])
    llm_server.replies = lambda request, number: Reply(body=next(bodies))
    (answer,) = OpenAILLM("m", base_url=llm_server.url).generate(prompts("a" * 40))
    assert (answer.prompt_tokens, answer.completion_tokens) == (40, 25)


def test_a_server_of_one_choice_a_request_reads_the_prompt_again(llm_server):
    llm_server.replies = lambda request, number: Reply(body=answers("b" * 20))
    budget = Budget(cap=56 + 4 * 16 + 2 * 56, in_tokens=True)
    llm = OpenAILLM("m", base_url=llm_server.url)
    ((_, answer),) = collected(Budgeted(llm, budget=budget), prompts("a" * 40), max_tokens=16, n=4)
    assert len(answer.texts) == len(llm_server.requests) == 3
    assert answer.error is None


@pytest.mark.parametrize(
    ("extra", "longest"),
    [
        ({"max_tokens": 4000}, 4000),
        ({"max_completion_tokens": 4000}, 4000),
        ({"max_tokens": None, "max_completion_tokens": 900}, 900),
        ({"max_tokens": 9}, 9),
        ({"max_tokens": None}, 256),
        (None, 256),
    ],
)
def test_the_limit_that_is_sent_is_what_is_reserved(llm_server, extra, longest):
    llm = OpenAILLM("m", base_url=llm_server.url, extra_body=extra)
    need = 17 + longest  # a letter and 16 bytes for its message
    with pytest.raises(BudgetError):
        Budgeted(llm, budget=Budget(need - 1, in_tokens=True)).generate(prompts("a"))
    assert llm_server.requests == []
    assert Budgeted(llm, budget=Budget(need, in_tokens=True)).generate(prompts("a"))[0].texts
    estimating = Estimating(llm)
    estimating.generate(prompts("a"))
    assert estimating.spent.completion_tokens == longest
