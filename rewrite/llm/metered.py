"""What a run spends on language models: counted, capped, or only estimated."""

from __future__ import annotations

import logging
import operator
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from .base import LLM, Completions, Messages, Sampling
from .tokens import estimated_prompt, estimated_tokens
from .wrapped import Wrapped

logger = logging.getLogger(__name__)

IN_CACHE: Final = "a run with a larger --budget asks for none of the answers that are in the cache"
NOT_IN_CACHE: Final = "there is no cache, so a run with a larger --budget asks for everything again"


class BudgetError(Exception):
    """The next request could pass the cap; the text says whether the answers so far are kept."""


@dataclass(frozen=True)
class Price:
    """Money a million tokens, in any one currency.

    Attributes:
        prompt: Of tokens that are read, 0 or more.
        completion: Of tokens that are written, 0 or more.
    """

    prompt: float
    completion: float


@dataclass
class Spent:
    """Requests and tokens; those answered from a cache are counted apart, they cost nothing."""

    requests: int = 0
    cached: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(*map(operator.add, astuple(self), astuple(other)))

    def __sub__(self, other: Spent) -> Spent:
        return Spent(*map(operator.sub, astuple(self), astuple(other)))


@dataclass
class Budget:
    """A cap shared by all models of a run.

    Attributes:
        cap: Money, or tokens if ``in_tokens``.
        in_tokens: Whether the cap counts tokens.
        spent: What was spent so far, in the same unit.
    """

    cap: float
    in_tokens: bool = False
    spent: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._reserved = 0.0
        self._lock = threading.Lock()

    def reserve(self, amount: float) -> bool:
        """Hold an amount for what is asked now; return whether there was room for it."""
        with self._lock:
            has_room = self.spent + self._reserved + amount <= self.cap
            self._reserved += amount if has_room else 0
            return has_room

    def settle(self, reserved: float, spent: float) -> None:
        """Give back what was reserved, and count what was spent of it."""
        with self._lock:
            self._reserved -= reserved
            self.spent += spent

    def cost(self, price: Price | None, prompt_tokens: float, completion_tokens: float) -> float:
        """Return what some tokens cost in the unit of the cap."""
        if self.in_tokens:
            return prompt_tokens + completion_tokens
        if price is None:
            raise ValueError(
                "a budget in money needs a price for every model; add "
                "price: {prompt: …, completion: …} (a million tokens) to the llms of the config"
            )
        return money(price, prompt_tokens, completion_tokens)


def money(price: Price | None, prompt_tokens: float, completion_tokens: float) -> float:
    """Return the price of some tokens."""
    if price is None:
        return 0.0
    return (prompt_tokens * price.prompt + completion_tokens * price.completion) / 1e6


def counted_tokens(prompt: Messages, answer: Completions) -> tuple[int, int]:
    """Return the tokens read and written, estimated by length where the backend counted none.

    A request that failed without a count is none of which anything is known.
    """
    if not answer.texts:
        return answer.prompt_tokens, answer.completion_tokens
    read = estimated_prompt(prompt)
    written = sum(map(estimated_tokens, answer.texts))
    return answer.prompt_tokens or read, answer.completion_tokens or written


class Metered(Wrapped):
    """Counts what passes through it. Goes around the cache, so that hits are seen.

    Attributes:
        spent: The counts so far.
    """

    def __init__(self, llm: LLM, *, price: Price | None = None) -> None:
        super().__init__(llm)
        self.price = price
        self.spent = Spent()

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Hand through, and count."""
        for position, answer in self.answers(prompts, sampling):
            tokens = counted_tokens(prompts[position], answer)
            cost = 0.0 if answer.cached else money(self.price, *tokens)
            self.spent += Spent(1, int(answer.cached), *tokens, cost)
            yield position, answer

    def answers(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Yield the answers to count: the inner model's."""
        return self.llm.stream(prompts, sampling)


