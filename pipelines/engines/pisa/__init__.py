"""PISA: the default engine."""
