"""Rankings ranked anew."""

from .base import BiEncoderReranker, CrossEncoderReranker

__all__ = ["BiEncoderReranker", "CrossEncoderReranker"]
