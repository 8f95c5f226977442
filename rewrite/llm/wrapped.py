"""A model around another model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .base import LLM, Completions, Messages, Sampling


class Wrapped(LLM):
    """A model around another, which it is like in all that a subclass does not change.

    Args:
        llm: The model inside.
    """

    def __init__(self, llm: LLM) -> None:
        self.llm = llm

    @property
    def identity(self) -> str:
        """The inner model's own: the answers are the same."""
        return self.llm.identity

    @property
    def constrains(self) -> bool:
        """Whether the inner model can make an answer follow a JSON schema."""
        return self.llm.constrains

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Answer as the inner model does."""
        return self.llm.stream(prompts, sampling)

    def __repr__(self) -> str:
        return repr(self.llm)
