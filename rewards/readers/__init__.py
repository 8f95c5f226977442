"""Rewards that a model gives as it reads."""
