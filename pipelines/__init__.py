"""Engines, fusion and reranking, to put rewriters in front of."""

from .bm25 import BM25
from .conversation import mean_intent_search, multi_query_search, turn_search
from .dense import DenseIndex
from .dense_reranker import DenseReranker
from .dense_retriever import DenseRetriever
from .entropy_fusion import EntropyFusion
from .fusion import RRF, CombMNZ, CombSUM, Interleave
from .pisa import PisaIndex
from .plain_text import PlainText
from .rerank import BiEncoderReranker, CrossEncoderReranker
from .statistics import IndexStatistics, PisaAnalyzer
from .terrier import TerrierBM25, TerrierIndex
from .text_loader import TextLoader

__all__ = [
    "BM25",
    "RRF",
    "BiEncoderReranker",
    "CombMNZ",
    "CombSUM",
    "CrossEncoderReranker",
    "DenseIndex",
    "DenseReranker",
    "DenseRetriever",
    "EntropyFusion",
    "IndexStatistics",
    "Interleave",
    "PisaAnalyzer",
    "PisaIndex",
    "PlainText",
    "TerrierBM25",
    "TerrierIndex",
    "TextLoader",
    "mean_intent_search",
    "multi_query_search",
    "turn_search",
]
