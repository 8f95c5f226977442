"""``python -m pyterrier_rewrite.experiments.cli``."""

from .main import main

main()
