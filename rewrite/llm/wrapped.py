"""Models around another model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from .base import LLM, Completions, Messages, Sampling, alike, prompt_key


class Wrapped(LLM):
    """A model around another, which it is like in all that a subclass does not change.

    Args:
        llm: The model inside.
    """

    def __init__(self, llm: LLM) -> None:
        self.llm = llm
        self.constrains = llm.constrains

    @property
    def identity(self) -> str:
        """The inner model's own: the answers are the same."""
        return self.llm.identity

    def longest(self, sampling: Sampling) -> int:
        """Return the most tokens of one completion of the inner model."""
        return self.llm.longest(sampling)

    def told_context(self) -> int | None:
        """Return the context of the inner model."""
        return self.llm.told_context()

    def check(self, sampling: Sampling) -> None:
        """Raise if the inner model cannot answer so."""
        self.llm.check(sampling)

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Answer as the inner model does."""
        return self.llm.stream(prompts, sampling)

    def __repr__(self) -> str:
        return repr(self.llm)


class Spread(Wrapped):
    """Asks another model once for every distinct prompt, for as many samples as it has copies.

    That costs one prompt instead of many, and a seed gives the copies different samples, which
    stay the same from run to run. Copies after the first say ``cached`` and cost nothing.

    Args:
        llm: The model.
    """

    def generate(
        self, prompts: Sequence[Messages], *, n: int = 1, temperature: float = 0.0, **others: Any
    ) -> list[Completions]:
        """Answer a batch of prompts; see the class."""
        if temperature == 0:
            return self.llm.generate(prompts, n=n, temperature=temperature, **others)
        copies = alike(map(prompt_key, prompts))
        answers: dict[int, Completions] = {}
        for count in set(map(len, copies)):
            as_many = [positions for positions in copies if len(positions) == count]
            asked = [prompts[positions[0]] for positions in as_many]
            made = self.llm.generate(asked, n=n * count, temperature=temperature, **others)
            for positions, answer in zip(as_many, made, strict=True):
                answers.update(zip(positions, _parts(answer, n, count), strict=True))
        return [answers[position] for position in range(len(prompts))]


def _parts(answer: Completions, n: int, count: int) -> Iterator[Completions]:
    yield replace(answer, texts=answer.texts[:n])
    for i in range(1, count):
        yield answer.copy(answer.texts[i * n : (i + 1) * n])
