"""Test collections of every kind, as PyTerrier datasets."""

from .base import Collection, CollectionError, CollectionWarning
from .beir import Beir
from .frames import Frames
from .irds import Irds
from .load import load_collection
from .trec import Conversations, Trec

__all__ = [
    "Beir",
    "Collection",
    "CollectionError",
    "CollectionWarning",
    "Conversations",
    "Frames",
    "Irds",
    "Trec",
    "load_collection",
]
