"""Rankings ranked anew."""

from .bi_encoder import BiEncoderReranker
from .cross_encoder import CrossEncoderReranker

__all__ = ["BiEncoderReranker", "CrossEncoderReranker"]
