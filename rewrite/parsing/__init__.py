"""What a model wrote, taken apart."""

from .parsers import (
    Items,
    Marked,
    Parser,
    Queries,
    ReasonedText,
    Terms,
    Text,
    list_of_strings,
    without_unfinished_word,
    written,
)

__all__ = [
    "Items",
    "Marked",
    "Parser",
    "Queries",
    "ReasonedText",
    "Terms",
    "Text",
    "list_of_strings",
    "without_unfinished_word",
    "written",
]
