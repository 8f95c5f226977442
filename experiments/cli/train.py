"""``pt-rewrite train`` and ``pt-rewrite demo``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .options import ConfigArgument, QuietOption, SetOption, make_folder


def train(
    config: ConfigArgument,
    out: Annotated[Path, typer.Option("--out", help="A new folder, for the trained rewriter.")],
    set_: SetOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Check config and collection, train nothing.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run that a kill left in OUT.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Train a rewriter; pt-rewrite run takes it as the stage {Trained: {path: OUT}}."""
    from ..config.file import read_config
    from ..config.training import TrainConfig
    from ..run.train import Training

    training = Training(read_config(TrainConfig, config, set_ or []), verbose=not quiet)
    if check:
        training.check()
        Console().print(f"{training.wanted.name}: fine", highlight=False)
        return
    training.run(out, resume=resume)
    console = Console()
    for file in sorted(out.glob("*/best/training.json")):
        run = json.loads(file.read_text(encoding="utf-8"))
        kept = "the last weights" if run["best"] is None else f"step {run['best_step']}"
        value = "" if run["best"] is None else f", validation {run['best']:.4f}"
        steps = f"kept {kept} of {run['steps']}{value}"
        console.print(f"{file.parts[-3]}: {steps}", style="dim", highlight=False)
    console.print(f"trained: {out}", style="dim", highlight=False)


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
