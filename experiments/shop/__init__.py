"""A generated shop to search, as a PyTerrier dataset: queries and catalogue differ in words."""

from .dataset import QUERIES, Shop

__all__ = ["QUERIES", "Shop"]
