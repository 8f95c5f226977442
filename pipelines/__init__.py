"""Engines, fusion and reranking, to put rewriters in front of."""

from . import fusion, recipes, reranking
from .engines import dense, pisa, terrier_bm25
from .engines.dense import *
from .engines.documents import TextLoader
from .engines.pisa import *
from .engines.terrier_bm25 import *
from .fusion import *
from .recipes import *
from .reranking import *

__all__ = ["TextLoader"]
__all__ += dense.__all__
__all__ += fusion.__all__
__all__ += pisa.__all__
__all__ += recipes.__all__
__all__ += reranking.__all__
__all__ += terrier_bm25.__all__
