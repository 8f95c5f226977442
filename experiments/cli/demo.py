"""``pt-rewrite demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .options import QuietOption, SetOption, make_folder


def demo(
    products: Annotated[int, typer.Option(min=100, help="Size of the shop.")] = 3000,
    seed: Annotated[int, typer.Option(help="Decides the shop and the training.")] = 0,
    set_: SetOption = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results and the page.")] = Path(
        "runs/demo"
    ),
    quiet: QuietOption = False,
) -> None:
    """Train a small rewriter to search a generated shop, compare it, and tell its story in a page.

    It learns from judged products and then from the search engine alone, in under four minutes
    on two cores, and is compared with raw queries, RM3 and the perfect rewrite on queries it has
    not seen. `pt-rewrite run shop` compares without training, in seconds.
    """
    from ..demo import run_demo

    make_folder(out)
    run_demo(Console(), out, products=products, seed=seed, verbose=not quiet, overrides=set_ or [])
