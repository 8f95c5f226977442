"""PISA: the default engine."""

from .bm25 import BM25
from .index import PisaIndex
from .statistics import IndexStatistics, PisaAnalyzer

__all__ = ["BM25", "IndexStatistics", "PisaAnalyzer", "PisaIndex"]
