"""A model that gives equal prompts of a batch different samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .base import LLM, Completions, Messages, Sampling

_Key = tuple[tuple[str, str], ...]


class Spread(LLM):
    """Asks another model once for every distinct prompt, for as many samples as it has copies.

    That costs one prompt instead of many, and a seed gives the copies different samples, which
    stay the same from run to run. Copies after the first say ``cached`` and cost nothing.

    Args:
        llm: The model.
    """

    def __init__(self, llm: LLM) -> None:
        self.llm = llm

    @property
    def identity(self) -> str:
        """That of the model."""
        return self.llm.identity

    @property
    def constrains(self) -> bool:
        """Whether the model can make an answer follow a schema."""
        return self.llm.constrains

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Answer as the model does."""
        return self.llm.stream(prompts, sampling)

    def generate(
        self, prompts: Sequence[Messages], *, n: int = 1, temperature: float = 0.0, **others: Any
    ) -> list[Completions]:
        """Answer a batch of prompts; see the class."""
        if temperature == 0:
            return self.llm.generate(prompts, n=n, temperature=temperature, **others)
        copies: dict[_Key, list[int]] = {}
        for position, prompt in enumerate(prompts):
            key = tuple([(message["role"], message["content"]) for message in prompt])
            copies.setdefault(key, []).append(position)
        answers: dict[int, Completions] = {}
        for count in {len(positions) for positions in copies.values()}:
            alike = [positions for positions in copies.values() if len(positions) == count]
            asked = [prompts[positions[0]] for positions in alike]
            made = self.llm.generate(asked, n=n * count, temperature=temperature, **others)
            for positions, answer in zip(alike, made, strict=True):
                answers.update(zip(positions, _parts(answer, n, count), strict=True))
        return [answers[position] for position in range(len(prompts))]


def _parts(answer: Completions, n: int, count: int) -> Iterator[Completions]:
    yield Completions(
        answer.texts[:n],
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        seconds=answer.seconds,
        cached=answer.cached,
        cut=answer.cut,
        error=answer.error,
    )
    for i in range(1, count):
        texts = answer.texts[i * n : (i + 1) * n]
        yield Completions(texts, cached=True, cut=answer.cut, error=answer.error)
