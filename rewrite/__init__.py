"""Query rewriters as composable PyTerrier transformers."""

from ._version import __version__

__all__ = ["__version__"]
