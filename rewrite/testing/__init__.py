"""For your tests and ours: the contract of a rewriter, a scripted model and a scripted engine.

Example:
    >>> from pyterrier_rewrite import Query2Doc
    >>> from pyterrier_rewrite.testing import FakeLLM, check_rewriter
    >>> check_rewriter(Query2Doc(FakeLLM("a sofa is a couch"), seed=1))
"""

from ..llm import FakeLLM
from .contract import check_rewriter
from .engine import FakeEngine
from .samples import hostile_queries, sample_results, sample_topics

__all__ = [
    "FakeEngine",
    "FakeLLM",
    "check_rewriter",
    "hostile_queries",
    "sample_results",
    "sample_topics",
]
