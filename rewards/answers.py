"""Reference answers, and how others are compared with them: after SQuAD's evaluation script."""

from __future__ import annotations

import re
import string
from collections import Counter
from functools import lru_cache
from typing import Any

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def answers_of(value: Any) -> list[str]:
    """Return the answers in a cell of ``qanswers``: a list of texts, one text, or nothing."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, (list, tuple)) or hasattr(value, "tolist"):
        return [str(answer) for answer in value if str(answer).strip()]
    return []


@lru_cache(maxsize=10_000)
def normalised(text: str) -> str:
    """Return a text in lower case, without punctuation, articles and superfluous spaces."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def exact_match(answer: str, gold: str) -> float:
    """Return 1 if two answers are the same, else 0."""
    return float(normalised(answer) == normalised(gold))


def f1(answer: str, gold: str) -> float:
    """Return the harmonic mean of precision and recall of the words of an answer."""
    words, expected = normalised(answer).split(), normalised(gold).split()
    if not words or not expected:
        return float(words == expected)
    common = sum((Counter(words) & Counter(expected)).values())
    if common == 0:
        return 0.0
    precision, recall = common / len(words), common / len(expected)
    return 2 * precision * recall / (precision + recall)


def contains(text: str, answer: str) -> bool:
    """Say whether a text holds an answer, as whole words."""
    wanted = normalised(answer)
    return bool(wanted) and f" {wanted} " in f" {normalised(text)} "
