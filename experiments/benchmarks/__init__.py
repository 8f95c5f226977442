"""Measurements of speed, run by a command and never as a test."""
