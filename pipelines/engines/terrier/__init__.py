"""Terrier's indexes."""
