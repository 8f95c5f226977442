"""From the query and what was generated to the query that the engine gets."""

from .base import Formulation, Vector
from .terms import AsTerms, RepeatTerms, WeightedTerms
from .texts import AdaptiveRepeat, Interleave, Join, Keep, Repeat, RepeatPerPart, Replace, Several
from .vectors import MeanVector

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
