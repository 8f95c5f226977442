"""Terrier's indexes."""

from .index import TerrierBM25, TerrierIndex
from .plain_text import PlainText

__all__ = ["PlainText", "TerrierBM25", "TerrierIndex"]
