"""Experiments and trainings, executed and written down."""
