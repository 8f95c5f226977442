"""A language model for tests, yours and ours: no weights, no network, every call recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..deadline import LATE, remaining, time_is_over
from ..ranges import Weight, check_attributes
from .base import LLM, Completions, Messages, Sampling

Reply = str | Sequence[str] | Mapping[str, str] | Callable[[Messages, int], str] | None


class FakeLLM(LLM):
    """Answers at once, from a script.

    Args:
        reply: What to answer. None echoes the last message; a text is given to every prompt; a
            list is given in turn, sample by sample, from its start again at its end; a mapping
            gives the value of the first key that occurs in the last message; a function gets
            the prompt and the sample's number. A reply that raises is a failed request.
        name: Part of :attr:`identity`.
        constrains: Whether lists are asked for in JSON; the script must see to it.
        seconds: How long a prompt takes, one after the other, 0 or more.

    Attributes:
        calls: One entry a batch: the prompts and the sampling.

    Example:
        >>> llm = FakeLLM("a passage about couches")
        >>> llm.generate([[{"role": "user", "content": "sofa"}]])[0].texts
        ['a passage about couches']
        >>> len(llm.calls)
        1
    """

    def __init__(
        self,
        reply: Reply = None,
        *,
        name: str = "fake",
        constrains: bool = False,
        seconds: Weight = 0.0,
    ) -> None:
        self.reply = reply
        self.name = name
        self.calls: list[tuple[list[Messages], Sampling]] = []
        self.seconds = seconds
        check_attributes(self)
        self.constrains = constrains
        self._turn = 0

    @property
    def identity(self) -> str:
        """The name given."""
        return f"fake:{self.name}"

    @property
    def prompts(self) -> list[Messages]:
        """Every prompt received so far, in order."""
        return [prompt for prompts, _ in self.calls for prompt in prompts]

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Answer from the script; tokens are counted as words."""
        self.calls.append((list(prompts), sampling))
        for position, prompt in enumerate(prompts):
            if not self._take_time():
                yield position, Completions([], error=LATE)
                continue
            try:
                texts = [self._answer(prompt, sample) for sample in range(sampling.n)]
            except Exception as error:  # a scripted failure
                yield position, Completions([], error=f"{type(error).__name__}: {error}")
                continue
            read = sum(message["content"].count(" ") + 1 for message in prompt)
            written = sum(text.count(" ") + 1 for text in texts)
            yield position, Completions(texts, prompt_tokens=read, completion_tokens=written)

    def _take_time(self) -> bool:
        """Take the time of one prompt; return whether that much was left."""
        if self.seconds:
            left = remaining()
            time.sleep(self.seconds if left is None else min(left, self.seconds))
        return not time_is_over()

    def _answer(self, prompt: Messages, sample: int) -> str:
        reply = self.reply
        if reply is None:
            return prompt[-1]["content"]
        if isinstance(reply, str):
            return reply
        if callable(reply):
            return reply(prompt, sample)
        if isinstance(reply, Mapping):
            last = prompt[-1]["content"]
            for key, value in reply.items():
                if key in last:
                    return value
            raise KeyError(f"no key of the script occurs in {last!r}")
        self._turn += 1
        return reply[(self._turn - 1) % len(reply)]

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)
