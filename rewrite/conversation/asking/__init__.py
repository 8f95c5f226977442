"""Asking back, and users who answer."""
