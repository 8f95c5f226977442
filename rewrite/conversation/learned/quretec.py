"""QuReTeC: which words of the conversation belong to this turn's query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import pandas as pd
import pyterrier as pt
from annotated_types import Ge, Gt, Lt

from ...base import NewQuery, Rewriter, Rewritten
from ...columns import QUERY, skipped
from ...errors import RewriteError
from ...extras import need, quiet_loading
from ...protocols import Analyzer
from ...ranges import Count
from ..history import History, histories, limit_history
from .words import Encoded, Turn, TurnEncoder

RELEVANT: Final = 1
"""Class of the words that belong to the query."""

_BLOCK: Final = 64
"""Batches that are held in memory and sorted by length together."""


class QuReTeC(Rewriter):
    """Appends the words of the conversation that a token classifier finds relevant to the turn.

    A BERT-like model reads the history and the turn at once and tags every history word. Words
    above the threshold that the turn lacks are appended in the order in which they were said,
    one form a stem. The first turn of a conversation stays as it is. Make a model with
    :func:`train_quretec`.

    Input columns: ``qid``, ``query`` and, where there is one, ``qhistory``.

    Output columns: as :class:`~pyterrier_rewrite.Rewriter`; ``qstatus`` is ``skipped: …``
    for a turn without history, and where no word is relevant.

    Args:
        model: Directory or hub name of a token classifier with two classes, the second of which
            is "relevant".
        threshold: Least probability of a word, in (0, 1). Lower adds more words; 0.5 is the
            likelier class.
        max_length: Most tokens of history and turn together, at least 16; less if the model
            takes less. Of a longer history the oldest words are left out.
        responses: Whether words of the assistant's messages may be appended too; as the model
            was trained.
        batch_size: Turns a forward pass, at least 1.
        device: Device as torch names it; None takes the GPU if there is one.
        verbose: Whether to show progress.
        on_error: ``"keep"`` the query, or ``"raise"``.

    Raises:
        ValueError: If a number is out of its range.
        MissingExtraError: At the first turn, if torch or transformers is missing.
        RewriteError: At the first turn, if the model cannot be loaded or is of another kind.

    Example:
        >>> quretec = QuReTeC("models/quretec")                            # doctest: +SKIP
        >>> pipeline = quretec >> bm25                                     # doctest: +SKIP
    """

    reference = (
        "Voskarides et al. Query Resolution for Conversational Search with Limited Supervision. "
        "SIGIR 2020"
    )

    def __init__(
        self,
        model: str | Path,
        *,
        threshold: Annotated[float, Gt(0), Lt(1)] = 0.5,
        max_length: Annotated[int, Ge(16)] = 512,
        responses: bool = False,
        batch_size: Count = 32,
        device: str | None = None,
        verbose: bool = False,
        on_error: Literal["keep", "raise"] = "keep",
    ) -> None:
        self.model = model
        self.threshold = threshold
        self.max_length = max_length
        self.responses = responses
        self.batch_size = batch_size
        self.device = device
        self.verbose = verbose
        self.on_error = on_error
        self._loaded: tuple[Any, Any] | None = None
        self.check()

    def skip(self, queries: pd.DataFrame) -> list[str | None]:
        """Leave a turn alone before which nothing was said."""
        return [None if its else "no history" for its in self._said(queries)]

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Tag the words of every conversation."""
        texts = queries[QUERY].tolist()
        turns = [
            Turn.of([m["content"] for m in said], text)
            for said, text in zip(self._said(queries), texts, strict=True)
        ]
        outcomes = [Rewritten(status=skipped("no relevant words in the history")) for _ in turns]
        size = _BLOCK * self.batch_size
        with pt.tqdm(total=len(turns), unit="turn", disable=not self.verbose) as progress:
            for start in range(0, len(turns), size):
                for at, terms in self._relevant_terms(turns[start : start + size]):
                    if terms:
                        new = NewQuery(" ".join([texts[start + at], *terms]))
                        outcomes[start + at] = Rewritten([new])
                    progress.update()
        return outcomes

    def _said(self, queries: pd.DataFrame) -> list[History]:
        return [limit_history(its, responses=self.responses) for its in histories(queries)]

    def _relevant_terms(self, turns: Sequence[Turn]) -> Iterator[tuple[int, list[str]]]:
        """Yield the position of each turn and its terms, the longest turns first."""
        model, tokenizer = self._load()
        encoder = TurnEncoder(tokenizer, max_length=longest(model, tokenizer, self.max_length))
        encoded, analyzer = encoder.encode(turns), self.analyzer
        order = sorted(range(len(turns)), key=lambda at: -len(encoded[at]))
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            scores = relevance(model, tokenizer.pad_token_id, [encoded[at] for at in batch])
            for at, its in zip(batch, scores, strict=True):
                yield at, self._terms(turns[at], encoded[at], its, analyzer)

    def _terms(
        self, turn: Turn, encoded: Encoded, scores: Sequence[float], analyzer: Analyzer
    ) -> list[str]:
        """Return the words to append: of each stem the first that is relevant."""
        chosen: dict[str, str] = {}
        stems = turn.candidates(analyzer)
        for at, start in enumerate(encoded.starts, start=encoded.dropped):
            stem = stems[at]
            if stem is not None and scores[start] >= self.threshold:
                chosen.setdefault(stem, turn.history[at].lower())
        return list(chosen.values())

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            self._loaded = load_classifier(self.model, self.device)
        return self._loaded

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_loaded": None}


