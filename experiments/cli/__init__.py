"""The command line: ``pt-rewrite``."""

from .main import app, call, main

__all__ = ["app", "call", "main"]
