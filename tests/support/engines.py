"""Engines made of the public FakeEngine."""

from __future__ import annotations

import pyterrier as pt

from pyterrier_rewrite.testing import FakeEngine


def reading(table: dict[str, list[str]]) -> pt.Transformer:
    """Return an engine that finds what a table says, and says of each document ``on <docno>``."""
    found = {docno for ranking in table.values() for docno in ranking}
    engine = FakeEngine({docno: f"on {docno}" for docno in sorted(found)}, reply=table)
    return engine >> engine.text()
