"""Measurements of speed and effectiveness, run by a command and never as a test."""
