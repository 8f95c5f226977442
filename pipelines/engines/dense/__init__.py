"""Exact dense search."""

from .index import DenseIndex
from .search import DenseReranker, DenseRetriever

__all__ = ["DenseIndex", "DenseReranker", "DenseRetriever"]