def load_classifier(name: str | Path, device: str | None) -> tuple[Any, Any]:
    """Load a token classifier with two classes, and its tokenizer.

    Args:
        name: Directory or hub name.
        device: Device as torch names it; None takes the GPU if there is one.

    Raises:
        MissingExtraError: If torch or transformers is missing.
        RewriteError: If there is no such model, or it is of another kind.
    """
    torch, transformers = need("torch", "hf"), need("transformers", "hf")
    try:
        with quiet_loading():
            model, report = transformers.AutoModelForTokenClassification.from_pretrained(
                name, output_loading_info=True
            )
            tokenizer = transformers.AutoTokenizer.from_pretrained(name, add_prefix_space=True)
    except Exception as error:  # each library and file format fails in its own way
        raise RewriteError(
            f"cannot load {str(name)!r} as a token classifier: {error}\nExpected the name of a "
            "model on the hub (downloaded before, if this machine is offline) or a directory "
            "with config, tokenizer and weights, as train_quretec writes it"
        ) from error
    missing = sorted(report["missing_keys"])
    if missing:  # transformers would go on with random numbers in their place
        raise RewriteError(
            f"{str(name)!r} is no trained token classifier: it lacks {missing}; train it with "
            "train_quretec first"
        )
    if model.config.num_labels != 2 or not tokenizer.is_fast:
        raise RewriteError(
            f"expected a token classifier with two classes and a fast tokenizer, found "
            f"{model.config.num_labels} classes and {type(tokenizer).__name__} in {str(name)!r}"
        )
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.to(device).eval(), tokenizer


def longest(model: Any, tokenizer: Any, wanted: int) -> int:
    """Return how many tokens are read: as many as wanted, or as the model takes."""
    limits = wanted, tokenizer.model_max_length, model.config.max_position_embeddings
    return min(limit for limit in limits if limit is not None)


def relevance(model: Any, pad: int, batch: Sequence[Encoded]) -> list[list[float]]:
    """Return for each turn and token the probability that the token is relevant."""
    import torch

    with torch.inference_mode():
        logits = model(**tensors(batch, pad, model.device)).logits.float()
    scores: list[list[float]] = torch.softmax(logits, dim=-1)[..., RELEVANT].tolist()
    return scores


def tensors(batch: Sequence[Encoded], pad: int, device: Any) -> dict[str, Any]:
    """Return a batch as a BERT-like model takes it, padded on the right."""
    import torch

    width = max(map(len, batch))
    columns = {name: [turn.inputs[name] for turn in batch] for name in batch[0].inputs}
    columns["attention_mask"] = [[1] * len(turn) for turn in batch]
    fill = {"input_ids": pad}
    return {
        name: torch.tensor(
            [row + [fill.get(name, 0)] * (width - len(row)) for row in rows], device=device
        )
        for name, rows in columns.items()
    }
