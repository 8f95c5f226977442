"""Where indexes and caches stand unless a config says otherwise."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pyterrier as pt


def home() -> Path:
    """Return ``$PT_REWRITE_HOME``, by default the folder ``rewrite`` in PyTerrier's home."""
    named = os.environ.get("PT_REWRITE_HOME")
    return Path(named) if named else Path(pt.io.pyterrier_home()) / "rewrite"


def index_path(kind: str, collection: pt.datasets.Dataset, settings: Any) -> Path:
    """Return a folder for an index, another one for other documents or settings."""
    name = str(getattr(collection, "name", type(collection).__name__.lower()))
    # a split or a query field changes the topics, not the documents
    made_of = [getattr(collection, key, None) for key in ("path", "products", "seed")]
    facts = [type(collection).__name__, name, made_of, settings, _corpus_file(collection)]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name)
    return home() / kind / f"{safe}-{digest[:10]}"


def _corpus_file(collection: pt.datasets.Dataset) -> list[int]:
    """Return size and time of a BEIR folder's corpus, so that a changed one is indexed anew."""
    folder = getattr(collection, "path", None)
    for file in ("corpus.jsonl", "corpus.jsonl.gz"):
        if folder is not None and (corpus := Path(folder) / file).is_file():
            return [corpus.stat().st_size, corpus.stat().st_mtime_ns]
    return []
