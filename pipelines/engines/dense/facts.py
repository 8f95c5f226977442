"""What retriever and reranker ask of an index, so that neither has to know its class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


class DenseFacts(Protocol):
    """A dense index, as its readers see it."""

    @property
    def vectors(self) -> Vectors:
        """The documents' vectors, one row each."""
        ...

    @property
    def docnos(self) -> Sequence[str]:
        """The documents' ids, in the order of the vectors."""
        ...

    @property
    def dimension(self) -> int:
        """Number of dimensions of a vector."""
        ...

    def comparable(self, vectors: Vectors) -> Vectors:
        """Return vectors as the documents' are."""
        ...

    def encode(
        self, texts: Sequence[str], *, batch_size: int = 64, verbose: bool = False
    ) -> Vectors:
        """Encode queries as the index does."""
        ...
