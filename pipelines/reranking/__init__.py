"""Rankings ranked anew."""

from .base import Reranker as Reranker  # not handed on: it is no stage
from .bi_encoder import BiEncoderReranker
from .cross_encoder import CrossEncoderReranker

__all__ = ["BiEncoderReranker", "CrossEncoderReranker"]
