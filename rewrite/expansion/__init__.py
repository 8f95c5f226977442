"""Methods that add words to a query."""

from .query2doc import Query2Doc

__all__ = ["Query2Doc"]
