"""Where things stand."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The project."""

SHARED = ROOT.parent / "shared"
"""Real collections and engines beside the checkout; tests that need them skip without them."""

DATA = SHARED / "data"
