"""Run what a page prints, from top to bottom, in the current folder.

Models are played: servers by one on this machine that echoes, models of the hub by folders of
their name, a collection of the reader's by a small shop in BEIR's layout. What a page says is not
to be run is checked as far as that goes, and the reason is printed.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType

import pytest

from tests.house.blocks import SHELL, SHOWN, Block, blocks, commands
from tests.house.commands import check
from tests.support import tiny

COLLECTIONS = ("my-collection", "cranfield", "nfcorpus")
HUB = {
    "Qwen/Qwen3-0.6B": tiny.causal,
    "bert-base-uncased": tiny.encoder,
    "t5-base": tiny.seq2seq,
    "sentence-transformers/all-MiniLM-L6-v2": tiny.encoder,
}


def run_page(page: str, monkeypatch: pytest.MonkeyPatch, server_url: str) -> None:
    """Run a page."""
    found = blocks(page)
    text = "\n".join(block.text for block in found)
    for name, write in HUB.items():
        if name in text:
            write(Path(name))
    for name in COLLECTIONS:
        if name in text:
            write_collection(Path(name))
    play_server(monkeypatch, server_url)
    module = ModuleType("printed_page")  # what is defined there can be pickled
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for block in found:
        if block.reason:
            print(f"{block.where} is not run: {block.reason}")
        run(block, module)


def run(block: Block, module: ModuleType) -> None:
    """Run one block, or check it."""
    if block.language == "python":
        # lines are those of the page, so that a traceback leads there
        code = compile("\n" * (block.line - 1) + block.text, block.page, "exec")
        if not block.reason:
            exec(code, vars(module))
    elif block.language == "yaml":
        if block.file:
            Path(block.file).write_text(block.text, encoding="utf-8")
    elif block.language in SHELL:
        for words in commands(block):
            check(words)
            if not block.reason:
                call(words, block.where)
    elif block.language not in SHOWN:
        raise AssertionError(f"{block.where}: what is {block.language!r}?")


def call(words: list[str], where: str) -> None:
    """Run a command of ours; any other needs a reason not to be run."""
    from pyterrier_rewrite.experiments.cli import call as pt_rewrite

    if words[0] != "pt-rewrite":
        raise AssertionError(f"{where}: {words[0]} cannot be run here; say <!-- not run: why -->")
    output = io.StringIO()
    with redirect_stdout(output):
        code = pt_rewrite(words[1:])
    assert code == 0, f"{where}: {' '.join(words)} ended with {code}\n{output.getvalue()}"


def play_server(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Send the requests to any server to the one that plays it."""
    from pyterrier_rewrite import OpenAILLM

    init = OpenAILLM.__init__

    def redirected(self: OpenAILLM, *arguments: object, **settings: object) -> None:
        init(self, *arguments, **{**settings, "base_url": url})  # type: ignore[arg-type]

    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setattr(OpenAILLM, "__init__", redirected)


def write_collection(folder: Path) -> None:
    """Write a small shop in the layout of BEIR."""
    from pyterrier_rewrite.experiments.shop import Shop

    shop = Shop(products=300, queries={"train": 60, "dev": 20, "test": 20, "conversations": 0})
    (folder / "qrels").mkdir(parents=True)
    write_lines(
        folder / "corpus.jsonl",
        [
            {"_id": product["docno"], "title": product["title"], "text": product["text"]}
            for product in shop.get_corpus_iter()
        ],
    )
    queries = []
    for split in ("train", "dev", "test"):
        topics, qrels = shop.get_topicsqrels(split)
        queries += [
            {"_id": qid, "text": text}
            for qid, text in zip(topics["qid"], topics["query"], strict=True)
        ]
        qrels = qrels.rename(columns={"qid": "query-id", "docno": "corpus-id", "label": "score"})
        qrels.to_csv(folder / "qrels" / f"{split}.tsv", sep="\t", index=False)
    write_lines(folder / "queries.jsonl", queries)


def write_lines(path: Path, records: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
