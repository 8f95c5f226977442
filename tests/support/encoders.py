"""Encoders of a few lines, for whatever takes an object with ``encode``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


class Letters:
    """Encodes a text as how often it has each of a few letters."""

    def __init__(self, letters: str = "aeiost") -> None:
        self.letters = letters

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        return np.array([[t.count(letter) for letter in self.letters] for t in texts], dtype=float)
