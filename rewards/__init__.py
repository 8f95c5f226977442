"""Scorers of candidate queries."""
