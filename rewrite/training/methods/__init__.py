"""The ways to train: targets, preferences, a reward."""
