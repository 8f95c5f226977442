"""Classical rewriters: weighted terms from documents, no model, no Java."""

from .divergence import KL, Bo1
from .past_queries import PastQueries
from .rm3 import RM3
from .rocchio import Rocchio

__all__ = ["KL", "RM3", "Bo1", "PastQueries", "Rocchio"]
