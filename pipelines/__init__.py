"""Engines, fusion and reranking, to put rewriters in front of."""

from .engines.dense.index import DenseIndex
from .engines.dense.reranker import DenseReranker
from .engines.dense.retriever import DenseRetriever
from .engines.pisa.bm25 import BM25
from .engines.pisa.index import PisaIndex
from .engines.pisa.statistics import IndexStatistics, PisaAnalyzer
from .engines.terrier.index import TerrierBM25, TerrierIndex
from .engines.terrier.plain_text import PlainText
from .engines.text_loader import TextLoader
from .fusion.base import RRF, CombMNZ, CombSUM, Interleave
from .fusion.entropy import EntropyFusion
from .recipes.conversation import mean_intent_search, multi_query_search, turn_search
from .reranking.base import BiEncoderReranker, CrossEncoderReranker

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
