"""Rankings joined."""

from .base import RRF, CombMNZ, CombSUM, Fusion, Interleave
from .entropy import EntropyFusion

__all__ = ["RRF", "CombMNZ", "CombSUM", "EntropyFusion", "Fusion", "Interleave"]
