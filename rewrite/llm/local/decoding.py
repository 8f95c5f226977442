"""Sampling and stopping for :class:`TransformersLLM`, free of what else is in the batch.

``transformers`` draws a whole batch from one stream of random numbers, so an answer depends on
the prompts beside it. Here every row has a stream of its own, seeded by the seed, the prompt and
the sample's number. Adding Gumbel noise to ``logits / temperature`` and taking the largest is the
same as sampling from their softmax (Gumbel, 1954; Maddison et al., "A* Sampling", NIPS 2014), so
the model decodes greedily and these processors do the rest.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

from ...deadline import time_is_over


def row_seed(seed: int | None, prompt: str, sample: int) -> int:
    """Return the seed of one sample of one prompt; without a ``seed``, a fresh one."""
    if seed is None:
        return secrets.randbits(32)
    name = f"{seed}\0{sample}\0{prompt}".encode(errors="surrogatepass")
    return int.from_bytes(hashlib.sha256(name).digest()[:4], "big")


def cut_at(text: str, stop: Sequence[str]) -> tuple[str, bool]:
    """Return the text before the first of the ``stop`` texts, and whether there was one."""
    places = [place for place in (text.find(end) for end in stop if end) if place >= 0]
    return (text[: min(places)], True) if places else (text, False)


class GumbelSampler:
    """A logits processor after which the largest score of a row is a sample.

    Args:
        seeds: One seed a row, 32 bits.
        temperature: Above 0.
        top_p: Nucleus mass in (0, 1].
        device: Where the scores are.
    """

    def __init__(
        self, seeds: Sequence[int], *, temperature: float, top_p: float, device: Any
    ) -> None:
        import torch
        from transformers import TopPLogitsWarper

        self.temperature = temperature
        self.nucleus = TopPLogitsWarper(top_p) if top_p < 1 else None
        self.streams = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Return scores that are noisy, each row from its own stream."""
        import torch

        scores = scores.float() / self.temperature
        if self.nucleus is not None:
            scores = self.nucleus(input_ids, scores)
        noise = torch.empty_like(scores)
        for row, stream in zip(noise, self.streams, strict=True):
            row.exponential_(generator=stream)
        # minus the log of an exponential variable is a Gumbel variable
        return scores - noise.clamp_min(torch.finfo(noise.dtype).tiny).log()


class StopInTime:
    """A stopping criterion that ends every row when the time is over."""

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        """Return which rows are done: all or none."""
        import torch

        shape, device = (input_ids.shape[0],), input_ids.device
        return torch.full(shape, time_is_over(), dtype=torch.bool, device=device)


class StopTexts:
    """A stopping criterion that ends a row once its completion holds a stop text.

    It looks at text, not at tokens, because a stop text may begin or end inside a token.

    Args:
        tokenizer: Turns tokens into text.
        stop: The stop texts.
        rows: Rows in the batch.
        start: Where completions start, in tokens.

    Attributes:
        lengths: Tokens written up to the end of a stop text, None for a row without one.
    """

    def __init__(self, tokenizer: Any, stop: Sequence[str], *, rows: int, start: int) -> None:
        self.tokenizer = tokenizer
        self.stop = stop
        self.start = start
        self.lengths: list[int | None] = [None] * rows
        # a token is at least a byte of text, special ones aside, and those end a row
        self.window = max((len(end.encode(errors="surrogatepass")) for end in stop), default=0) + 8

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        """Return which rows are done."""
        import torch

        tails = input_ids[:, self.start :][:, -self.window :].tolist()
        for row, tail in enumerate(tails):
            if self.lengths[row] is None:
                text = self.tokenizer.decode(tail, skip_special_tokens=True)
                if cut_at(text, self.stop)[1]:
                    self.lengths[row] = input_ids.shape[1] - self.start
        done = [length is not None for length in self.lengths]
        return torch.tensor(done, dtype=torch.bool, device=input_ids.device)
