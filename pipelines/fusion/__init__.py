"""Rankings joined."""

from .base import RRF, CombMNZ, CombSUM, Interleave
from .entropy import EntropyFusion

__all__ = ["RRF", "CombMNZ", "CombSUM", "EntropyFusion", "Interleave"]
