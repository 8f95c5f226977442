"""Exact dense search."""

from .index import DenseIndex
from .reranker import DenseReranker
from .retriever import DenseRetriever

__all__ = ["DenseIndex", "DenseReranker", "DenseRetriever"]
