"""Test collections of every kind, as PyTerrier datasets."""

from .base import Collection, CollectionError, CollectionWarning
from .beir import Beir

__all__ = ["Beir", "Collection", "CollectionError", "CollectionWarning"]
