"""Exact dense search."""
