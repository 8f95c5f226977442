"""Training of QuReTeC: from reference rewrites, or from relevant passages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd
import pyterrier as pt

from ...columns import DOCNO, LABEL, QHISTORY, QID, QREWRITE, QUERY
from ...extras import quiet_training
from ...protocols import Analyzer, TextSource
from ...text.analysis import EnglishAnalyzer
from ..history import histories, limit_history
from .quretec import RELEVANT, QuReTeC, longest
from .training import fit, need_training
from .words import Encoded, Turn, TurnEncoder

_IGNORED: Final = -100
"""Label of the tokens that torch leaves out of the loss."""


def train_quretec(
    base_model: str | Path,
    topics: pd.DataFrame,
    *,
    output_dir: str | Path,
    gold: Literal["rewrite", "passages"] = "rewrite",
    qrels: pd.DataFrame | None = None,
    texts: TextSource | None = None,
    min_label: int = 1,
    epochs: float = 5,
    learning_rate: float = 1.5e-4,
    batch_size: int = 16,
    relevant_weight: float | None = None,
    train_embeddings: bool = False,
    max_length: int = 512,
    responses: bool = False,
    dtype: Literal["float32", "bfloat16"] = "float32",
    seed: int = 42,
    device: str | None = None,
    verbose: bool = True,
) -> QuReTeC:
    """Train a token classifier on conversations, and return QuReTeC on it.

    A word of the history is relevant to a turn if the turn lacks it and the turn's gold text has
    it, compared by stem. With ``gold="rewrite"`` the gold text is the reference rewrite; with
    ``"passages"`` (distant supervision, where nobody wrote rewrites) it is what the turn's
    relevant passages say. Stop words, punctuation and the turn's own words can never be appended
    and do not count in the loss. Turns without history, or without gold text, are left out.

    Args:
        base_model: Directory or hub name of a BERT-like encoder with a fast tokenizer.
        topics: ``qid``, ``query``, ``qhistory`` and, for ``gold="rewrite"``, ``qrewrite``.
        output_dir: Where the trained model goes; files of an earlier one are replaced.
        gold: What says which words are relevant.
        qrels: Judgements, for ``gold="passages"``: ``qid``, ``docno``, ``label``.
        texts: Where the passages' texts are, for ``gold="passages"``: the index, for example.
        min_label: Least label of a relevant passage.
        epochs: Passes over the turns.
        learning_rate: Highest learning rate; it falls to 0.
        batch_size: Turns a step, at least 1.
        relevant_weight: How many times more a relevant word counts in the loss than another,
            over 0; None makes relevant and other words count the same in all.
        train_embeddings: Whether to train the word embeddings too: worth it with many thousand
            turns, and slower.
        max_length: Most tokens a turn, for training and for the rewriter.
        responses: Whether the assistant's messages are read too, here and in the rewriter.
        dtype: Number format of the training's products. ``"bfloat16"`` takes less than half the
            time on processors that have it.
        seed: Makes the run repeatable.
        device: ``"cpu"``, or None for the GPU if there is one.
        verbose: Whether to show progress.

    Returns:
        The rewriter; :class:`QuReTeC` loads the folder again later.

    Raises:
        pt.validate.InputValidationError: If a column is missing.
        ValueError: If qrels or texts are missing where they are needed, or no history word is
            relevant to any turn.
        MissingExtraError: If torch, transformers or accelerate is missing.

    Example:
        >>> quretec = train_quretec(                                       # doctest: +SKIP
        ...     "bert-base-uncased", topics, output_dir="models/quretec"
        ... )
        >>> quretec >> bm25                                                # doctest: +SKIP
    """
    transformers = need_training()
    pt.validate.query_frame(topics, [QUERY, QHISTORY])
    turns, labels = _labelled(
        topics, _gold_texts(topics, gold, qrels, texts, min_label), responses=responses
    )
    with quiet_training():
        transformers.set_seed(seed)  # also decides the new head's weights
        tokenizer = transformers.AutoTokenizer.from_pretrained(base_model, add_prefix_space=True)
        model = transformers.AutoModelForTokenClassification.from_pretrained(
            base_model, id2label={0: "other", RELEVANT: "relevant"}
        )
        model.get_input_embeddings().weight.requires_grad_(train_embeddings)
        encoder = TurnEncoder(tokenizer, max_length=longest(model, tokenizer, max_length))
        examples = [
            {**encoded.inputs, "labels": _token_labels(encoded, its)}
            for encoded, its in zip(encoder.encode(turns), labels, strict=True)
        ]
        fit(
            model,
            tokenizer,
            examples,
            collator=transformers.DataCollatorForTokenClassification(
                tokenizer, label_pad_token_id=_IGNORED
            ),
            loss=weighted_loss(relevant_weight or _rarity(labels)),
            device=device,
            verbose=verbose,
            output_dir=output_dir,
            num_train_epochs=epochs,
            learning_rate=learning_rate,
            per_device_train_batch_size=batch_size,
            seed=seed,
            bf16=dtype == "bfloat16",
        )
    return QuReTeC(output_dir, max_length=max_length, responses=responses, device=device)


# -- gold -----------------------------------------------------------------------------------


def _gold_texts(
    topics: pd.DataFrame,
    gold: str,
    qrels: pd.DataFrame | None,
    texts: TextSource | None,
    min_label: int,
) -> list[str | None]:
    """Return for each topic the text whose words are relevant, or None."""
    if gold == "rewrite":
        pt.validate.query_frame(topics, [QUERY, QREWRITE])
        return [text if isinstance(text, str) else None for text in topics[QREWRITE]]
    if gold != "passages":
        raise ValueError(f"gold should be 'rewrite' or 'passages', found {gold!r}")
    if qrels is None or texts is None:
        raise ValueError("gold='passages' needs qrels and texts: qrels=qrels, texts=index")
    relevant = qrels[(qrels[LABEL] >= min_label) & qrels[QID].isin(set(topics[QID]))]
    found = texts.texts(dict.fromkeys(relevant[DOCNO]))
    relevant = relevant[relevant[DOCNO].isin(set(found))]
    passages = relevant[DOCNO].map(found.__getitem__).groupby(relevant[QID]).agg(" ".join).to_dict()
    return [passages.get(qid) for qid in topics[QID]]


def _labelled(
    topics: pd.DataFrame, gold: list[str | None], *, responses: bool
) -> tuple[list[Turn], list[list[int]]]:
    """Return the turns to learn from and a label for each of their history words."""
    analyzer = EnglishAnalyzer()
    turns, labels = [], []
    for history, query, text in zip(histories(topics), topics[QUERY], gold, strict=True):
        history = limit_history(history, responses=responses)
        if history and text is not None:
            turn = Turn.of([message["content"] for message in history], query)
            turns.append(turn)
            labels.append(word_labels(turn, text, analyzer))
    if not any(RELEVANT in its for its in labels):
        raise ValueError(
            f"no history word is relevant to any of the {len(turns)} turns that have a history "
            "and a gold text; check qhistory, and the rewrites or judgements"
        )
    return turns, labels


def word_labels(turn: Turn, gold: str, analyzer: Analyzer) -> list[int]:
    """Return for each history word 1 (relevant), 0 (not), or -100 (can never be appended)."""
    wanted = {analyzer.stem(term) for term in analyzer.terms(gold)}
    return [_IGNORED if stem is None else int(stem in wanted) for stem in turn.candidates(analyzer)]


def _token_labels(encoded: Encoded, labels: list[int]) -> list[int]:
    """Put each word's label on its first token."""
    out = [_IGNORED] * len(encoded)
    for start, label in zip(encoded.starts, labels[encoded.dropped :], strict=True):
        out[start] = label
    return out


def _rarity(labels: list[list[int]]) -> float:
    """Return how many irrelevant words come on a relevant one, at least 1."""
    relevant, other = (sum(its.count(label) for its in labels) for label in (RELEVANT, 0))
    return max(1.0, other / relevant)


def weighted_loss(weight: float) -> Callable[..., Any]:
    """Return the cross entropy of words, in which a relevant one counts ``weight`` times."""
    import torch

    def loss(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
        logits = outputs.logits.flatten(0, 1).float()
        return torch.nn.functional.cross_entropy(
            logits,
            labels.flatten(),
            weight=torch.tensor([1.0, weight], device=logits.device),
            ignore_index=_IGNORED,
        )

    return loss
