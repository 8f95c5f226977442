"""What conversations cost: QuReTeC beside its bare model, and HQE."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pandas as pd
from rich.console import Console

from pyterrier_rewrite import HQE, QuReTeC, RewriteError
from pyterrier_rewrite.columns import QHISTORY, QID, QUERY
from pyterrier_rewrite.conversation.learned.quretec import relevance
from pyterrier_rewrite.conversation.learned.words import Turn, TurnEncoder
from pyterrier_rewrite.extras import quiet_loading
from pyterrier_rewrite.pipelines import PisaIndex

from .measuring import print_peak, print_table, timed

TURNS: Final = 10
"""Turns of a conversation."""

_QUESTIONS: Final = (
    "how much does a {} cost",
    "which {} is best for a small room",
    "what is the difference between a {} and a {}",
    "tell me more about it",
    "does it last longer than the other one",
)
_THINGS: Final = (
    "sofa desk lamp chair shelf table mirror curtain carpet stool bench wardrobe".split()
)


def print_conversation(
    console: Console, *, conversations: int = 1000, model: str | None = None, rounds: int = 10
) -> None:
    """Print turns a second of QuReTeC, of the bare model on the same tokens, and of HQE.

    Both run in turns, a part of the conversations a round, so that a busy machine slows both.

    Args:
        console: Where to print.
        conversations: Conversations of ten turns.
        model: A token classifier; None makes one of the size of MiniLM (6 layers, width 384)
            with random weights, which is as fast as a trained one.
        rounds: Parts that the conversations are run in.
    """
    topics = talk(conversations)
    with TemporaryDirectory() as folder:
        quretec = QuReTeC(model or random_classifier(Path(folder)))
        quretec(topics.head(TURNS))  # loads the model
        ours = bare = 0.0
        size = -(-len(topics) // rounds)
        for start in range(0, len(topics), size):
            part = topics.iloc[start : start + size].reset_index(drop=True)
            ours += _seconds(quretec, part)
            bare += _bare_loop(quretec, part)
        index = PisaIndex.build(Path(folder) / "index", _documents(), verbose=False)
        hqe = _seconds(HQE(index.bm25(), topic_score=5, subtopic_score=4, clear_score=9), topics)
    count = len(topics)
    rows = [
        ("bare model", f"{count / bare:,.0f}", "1.00"),
        ("QuReTeC", f"{count / ours:,.0f}", f"{bare / ours:.2f}"),
        ("HQE", f"{count / hqe:,.0f}", ""),
    ]
    columns = ("rewriter", "turns/s", "of the bare model")
    print_table(console, f"conversations, {count:,} turns", columns, rows)
    print_peak(console)


def talk(conversations: int, *, seed: int = 0) -> pd.DataFrame:
    """Return the turns of conversations about furniture."""
    dice = random.Random(seed)
    rows = []
    for number in range(conversations):
        history: list[dict[str, str]] = []
        for turn in range(TURNS):
            question = dice.choice(_QUESTIONS).format(*dice.sample(_THINGS, 2))
            rows.append((f"{number}_{turn}", question, list(history)))
            history.append({"role": "user", "content": question})
    return pd.DataFrame(rows, columns=[QID, QUERY, QHISTORY])


def random_classifier(folder: Path) -> Path:
    """Write a token classifier of the size of MiniLM and return its folder."""
    import torch
    from transformers import BertConfig, BertForTokenClassification, BertTokenizer

    words = sorted({word for text in talk(200)[QUERY] for word in text.split()})
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = BertTokenizer(vocab={word: i for i, word in enumerate([*special, *words])})
    torch.manual_seed(0)
    config = BertConfig(hidden_size=384, intermediate_size=1536, num_hidden_layers=6, num_labels=2)
    model = BertForTokenClassification(config)
    with quiet_loading():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


def _seconds(rewriter: Any, topics: pd.DataFrame) -> float:
    out, seconds = timed(rewriter, topics)
    if len(out) != len(topics) or out["qstatus"].str.startswith("failed").any():
        raise RewriteError("the benchmark's turns were not all rewritten")
    return seconds


def _bare_loop(quretec: QuReTeC, topics: pd.DataFrame) -> float:
    """Return the seconds that the model alone takes for the same tokens, sorted by length."""
    model, tokenizer = quretec._load()
    turns = [
        Turn.of([message["content"] for message in history], query)
        for history, query in zip(topics[QHISTORY], topics[QUERY], strict=True)
        if history
    ]
    encoded = TurnEncoder(tokenizer, max_length=quretec.max_length).encode(turns)
    encoded.sort(key=len, reverse=True)
    size = quretec.batch_size
    batches = [encoded[at : at + size] for at in range(0, len(encoded), size)]
    asked = partial(relevance, model, tokenizer.pad_token_id)
    return timed(lambda: [asked(batch) for batch in batches])[1]


def _documents() -> list[dict[str, str]]:
    dice = random.Random(1)
    return [
        {"docno": str(i), "text": " ".join(dice.choices([*_THINGS, "room", "cost", "wood"], k=20))}
        for i in range(2000)
    ]
