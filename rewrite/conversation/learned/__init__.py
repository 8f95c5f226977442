"""Rewriters that are trained models of their own."""
