"""Answers that are wanted twice: by a query alone, and by the same query among others."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

from .base import LLM, Completions, Messages, Sampling, prompt_key
from .wrapped import Wrapped


class Remembering(Wrapped):
    """Notes answers while it is told to; after that it gives each once more, and asks for others.

    Args:
        llm: The model that is asked.

    Attributes:
        noting: Whether answers are noted. While they are, every prompt is asked, but a repeatable
            one once: together, too, it would be asked once.
    """

    def __init__(self, llm: LLM) -> None:
        super().__init__(llm)
        self.noting = False
        self._noted: dict[Hashable, list[Completions]] = {}

    def forget(self) -> None:
        """Drop what was noted."""
        self._noted.clear()

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Give what was noted, and ask for the rest."""
        keys = [(prompt_key(prompt), repr(sampling)) for prompt in prompts]
        asked = []
        for position, key in enumerate(keys):
            noted = self._noted.get(key)
            if noted and not self.noting:
                yield position, noted.pop(0)
            elif noted and sampling.repeatable:
                yield position, _copy(noted[0])
            else:
                asked.append(position)
        if not asked:
            return
        for at, answer in self.llm.stream([prompts[position] for position in asked], sampling):
            if self.noting and answer.error is None:
                self._noted.setdefault(keys[asked[at]], []).append(_copy(answer))
            yield asked[at], answer


def _copy(answer: Completions) -> Completions:
    return replace(answer, texts=list(answer.texts))
