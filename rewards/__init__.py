"""Rewards: scorers of candidate queries, and their composition."""

from . import guards, readers, search
from .guards import *
from .judgements import Judgements
from .readers import *
from .reward import Clipped, Gated, Normalised, Relative, Reward, RewardWarning, WeightedSum
from .search import *

__all__ = [
    "Clipped",
    "Gated",
    "Judgements",
    "Normalised",
    "Relative",
    "Reward",
    "RewardWarning",
    "WeightedSum",
]
__all__ += guards.__all__
__all__ += readers.__all__
__all__ += search.__all__
