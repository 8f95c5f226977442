"""What retriever and statistics ask of an index, so that neither has to know its class."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class PisaFacts(Protocol):
    """An index of PISA, as its readers see it."""

    path: Path

    @property
    def stamp(self) -> object:
        """Changes when the index is built anew."""
        ...

    @property
    def num_docs(self) -> int:
        """Number of documents."""
        ...

    @property
    def num_tokens(self) -> int:
        """Number of terms in all documents."""
        ...

    @property
    def stemmer(self) -> str:
        """Name of the stemmer."""
        ...

    @property
    def stops(self) -> str:
        """Name of the list of stop words."""
        ...
