"""A model that gives equal prompts of a batch different samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from .base import Completions, Messages, PromptKey, prompt_key
from .wrapped import Wrapped


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
        copies: dict[PromptKey, list[int]] = {}
        for position, prompt in enumerate(prompts):
            copies.setdefault(prompt_key(prompt), []).append(position)
        answers: dict[int, Completions] = {}
        for count in {len(positions) for positions in copies.values()}:
            alike = [positions for positions in copies.values() if len(positions) == count]
            asked = [prompts[positions[0]] for positions in alike]
            made = self.llm.generate(asked, n=n * count, temperature=temperature, **others)
            for positions, answer in zip(alike, made, strict=True):
                answers.update(zip(positions, _parts(answer, n, count), strict=True))
        return [answers[position] for position in range(len(prompts))]


def _parts(answer: Completions, n: int, count: int) -> Iterator[Completions]:
    yield replace(answer, texts=answer.texts[:n])
    for i in range(1, count):
        yield answer.copy(answer.texts[i * n : (i + 1) * n])