class Budgeted(Wrapped):
    """Sends only what cannot pass the cap. Goes inside the cache, so that hits are free.

    A prompt is reserved with as many tokens as it has bytes, and a completion with its limit,
    so the cap holds whatever the tokenizer; what was reserved too much is given back when
    the answers are there. A prompt that was paid for and brought no text is sent again only if
    that fits, too. Where a server does not say what it used, an estimate by length counts.

    Args:
        llm: The model.
        budget: The cap, and what was spent of it.
        price: What tokens cost; None where the cap is in tokens.
        cached: Whether a cache in front of it keeps the answers, for the error.
    """

    def __init__(
        self, llm: LLM, *, budget: Budget, price: Price | None = None, cached: bool = False
    ) -> None:
        super().__init__(llm)
        self.budget = budget
        self.price = price
        self.cached = cached

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Send prompts in groups that fit under the cap.

        Raises:
            BudgetError: If the next prompt alone could pass it.
        """
        start = 0
        while start < len(prompts):
            held: list[float] = []
            while start + len(held) < len(prompts):
                worst = self._worst(prompts[start + len(held)], sampling, sampling.n)
                if not self.budget.reserve(worst):
                    break
                held.append(worst)
            if not held:
                unit = "tokens" if self.budget.in_tokens else ""
                raise BudgetError(
                    f"stopped at {self.budget.spent:,.6g} of the budget of "
                    f"{self.budget.cap:,.6g} {unit}".rstrip()
                    + f": the next of {len(prompts) - start} prompts could pass it; "
                    + (IN_CACHE if self.cached else NOT_IN_CACHE)
                )
            for position, answer in self._answered(
                prompts[start : start + len(held)], sampling, held
            ):
                yield start + position, answer
            start += len(held)

    def _answered(
        self, prompts: Sequence[Messages], sampling: Sampling, held: list[float]
    ) -> Iterator[tuple[int, Completions]]:
        """Yield the answers to prompts that fit; settle what is held for them and their tries."""
        places = {id(prompt): position for position, prompt in enumerate(prompts)}
        again = [0.0] * len(prompts)

        def may_pay(prompt: Messages, completions: int) -> bool:
            worst = self._worst(prompt, sampling, completions)
            has_room = self.budget.reserve(worst)
            again[places.get(id(prompt), -1)] += worst if has_room else 0
            return has_room

        try:
            for position, answer in self.llm.stream_within(prompts, sampling, may_pay):
                cost = self.budget.cost(self.price, *counted_tokens(prompts[position], answer))
                # one that is cached somebody else asked for, and pays
                self.budget.settle(held[position] + again[position], 0 if answer.cached else cost)
                held[position] = again[position] = 0
                yield position, answer
        finally:
            # where all ends, who was asked again had paid before, and nobody counted how much
            paid = sum(h + a for h, a in zip(held, again, strict=True) if a)
            self.budget.settle(sum(held) + sum(again), paid)

    def _worst(self, prompt: Messages, sampling: Sampling, completions: int) -> float:
        size = sum(len(message["content"].encode()) + 16 for message in prompt)
        return self.budget.cost(self.price, size, self.llm.longest(sampling) * completions)


class StandInEncoder:
    """Gives every text the same vector, so that an estimate loads no model."""

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return one vector a text."""
        return np.ones((len(texts), 1), dtype=np.float32)


class Estimating(Metered):
    """Answers without a model: from the cache where it can, else with a stand-in.

    Attributes:
        spent: What the requests would cost: prompts by their length, completions at their limit.
    """

    def __init__(self, llm: LLM, *, cache: LLM | None = None, price: Price | None = None) -> None:
        super().__init__(llm, price=price)
        self.cache = cache

    def answers(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Give every prompt that is not in the cache a word for an answer.

        Raises:
            ValueError: If the model could not answer them.
        """
        found = () if self.cache is None else self.cache.stream(prompts, sampling)
        hits = {position: answer for position, answer in found if answer.error is None}
        if len(hits) < len(prompts):
            self.llm.check(sampling)
            asked = [prompt for at, prompt in enumerate(prompts) if at not in hits]
            self._tell_too_long(asked, sampling)
        for position, prompt in enumerate(prompts):
            if position in hits:
                yield position, hits[position]
                continue
            # another answer to every prompt, so that later steps ask as often as they would
            words = f"estimate {zlib.crc32(prompt[-1]['content'].encode()):08x}"
            tokens = (estimated_prompt(prompt), self.llm.longest(sampling) * sampling.n)
            yield position, Completions([words] * sampling.n, *tokens)

    def _tell_too_long(self, prompts: Sequence[Messages], sampling: Sampling) -> None:
        """Tell of prompts that the model's context may not hold."""
        context = self.llm.told_context()
        if context is None:
            return
        room = context - self.llm.longest(sampling)
        long = [size for size in map(estimated_prompt, prompts) if size > room]
        if long:
            logger.warning(
                "%s: %d of %d prompts may be too long (up to %d tokens, estimated): its context of "
                "%d leaves %d beside an answer. Such a prompt fails or loses its beginning: use "
                "fewer or shorter documents, a smaller max_tokens or a larger context",
                self.llm,
                len(long),
                len(prompts),
                max(long),
                context,
                room,
            )
