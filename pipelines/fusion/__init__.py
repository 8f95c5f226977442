"""Rankings joined."""

from .base import Fusion as Fusion  # not handed on: it is no stage
from .by_rank import RRF, Interleave
from .by_score import CombMNZ, CombSUM, EntropyFusion

__all__ = ["RRF", "CombMNZ", "CombSUM", "EntropyFusion", "Interleave"]
