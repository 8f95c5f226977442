"""Query rewriters as composable PyTerrier transformers."""

from . import (
    classical,
    conversation,
    decomposition,
    expansion,
    guards,
    llm,
    lookup,
    prompting,
    selection,
)
from ._moved import keep_old_paths
from ._version import __version__
from .base import NewQuery, Rewriter, Rewritten
from .classical import *
from .conversation import *
from .deadline import time_limit
from .decomposition import *
from .errors import DamagedError, LLMError, MissingExtraError, RewriteError, RewriteWarning
from .expansion import *
from .guards import *
from .llm import *
from .lookup import *
from .parsing import Queries, Terms, Text
from .prompting import *
from .prompting.formulation import *
from .saved import SavedRewriter, from_pretrained, save_pretrained
from .selection import *
from .text.analysis import EnglishAnalyzer
from .text.similarity import TermVectors

__all__ = [
    "DamagedError",
    "EnglishAnalyzer",
    "LLMError",
    "MissingExtraError",
    "NewQuery",
    "Queries",
    "RewriteError",
    "RewriteWarning",
    "Rewriter",
    "Rewritten",
    "SavedRewriter",
    "TermVectors",
    "Terms",
    "Text",
    "__version__",
    "from_pretrained",
    "save_pretrained",
    "time_limit",
]
__all__ += classical.__all__
__all__ += conversation.__all__
__all__ += decomposition.__all__
__all__ += expansion.__all__
__all__ += guards.__all__
__all__ += llm.__all__
__all__ += lookup.__all__
__all__ += prompting.__all__
__all__ += prompting.formulation.__all__
__all__ += selection.__all__

keep_old_paths(__name__)
