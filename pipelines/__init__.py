"""Engines, fusion and reranking, to put rewriters in front of."""

from .bm25 import BM25
from .pisa import PisaIndex
from .statistics import IndexStatistics, PisaAnalyzer
from .text_loader import TextLoader

__all__ = ["BM25", "IndexStatistics", "PisaAnalyzer", "PisaIndex", "TextLoader"]
