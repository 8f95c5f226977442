"""QuReTeC: which words of the conversation belong to this turn's query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd
import pyterrier as pt

from ..base import NewQuery, Rewriter, Rewritten
from ..columns import QUERY, skipped
from ..protocols import Analyzer
from ._model import load_model
from ._words import Encoded, Turn, TurnEncoder
from .history import histories

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

    Output columns: as :class:`~pyterrier_rewrite.base.Rewriter`; ``qstatus`` is ``skipped: …``
    for a turn without history, and where no word is relevant.

    Args:
        model: Directory or hub name of a token classifier with two classes, the second of which
            is "relevant".
        threshold: Least probability of a word, in (0, 1). Lower adds more words; 0.5 is the
            likelier class.
        max_length: Most tokens of history and turn together, at least 16, within the model's
            limit. Of a longer history the oldest words are left out.
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

    Reference:
        Voskarides et al., Query Resolution for Conversational Search with Limited Supervision,
        SIGIR 2020.
    """

    reference = "Voskarides et al., SIGIR 2020"

    def __init__(
        self,
        model: str | Path,
        *,
        threshold: float = 0.5,
        max_length: int = 512,
        batch_size: int = 32,
        device: str | None = None,
        verbose: bool = False,
        on_error: Literal["keep", "raise"] = "keep",
    ) -> None:
        checks = {
            "threshold": (0 < threshold < 1, "between 0 and 1"),
            "max_length": (max_length >= 16, "at least 16"),
            "batch_size": (batch_size >= 1, "at least 1"),
        }
        for name, (fine, expected) in checks.items():
            if not fine:
                raise ValueError(f"{name} should be {expected}, found {locals()[name]!r}")
        self.model = model
        self.threshold = threshold
        self.max_length = max_length
        self.batch_size = batch_size
        self.device = device
        self.verbose = verbose
        self.on_error = on_error
        self._loaded: tuple[Any, Any] | None = None

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Tag the words of every conversation."""
        outcomes = [Rewritten(status=skipped("no history")) for _ in range(len(queries))]
        texts = queries[QUERY].tolist()
        turns = {
            row: Turn.of([message["content"] for message in history], text)
            for row, (history, text) in enumerate(zip(histories(queries), texts, strict=True))
            if history
        }
        if not turns:
            return outcomes
        analyzer = self.analyzer
        with pt.tqdm(total=len(turns), unit="turn", disable=not self.verbose) as progress:
            for row, terms in self._classify(turns, analyzer):
                outcomes[row] = (
                    Rewritten([NewQuery(" ".join([texts[row], *terms]))])
                    if terms
                    else Rewritten(status=skipped("no relevant words in the history"))
                )
                progress.update()
        return outcomes

    def _classify(
        self, turns: dict[int, Turn], analyzer: Analyzer
    ) -> Iterator[tuple[int, list[str]]]:
        model, tokenizer = self._load()
        rows, size = list(turns), _BLOCK * self.batch_size
        for block in (rows[at : at + size] for at in range(0, len(rows), size)):
            encoder = TurnEncoder(tokenizer, max_length=self.max_length)
            encoded = dict(zip(block, encoder.encode([turns[row] for row in block]), strict=True))
            block = sorted(block, key=lambda row: -len(encoded[row]))
            for start in range(0, len(block), self.batch_size):
                batch = block[start : start + self.batch_size]
                scores = relevance(model, tokenizer.pad_token_id, [encoded[row] for row in batch])
                for row, its in zip(batch, scores, strict=True):
                    yield row, self._terms(turns[row], encoded[row], its, analyzer)

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
            self._loaded = load_model(self.model, "TokenClassification", self.device)
        return self._loaded

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_loaded": None}


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
