"""Engines, fusion and reranking, to put rewriters in front of."""

from .bm25 import BM25
from .fusion import RRF, CombMNZ, CombSUM, Interleave
from .pisa import PisaIndex
from .plain_text import PlainText
from .statistics import IndexStatistics, PisaAnalyzer
from .terrier import TerrierBM25, TerrierIndex
from .text_loader import TextLoader

__all__ = [
    "BM25",
    "RRF",
    "CombMNZ",
    "CombSUM",
    "IndexStatistics",
    "Interleave",
    "PisaAnalyzer",
    "PisaIndex",
    "PlainText",
    "TerrierBM25",
    "TerrierIndex",
    "TextLoader",
]
