"""Engines, fusion and reranking, to put rewriters in front of."""

from . import fusion, recipes, reranking
from .engines import dense, pisa, terrier
from .engines.dense import *
from .engines.pisa import *
from .engines.terrier import *
from .engines.text_loader import TextLoader
from .fusion import *
from .recipes import *
from .reranking import *

__all__ = ["TextLoader"]
__all__ += dense.__all__
__all__ += fusion.__all__
__all__ += pisa.__all__
__all__ += recipes.__all__
__all__ += reranking.__all__
__all__ += terrier.__all__
