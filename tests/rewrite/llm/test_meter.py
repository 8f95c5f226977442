"""Counting, capping and estimating what language models cost."""

from __future__ import annotations

import pytest

from pyterrier_rewrite.llm import Cached, FakeLLM, OpenAILLM
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
    # 40 characters are 10 tokens; three answers of 20 are 15
    body = completion(*["b" * 20] * 3)
    body["usage"] = usage
    llm_server.replies = lambda request, number: Reply(body=body)
    budget = Budget(cap=10_000, in_tokens=True)
    llm = Metered(Budgeted(OpenAILLM("m", base_url=llm_server.url), budget=budget))
    llm.generate(prompts("a" * 40), n=3, temperature=1.0)
    assert (llm.spent.prompt_tokens, llm.spent.completion_tokens) == (10, 15)
    assert budget.spent == 25


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
    # 40 characters are 10 tokens; completions are counted at their limit
    llm = FakeLLM("x")
    price = Price(prompt=1e6, completion=1e6)
    estimating = Estimating(llm, price=price)
    estimating.generate(prompts("y" * 40), n=2, temperature=1.0, max_tokens=7)
    assert llm.calls == []
    spent = estimating.spent
    assert (spent.requests, spent.prompt_tokens, spent.completion_tokens) == (1, 10, 14)
    assert spent.money == 24


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
