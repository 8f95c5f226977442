"""How well conversational rewriters find: cross-validated over conversations."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pandas as pd
import pyterrier as pt
from rich.console import Console

from pyterrier_rewrite import HQE, EnglishAnalyzer, QuReTeC, fit_hqe, train_quretec
from pyterrier_rewrite.columns import QCONVERSATION, QHISTORY, QID, QREWRITE, QUERY
from pyterrier_rewrite.conversation.learned.words import Turn

from ..build.workbench import Workbench
from ..config.file import as_overrides, load_config
from ..run.execute import run_experiment
from ..run.files import write_report
from ..run.table import print_depth, print_report

Rewrites = dict[str, str]
"""Rewrites by query id."""


def run(
    folders: Sequence[Path],
    *,
    model: str | None,
    rewrites: Path | None = None,
    out: Path = Path("runs/conversation"),
    folds: int = 5,
    epochs: float = 5,
    dtype: Literal["float32", "bfloat16"] = "float32",
) -> None:
    """Compare on several collections, and write a report for each.

    In every fold one QuReTeC is trained on the training conversations of all collections
    together, and HQE is fitted to those of each; both rewrite the turns of the conversations
    that are left out. Neither sees a turn, a rewrite or a judgement of these.

    Args:
        folders: Collections as BEIR folders, with conversations and reference rewrites.
        model: The encoder that QuReTeC starts from; None leaves it out.
        rewrites: Folder of rewrites made elsewhere: ``<last part of the collection>_*.jsonl``.
        out: Where the reports go.
        folds: Parts that the conversations of each collection are split into.
        epochs: See :func:`~pyterrier_rewrite.train_quretec`.
        dtype: See there.
    """
    console = Console(width=160)
    benches = {folder.name: _workbench(folder) for folder in folders}
    topics = {name: bench.topics() for name, bench in benches.items()}
    fold_of = {name: folds_of(frame, folds, seed=0) for name, frame in topics.items()}
    systems: dict[str, dict[str, Rewrites]] = {
        name: {"HQE, fitted": {}, "QuReTeC": {}, "best terms": best_terms(frame)}
        for name, frame in topics.items()
    }
    for fold in pt.tqdm(range(folds), "folds"):
        train = {name: frame[fold_of[name] != fold] for name, frame in topics.items()}
        quretec = _train(list(train.values()), model, epochs, dtype)
        for name, bench in benches.items():
            held_out = topics[name][fold_of[name] == fold]
            bm25 = bench.index.bm25(num_results=10)
            hqe = fit_hqe(bm25, train[name], bench.qrels())
            systems[name]["HQE, fitted"].update(_rewritten(hqe, held_out))
            if quretec is not None:
                systems[name]["QuReTeC"].update(_rewritten(quretec, held_out))
    for folder in folders:
        files = dict(_write(systems[folder.name], out / folder.name))
        files.update(_made_elsewhere(rewrites, folder.name))
        report = run_experiment(_workbench(folder, files))
        print_report(report, console)
        print_depth(report, console)
        write_report(report, out / folder.name)
        report.check()


def folds_of(topics: pd.DataFrame, folds: int, seed: int) -> pd.Series[int]:
    """Return the fold of each topic; all turns of a conversation are in one."""
    conversations = sorted(topics[QCONVERSATION].unique())
    random.Random(seed).shuffle(conversations)
    fold_of = {conversation: at % folds for at, conversation in enumerate(conversations)}
    return topics[QCONVERSATION].map(fold_of)


def best_terms(topics: pd.DataFrame) -> Rewrites:
    """Return each turn with the words that its reference rewrite takes from the questions."""
    analyzer = EnglishAnalyzer()
    found: Rewrites = {}
    for topic in topics.to_dict("records"):
        said = [m["content"] for m in topic[QHISTORY] if m["role"] == "user"]
        turn = Turn.of(said, topic[QUERY])
        rewrite = topic[QREWRITE] if isinstance(topic[QREWRITE], str) else ""
        wanted = set(map(analyzer.stem, analyzer.terms(rewrite)))
        added: dict[str, str] = {}
        for word, stem in zip(turn.history, turn.candidates(analyzer), strict=True):
            if stem in wanted and stem is not None:
                added.setdefault(stem, word)
        found[topic[QID]] = " ".join([topic[QUERY], *added.values()])
    return found


def _train(
    frames: Sequence[pd.DataFrame], model: str | None, epochs: float, dtype: Any
) -> QuReTeC | None:
    if model is None:
        return None
    topics = pd.concat(frames, ignore_index=True)
    settings = {"epochs": epochs, "dtype": dtype, "max_length": 256, "verbose": False}
    with TemporaryDirectory() as folder:
        trained = train_quretec(model, topics, output_dir=folder, **settings)
        trained._load()  # the weights are in memory from here on
    return trained


def _rewritten(rewriter: HQE | QuReTeC, topics: pd.DataFrame) -> Rewrites:
    out = rewriter(topics)
    return dict(zip(out[QID], out[QUERY], strict=True))


def _write(systems: Mapping[str, Rewrites], folder: Path) -> Iterator[tuple[str, Any]]:
    """Write rewrites, and yield the stage that reads them for each system."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rewrites in systems.items():
        if not rewrites:
            continue
        file = folder / f"{name.replace(', ', '-').replace(' ', '-')}.jsonl"
        lines = [json.dumps({"_id": qid, "text": text}) for qid, text in rewrites.items()]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        yield name, {"FromFile": {"path": str(file)}}


def _made_elsewhere(folder: Path | None, collection: str) -> Iterator[tuple[str, Any]]:
    if folder is None:
        return
    domain = collection.rpartition("-")[2]
    for file in sorted(folder.glob(f"{domain}_*.jsonl")):
        name = file.stem.removeprefix(f"{domain}_").replace("_", " ")
        yield f"LLM: {name}", {"FromFile": {"path": str(file), "prefix": "|user|:"}}


def _workbench(folder: Path, stages: Mapping[str, Any] | None = None) -> Workbench:
    overrides = {"name": folder.name, "collection": {"beir": str(folder)}}
    config = load_config("conversation", as_overrides(overrides))
    added = {name: [stage, "bm25"] for name, stage in (stages or {}).items()}
    systems = {**config.systems, **added}
    systems["reference"] = systems.pop("reference")  # the last row of the table
    oracle = "best terms" if "best terms" in systems else "reference"
    changed = {**config.model_dump(), "systems": systems, "oracle": oracle}
    return Workbench(type(config).model_validate(changed), verbose=False)
