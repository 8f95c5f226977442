"""The demo: a small rewriter learns to search a shop, from the search engine alone."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from pyterrier_rewrite import LLMRewriter
from pyterrier_rewrite.saved.artifact import save_pretrained

from .build.workbench import Workbench
from .config.file import as_overrides, load_config, read_config
from .config.schema import ExperimentConfig
from .config.training import TrainConfig
from .pages.demo import write_page
from .run.execute import run_experiment
from .run.files import take_over, write_report, written_by
from .run.folder import check_free
from .run.table import print_report
from .run.train import Training

PAGE: Final = "index.html"


def run_demo(
    console: Console,
    out: Path,
    *,
    products: int,
    seed: int,
    verbose: bool,
    overrides: Sequence[str] = (),
    overwrite: bool = False,
) -> None:
    """Train on the shop's training queries, compare on its test queries, and write a page.

    Args:
        console: Where the table goes.
        out: Folder for the results; what the same demo left there is replaced.
        products: Size of the shop.
        seed: Decides the shop and everything random in training.
        verbose: Whether to show progress.
        overrides: Changes to the training's config, ``key=value`` each.
        overwrite: Whether to replace what another run left in ``out``.

    Raises:
        ConfigError: If an override is wrong, or ``out`` holds something else.
    """
    folder, warm = out / "training", out / "warm-start"
    shop = {"collection": {"shop": {"products": products, "seed": seed}}, "seed": seed}
    wanted = read_config(TrainConfig, "train-shop", [*as_overrides(shop), *overrides])
    searched = {
        "collection": wanted.collection,
        "systems.warm start": [{"Trained": {"path": str(warm)}}, "bm25"],
        "systems.trained": [{"Trained": {"path": str(folder)}}, "bm25"],
        "systems.oracle": ["FromColumn", "bm25"],
    }
    config = load_config("shop", as_overrides(searched))
    order = ["raw", "RM3", "warm start", "trained", "oracle"]
    config = config.model_copy(update={"systems": {name: config.systems[name] for name in order}})

    def written(by: ExperimentConfig) -> list[str]:
        of_a_demo = (
            [PAGE, folder.name, warm.name] if config.systems.keys() == by.systems.keys() else []
        )
        return [*written_by(by), *of_a_demo]

    check_free(out, config, overwrite=overwrite, written=written)
    there = [path.name for path in folder.glob("*")]
    check_free(folder, wanted, overwrite=overwrite, written=lambda _: there)
    take_over(out, config)
    for earlier in (folder, warm):
        shutil.rmtree(earlier, ignore_errors=True)
    training = Training(wanted, verbose=verbose)

    def keep(method: str, rewriter: LLMRewriter) -> None:
        if method == "sft":
            save_pretrained(rewriter, warm)

    training.run(folder, notice=keep)
    workbench = Workbench(config, verbose=verbose)
    report = run_experiment(workbench)
    print_report(report, console)
    write_report(report, out)
    report.check()
    page = write_page(report, workbench.topics(), folder, out / PAGE)
    console.print(f"written to {out}; see {page}", style="dim", highlight=False)
