"""Rewriters for conversations: the turn, and what was said before it."""

from .hqe import HQE
from .hqe_fit import fit_hqe
from .quretec import QuReTeC
from .quretec_training import train_quretec

__all__ = ["HQE", "QuReTeC", "fit_hqe", "train_quretec"]
