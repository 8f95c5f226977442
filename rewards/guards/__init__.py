"""Checks of the text alone."""
