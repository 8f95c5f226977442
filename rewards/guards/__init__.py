"""Checks of the text alone."""

from .answer_leak import AnswerLeak
from .copy import Copy
from .format import Format
from .guard import Guard
from .language import Language
from .length import Length
from .safety import Safety

__all__ = ["AnswerLeak", "Copy", "Format", "Guard", "Language", "Length", "Safety"]
