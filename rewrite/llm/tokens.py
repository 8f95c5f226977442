"""How many tokens a text may have, where nobody counted them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

BYTES_A_TOKEN: Final = 4
"""Of English and of most other languages, within a third."""


BETWEEN_MESSAGES: Final = 5
"""Tokens that a chat template puts around a message, and in front of the answer."""


def estimated_tokens(text: str) -> int:
    """Return the tokens of a text, estimated by its length; at least 1 if there is any text.

    Example:
        >>> estimated_tokens("a sofa for two"), estimated_tokens("")
        (4, 0)
    """
    return -(-len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN)


def estimated_prompt(prompt: Sequence[Mapping[str, str]]) -> int:
    """Return the tokens of a prompt, estimated by its length and its number of messages.

    A system message that a chat template adds of its own is not counted.
    """
    of_texts = sum(estimated_tokens(message["content"]) for message in prompt)
    return of_texts + BETWEEN_MESSAGES * (len(prompt) + 1)
