"""Classical rewriters: weighted terms from feedback documents, no model, no Java."""

from .divergence import KL, Bo1
from .rm3 import RM3
from .rocchio import Rocchio

__all__ = ["KL", "RM3", "Bo1", "Rocchio"]
