"""Collections in the folder layout of BEIR."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Final

import pandas as pd

from pyterrier_rewrite.text.files import TextFile, plain_or_gz

from ._records import read_documents, read_judgements, read_queries, topics_frame
from .base import Collection, CollectionError, Document, Part, did_you_mean

HEADER: Final = ("query-id", "corpus-id", "score")


class Beir(Collection):
    """A folder with ``corpus.jsonl``, ``queries.jsonl`` and ``qrels/<split>.tsv``.

    Each file may be compressed (``.gz``). A document's ``metadata`` becomes further fields
    (``brand``, ``price``, …), a query's becomes ``q…`` columns: ``conversation``, ``turn``,
    ``history`` and ``rewrite`` give ``qconversation``, ``qturn``, ``qhistory`` and
    ``qrewrite``. A folder without ``qrels`` has topics and documents only.

    Args:
        path: The folder.
        split: Which judgements; by default the only ones that there are.
        all_queries: Whether to take the queries without judgements in this split too.
        name: Short name; the folder's by default.

    Raises:
        CollectionError: If the folder or the split is not there.

    Example:
        >>> nfcorpus = Beir("nfcorpus", split="dev")  # doctest: +SKIP
        >>> topics, qrels = nfcorpus.get_topicsqrels()  # doctest: +SKIP

    Reference:
        Thakur et al., BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information
        Retrieval Models, NeurIPS 2021 Datasets and Benchmarks.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        split: str | None = None,
        all_queries: bool = False,
        name: str | None = None,
    ) -> None:
        self.path = Path(path).expanduser()
        self.name = name or self.path.resolve().name
        self.all_queries = all_queries
        if not self.path.is_dir():
            found = "a file" if self.path.exists() else "nothing"
            raise CollectionError(
                f"{self.path}: expected a folder with corpus.jsonl, queries.jsonl and qrels, "
                f"found {found}; check the path"
            )
        if not any(self._file(name).path.exists() for name in ("corpus", "queries")):
            raise CollectionError(
                f"{self.path}: expected corpus.jsonl or queries.jsonl in this folder (or either "
                "with .gz), found neither; check the path"
            )
        self.split = self._choose(None if split is None else str(split))

    @property
    def splits(self) -> list[str]:
        """The splits that have judgements, sorted."""
        files = (self.path / "qrels").glob("*.tsv*")
        names = {file.name.removesuffix(".gz") for file in files}
        return sorted(name.removesuffix(".tsv") for name in names if name.endswith(".tsv"))

    def _choose(self, split: str | None) -> str | None:
        splits = self.splits
        if split is None and len(splits) < 2:
            return next(iter(splits), None)
        if split in splits:
            return split
        problem = (
            "has several splits; choose one with split="
            if split is None
            else f"has no split {split!r}{did_you_mean(splits, split)}"
        )
        raise CollectionError(f"{self.path}: {problem}; available: {', '.join(splits) or 'none'}")

    def _file(self, name: str) -> TextFile:
        suffix = "tsv" if name.startswith("qrels/") else "jsonl"
        return TextFile(plain_or_gz(self.path / f"{name}.{suffix}"), CollectionError)

    def has(self, part: Part) -> bool:
        """Say whether this collection has documents, topics or judgements."""
        if part == "qrels":
            return self.split is not None
        return self._file("queries" if part == "topics" else "corpus").path.exists()

    def num_docs(self) -> int | None:
        """Return how many documents there are, or None where counting them is not cheap."""
        return self._file("corpus").count()

    def documents(self) -> Iterator[Document]:
        """Yield the documents: ``docno``, ``title``, ``text`` and the keys of ``metadata``."""
        return read_documents(self._file("corpus"))

    def topics(self, field: str | None) -> pd.DataFrame:
        """Return the topics in the order of the file; ``field`` is ``text`` by default."""
        return topics_frame(self, read_queries(self._file("queries"), field or "text"))

    def judgements(self) -> pd.DataFrame:
        """Return the judgements of the split."""
        file = self._file(f"qrels/{self.split}")
        rows = file.rows(*HEADER)
        line, header = next(rows)
        if tuple(cell.strip().lower() for cell in header) != HEADER:
            raise file.wrong(
                f"expected the header {' '.join(HEADER)}, found {' '.join(header)!r}",
                "add the header, separated by tabs, as the first line",
                line,
            )
        return read_judgements(file, rows)

    def __repr__(self) -> str:
        options = f", split={self.split!r}" if self.split else ""
        options += ", all_queries=True" if self.all_queries else ""
        return f"Beir({str(self.path)!r}{options})"
