"""From the query and what was generated to the query that the engine gets."""

from .base import Formulation, Vector
from .forms import AsTerms, MeanVector, RepeatTerms, WeightedTerms
from .texts import AdaptiveRepeat, Interleave, Join, Keep, Repeat, RepeatPerPart, Replace, Several

__all__ = [
    "AdaptiveRepeat",
    "AsTerms",
    "Formulation",
    "Interleave",
    "Join",
    "Keep",
    "MeanVector",
    "Repeat",
    "RepeatPerPart",
    "RepeatTerms",
    "Replace",
    "Several",
    "Vector",
    "WeightedTerms",
]
