"""Neural models of sentence-transformers, loaded when first used, or objects of your own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pyterrier as pt

from pyterrier_rewrite.extras import need, quiet_loading
from pyterrier_rewrite.rankings.lists import Floats, Ints
from pyterrier_rewrite.text.safe import encodable

T = TypeVar("T")
Vectors = npt.NDArray[np.float32]


def encode(
    model: object,
    texts: Sequence[str],
    *,
    batch_size: int,
    device: str | None = None,
    verbose: bool = False,
) -> Vectors:
    """Encode texts, equal ones once and long ones first.

    Args:
        model: Name or path of a sentence-transformers model, or an object with
            ``encode(list[str]) -> array`` that gives one vector a text.
        texts: What to encode; with no text the model is not loaded.
        batch_size: Texts at a time, at least 1.
        device: Device of a model that is loaded by name; None lets it choose.
        verbose: Whether to show progress.

    Returns:
        One vector a text, in order.

    Raises:
        MissingExtraError: If sentence-transformers is not installed.
        ValueError: If the model does not give one finite vector a text.
    """
    texts = list(map(encodable, texts))
    at = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    if not at:
        return np.empty((0, 0), dtype=np.float32)
    encoder, options = _ready("SentenceTransformer", model, device, batch_size)
    vectors: Vectors = np.empty((len(at), 0), dtype=np.float32)
    for batch in batches(list(at), [len(text) for text in at], batch_size, "Encoding", verbose):
        found = np.asarray(encoder.encode(batch, **options), dtype=np.float32)
        if found.ndim != 2 or len(found) != len(batch) or not np.isfinite(found).all():
            raise ValueError(
                f"{model!r} should give one vector of finite numbers a text, found an array of "
                f"shape {found.shape} for {len(batch)} texts"
            )
        if not vectors.size:
            vectors = np.empty((len(at), found.shape[1]), dtype=np.float32)
        vectors[[at[text] for text in batch]] = found
    return vectors[[at[text] for text in texts]]


def score_pairs(
    model: object,
    pairs: Sequence[tuple[str, str]],
    *,
    batch_size: int,
    device: str | None = None,
    verbose: bool = False,
) -> Floats:
    """Score pairs of query and text, equal ones once and long ones first.

    Args:
        model: Name or path of a cross-encoder of sentence-transformers, or an object with
            ``predict(list[tuple[str, str]]) -> array`` that gives one number a pair.
        pairs: What to score; with no pair the model is not loaded.
        batch_size: Pairs at a time, at least 1.
        device: Device of a model that is loaded by name; None lets it choose.
        verbose: Whether to show progress.

    Returns:
        One score a pair, in order.

    Raises:
        MissingExtraError: If sentence-transformers is not installed.
        ValueError: If the model does not give one number a pair.
    """
    pairs = [(encodable(query), encodable(text)) for query, text in pairs]
    at = {pair: number for number, pair in enumerate(dict.fromkeys(pairs))}
    if not at:
        return np.empty(0)
    scorer, options = _ready("CrossEncoder", model, device, batch_size)
    scores = np.empty(len(at))
    lengths = [len(query) + len(text) for query, text in at]
    for batch in batches(list(at), lengths, batch_size, "Reranking", verbose):
        found = np.asarray(scorer.predict(batch, **options), dtype=np.float64)
        if found.size != len(batch) or np.isnan(found).any():
            raise ValueError(
                f"{model!r} should give one number a pair, found an array of shape "
                f"{found.shape} for {len(batch)} pairs; a classifier of several labels cannot rank"
            )
        scores[[at[pair] for pair in batch]] = found.reshape(-1)
    return scores[[at[pair] for pair in pairs]]


def batches(
    items: list[T], lengths: Sequence[int], size: int, what: str, verbose: bool
) -> Iterator[list[T]]:
    """Yield items in batches of like length, the longest first: what will not fit fails at once."""
    if size < 1:
        raise ValueError(f"batch_size should be at least 1, found {size!r}")
    order = sorted(range(len(items)), key=lambda i: -lengths[i])
    for start in pt.tqdm(range(0, len(items), size), desc=what, unit="batch", disable=not verbose):
        yield [items[i] for i in order[start : start + size]]


def named(model: object) -> bool:
    """Say whether a model is given by name or path rather than as an object."""
    return isinstance(model, (str, os.PathLike))


def described(model: object) -> str:
    """Return the name or path of a model, or the class of the object that it is."""
    if named(model):
        return str(model)
    return f"{type(model).__module__}.{type(model).__qualname__}"


def check_similarity(similarity: str) -> None:
    """Raise a ``ValueError`` unless vectors can be compared so."""
    if similarity not in ("cosine", "dot"):
        raise ValueError(f"similarity should be 'cosine' or 'dot', found {similarity!r}")


def unit_length(vectors: Vectors) -> Vectors:
    """Return the vectors scaled to length 1; zero stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def similarities(
    left: Vectors, left_rows: Sequence[int] | Ints, right: Vectors, right_rows: Sequence[int] | Ints
) -> Floats:
    """Return the products of rows of two arrays, pair by pair."""
    scores = np.empty(len(left_rows))
    for start in range(0, len(scores), 10_000):  # a bounded piece of the vectors at a time
        part = slice(start, start + 10_000)
        scores[part] = np.einsum("ij,ij->i", left[left_rows[part]], right[right_rows[part]])
    return scores


def _ready(
    kind: Literal["SentenceTransformer", "CrossEncoder"],
    model: object,
    device: str | None,
    batch_size: int,
) -> tuple[Any, dict[str, Any]]:
    """Return the model and how to call it."""
    if named(model):
        options = {"batch_size": batch_size, "show_progress_bar": False}
        return _load(kind, os.fspath(model), device), options  # type: ignore[call-overload]
    method = "encode" if kind == "SentenceTransformer" else "predict"
    if not callable(getattr(model, method, None)):
        raise TypeError(
            f"model should be the name or path of a sentence-transformers model, or an object "
            f"with {method}(); found {model!r} of type {type(model).__name__}"
        )
    return model, {}


@lru_cache(maxsize=4)
def _load(kind: str, name: str, device: str | None) -> Any:
    """Load a model, one a process for equal arguments, so that no transformer has to hold it."""
    sentence_transformers = need("sentence_transformers", "hf")
    with quiet_loading():
        return getattr(sentence_transformers, kind)(name, device=device, trust_remote_code=False)
