"""Rankings joined."""

from .base import Fusion as Fusion  # not handed on: it is no stage
from .comb import CombMNZ, CombSUM
from .entropy import EntropyFusion
from .interleave import Interleave
from .rrf import RRF

__all__ = ["RRF", "CombMNZ", "CombSUM", "EntropyFusion", "Interleave"]
