"""What a model wrote, taken apart."""

from .parsers import Parser, Queries, Terms, Text, list_of_strings, without_unfinished_word

__all__ = ["Parser", "Queries", "Terms", "Text", "list_of_strings", "without_unfinished_word"]
