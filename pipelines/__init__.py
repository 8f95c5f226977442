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
from .fusion.comb import CombMNZ, CombSUM
from .fusion.entropy import EntropyFusion
from .fusion.interleave import Interleave
from .fusion.rrf import RRF
from .recipes.conversation import mean_intent_search, multi_query_search, turn_search
from .reranking.bi_encoder import BiEncoderReranker
from .reranking.cross_encoder import CrossEncoderReranker

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
