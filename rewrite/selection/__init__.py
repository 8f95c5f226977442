"""Which candidate to take."""

from .best_of import BestOf

__all__ = ["BestOf"]
