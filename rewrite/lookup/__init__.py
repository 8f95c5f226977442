"""Rewrites that were made before."""

from .from_column import FromColumn
from .from_file import FromFile

__all__ = ["FromColumn", "FromFile"]
