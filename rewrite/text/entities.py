"""The numbers and names of a query."""

from __future__ import annotations

import re

from .analysis import STOP_WORDS

_QUOTED = re.compile(r"[\"“”«„]([^\"“”«»„]{2,80})[\"“”»]")
_TOKEN = re.compile(r"\w+(?:[-.'’&/]\w+|,\d{3}\b)*")


def entities_in(query: str) -> list[str]:
    """Return the numbers and names of a query, as far as spelling shows them.

    That is: tokens with a digit, phrases in quotes, and words with a capital letter, other than
    the first word unless it has more than one. Where most words are capitalised, capitals show
    nothing.

    Example:
        >>> entities_in("Which 4K TVs did Sony make before 2019")
        ['4K', 'TVs', 'Sony', '2019']
    """
    found = _QUOTED.findall(query)
    tokens = _TOKEN.findall(query)
    words = [token for token in tokens if token[0].isalpha()]
    titled = [word for word in words[1:] if word[0].isupper()]
    capitals_show = len(titled) <= max(1, (len(words) - 1) // 2)
    for at, token in enumerate(tokens):
        inner = any(letter.isupper() for letter in token[1:])
        named = token.lower() not in STOP_WORDS and (inner or (at > 0 and token[0].isupper()))
        if any(letter.isdigit() for letter in token) or (capitals_show and named):
            found.append(token)
    return list(dict.fromkeys(found))
