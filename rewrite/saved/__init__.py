"""Rewriters as folders."""

from .artifact import SavedRewriter, describe, from_pretrained, save_pretrained

__all__ = ["SavedRewriter", "describe", "from_pretrained", "save_pretrained"]
