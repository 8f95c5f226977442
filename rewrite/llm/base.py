"""What a language model is to a rewriter: a batch of prompts in, completions out."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..columns import USAGE_KEYS
from ..deadline import LATE, time_is_over
from ..errors import LLMError
from ..ranges import Count, Portion, Weight, check_attributes
from ..text.safe import encodable
from ..usage import Usage

Message = dict[str, str]
"""One chat message: ``{"role": "system" | "user" | "assistant", "content": …}``."""

Messages = Sequence[Message]
"""One prompt."""

MayPay = Callable[[Messages, int], bool]
"""Says whether a prompt may be sent once more, for so many more completions."""


def prompt_key(prompt: Messages) -> Hashable:
    """Return what is equal for equal prompts."""
    return tuple([(message["role"], message["content"]) for message in prompt])


def alike(keys: Iterable[Hashable]) -> list[list[int]]:
    """Return the positions of each key, the keys in the order in which they first occur."""
    positions: dict[Hashable, list[int]] = {}
    for position, key in enumerate(keys):
        positions.setdefault(key, []).append(position)
    return list(positions.values())


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to sample; every field is part of a cache key.

    Attributes:
        n: Completions a prompt, at least 1.
        temperature: 0 is greedy.
        top_p: Nucleus mass in (0, 1].
        max_tokens: Longest completion in tokens, at least 1.
        stop: Texts that end a completion; they are not part of it.
        seed: Makes sampling repeatable where the backend can; None draws anew each time.
        schema: JSON schema that each completion should follow: servers, llama.cpp and vLLM hold
            it to that, others leave it aside.
    """

    n: Count = 1
    temperature: Weight = 0.0
    top_p: Portion = 1.0
    max_tokens: Count = 256
    stop: tuple[str, ...] = ()
    seed: int | None = None
    schema: Mapping[str, Any] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        check_attributes(self)

    @property
    def repeatable(self) -> bool:
        """Whether the same prompt always gets the same answer."""
        return self.temperature == 0 or self.seed is not None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, JSON-ready; ``schema`` only if there is one."""
        fields = asdict(self)
        if self.schema is None:
            del fields["schema"]  # keys of answers cached before there were schemas stay valid
        return fields


@dataclass(slots=True)
class Completions:
    """The answer to one prompt.

    Attributes:
        texts: ``n`` completions; empty if the request failed.
        prompt_tokens: Tokens read, as the backend counts them.
        completion_tokens: Tokens written, over all ``n``.
        seconds: Time from sending the request to its end; a share of the batch for a local model.
        cached: Whether the answer came from a cache and cost nothing.
        cut: Whether a completion was cut at ``max_tokens``.
        error: Why there is no answer, or None.
    """

    texts: list[str]
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    cached: bool = False
    cut: bool = False
    error: str | None = None

    @property
    def usage(self) -> Usage:
        """What the answer cost, in the form of the column ``qusage``."""
        tokens = (self.prompt_tokens, self.completion_tokens)
        return dict(zip(USAGE_KEYS, (1, int(self.cached), *tokens, self.seconds), strict=True))

    def add(self, more: Completions) -> None:
        """Add further completions of the same prompt; none is left if one fails."""
        self.prompt_tokens += more.prompt_tokens
        self.completion_tokens += more.completion_tokens
        self.seconds += more.seconds
        self.cut |= more.cut
        self.error = self.error or more.error
        self.texts = [] if self.error else self.texts + more.texts

    def copy(self, texts: list[str]) -> Completions:
        """Return the same answer for another copy of the prompt, which cost nothing."""
        return Completions(texts, cached=True, cut=self.cut, error=self.error)


class LLM(ABC):
    """A language model. A backend implements :attr:`identity` and :meth:`stream`.

    The caller hands over every prompt it has; the backend decides on batching and concurrency.
    """

    @property
    @abstractmethod
    def identity(self) -> str:
        """What decides the answers: model id, revision, dtype, kind of endpoint; never a secret."""

    constrains: bool = False
    """Whether methods whose answer is a list ask it for JSON that follows a schema."""

    def check(self, sampling: Sampling) -> None:  # noqa: B027 - a server's model has nothing to say
        """Raise if no prompt can be answered so, as far as that is known without a model loaded.

        Raises:
            ValueError: If a sampling parameter does not fit the model.
        """

    @abstractmethod
    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Answer prompts, each as soon as it is done, in any order.

        Args:
            prompts: At least one prompt.
            sampling: How to sample.

        Yields:
            The position of a prompt and its answer, every position once. A request that fails
            is a :class:`Completions` with ``error``.

        Raises:
            LLMError: If nothing can be answered at all (wrong key, no such model, no server).
        """

    def stream_within(
        self, prompts: Sequence[Messages], sampling: Sampling, may_pay: MayPay
    ) -> Iterator[tuple[int, Completions]]:
        """Answer prompts as :meth:`stream` does, and ask before any is paid for once more.

        A model that sends no prompt a second time has nothing to ask.

        Args:
            prompts: At least one prompt.
            sampling: How to sample.
            may_pay: Whether there is room in a budget to send a prompt again; without, it fails.
        """
        return self.stream(prompts, sampling)

    def told_context(self) -> int | None:
        """Return how many tokens prompt and completion share, if that is known without a request.

        A local model says it by what stands beside its weights, if they are there.
        """
        return None

    def longest(self, sampling: Sampling) -> int:
        """Return the most tokens of one completion; a model may have been told another limit."""
        return sampling.max_tokens

    def generate(
        self,
        prompts: Sequence[Messages],
        *,
        n: int = 1,
        temperature: float = 0.0,
        top_p: float = 1.0,
        max_tokens: int = 256,
        stop: Sequence[str] = (),
        seed: int | None = None,
        schema: Mapping[str, Any] | None = None,
    ) -> list[Completions]:
        """Answer a batch of prompts, in their order; see :class:`Sampling` for the parameters.

        Identical prompts are sent once where the answer is repeatable (temperature 0, or a
        seed); the copies say ``cached`` and cost nothing.

        What was answered before a model or its server failed for good is kept: the other prompts
        get the ``error``. With no time left (:func:`~pyterrier_rewrite.time_limit`) nothing
        is asked, and what is not answered in time has the error ``deadline``.

        Raises:
            ValueError: If a sampling parameter is out of range.
            LLMError: If nothing can be answered at all.
        """
        sampling = Sampling(n, temperature, top_p, max_tokens, tuple(stop), seed, schema)
        if not prompts:
            return []
        copies = alike(map(prompt_key, prompts) if sampling.repeatable else range(len(prompts)))
        distinct = [prompts[positions[0]] for positions in copies]
        answers: dict[int, Completions] = {}
        try:
            if not time_is_over():
                answers.update(self.stream(distinct, sampling))
        except LLMError as error:
            if all(answer.error is not None for answer in answers.values()):
                raise
            unanswered = str(error)
            answers = {
                at: answers.get(at) or Completions([], error=unanswered)
                for at in range(len(distinct))
            }
        if time_is_over():
            answers = {
                at: answers.get(at) or Completions([], error=LATE) for at in range(len(distinct))
            }
        missing = len(distinct) - len(answers)
        if missing:
            raise LLMError(f"{self!r} gave no answer to {missing} of {len(distinct)} prompts")
        given: dict[int, Completions] = {}
        for at, (first, *others) in enumerate(copies):
            answers[at].texts = list(map(encodable, answers[at].texts))
            given[first] = answers[at]
            given |= {position: answers[at].copy(answers[at].texts) for position in others}
        return [given[position] for position in range(len(prompts))]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({json.dumps(self.identity)})"
