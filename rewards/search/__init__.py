"""Rewards that search and measure."""
