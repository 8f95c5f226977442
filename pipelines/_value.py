"""Kept for a moment: the value semantics moved to :mod:`pyterrier_rewrite.value`."""

from pyterrier_rewrite.value import ValueTransformer, same

__all__ = ["ValueTransformer", "same"]
