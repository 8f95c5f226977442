"""Rewrites that were made before."""
