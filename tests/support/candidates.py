"""Frames of candidates, and a reward that is a table."""

from __future__ import annotations

from dataclasses import MISSING, fields
from inspect import isabstract

import pandas as pd

from pyterrier_rewrite import rewards as rw
from pyterrier_rewrite.rewards.reward import Composition


class Marks(rw.Reward):
    """Marks by text; a text that is not in the table has no verdict."""

    def __init__(self, name="Marks", **table):
        self.name = name
        self.table = table

    @property
    def label(self):
        return self.name

    def marks(self, candidates):
        return {
            name: self.table.get(text)
            for name, text in zip(candidates["qcand"], candidates["query"], strict=True)
        }

    def __repr__(self):
        return self.name


def frame(*texts: str, group: str = "q", original: str = "o") -> pd.DataFrame:
    names = [f"{group}~{i}" for i in range(1, len(texts) + 1)]
    return pd.DataFrame(
        {"qid": names, "qcand": names, "qgroup": group, "query": texts, "query_0": original}
    )


def values(reward, candidates=None, **kwargs):
    return list(reward.score(frame("x", "y", "z") if candidates is None else candidates).values())


A = Marks("A", x=1.0, y=0.5, z=0.0, o=0.25)
B = Marks("B", x=0.0, y=1.0, z=None, o=0.5)


def rewards():
    """Return the classes of all rewards that can be made, by name."""
    classes = {name: getattr(rw, name) for name in rw.__all__}
    return {
        name: cls
        for name, cls in classes.items()
        if issubclass(cls, rw.Reward) and not issubclass(cls, Composition) and not isabstract(cls)
    }


def made(cls, **given):
    """Make a reward of whatever its fields without a default ask for."""
    needed = [field.name for field in fields(cls) if field.default is MISSING]
    return cls(**{name: given[name] for name in needed})
