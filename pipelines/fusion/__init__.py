"""Rankings joined."""

from .base import Fusion
from .comb import CombMNZ, CombSUM
from .entropy import EntropyFusion
from .interleave import Interleave
from .rrf import RRF

__all__ = ["RRF", "CombMNZ", "CombSUM", "EntropyFusion", "Fusion", "Interleave"]
