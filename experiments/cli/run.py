"""``pt-rewrite run`` and ``pt-rewrite try``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from .options import ConfigArgument, OverwriteOption, QuietOption, SetOption, from_yaml, make_folder


def run(
    config: ConfigArgument,
    set_: SetOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the results (by default runs/NAME).")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Estimate calls and tokens, make none.")
    ] = False,
    budget: Annotated[
        str | None, typer.Option("--budget", help="Cap: money (2.50) or tokens (200000tokens).")
    ] = None,
    by_turn: Annotated[
        bool, typer.Option("--by-turn", help="Print the curves by turn of conversations.")
    ] = False,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run an experiment, print its table, and write its files."""
    from pyterrier_rewrite.errors import RewriteError

    from ..build.workbench import Workbench
    from ..config.file import load_config
    from ..run.execute import estimate, run_experiment
    from ..run.files import write_report, written_by
    from ..run.folder import check_free
    from ..run.results import told
    from ..run.table import print_depth, print_estimate, print_report

    checked = load_config(config, set_ or [])
    console = Console()
    cap = None if budget is None else _budget(budget)
    if cap is not None and not cap.in_tokens:
        unpriced = [name for name, llm in checked.llms.items() if llm.price is None]
        if unpriced:
            raise typer.BadParameter(
                f"a budget in money needs a price for {', '.join(unpriced)}: add price: "
                "{prompt: …, completion: …} (a million tokens) to the config, or give the budget "
                "in tokens, such as 200000tokens",
                param_hint="--budget",
            )
    workbench = Workbench(checked, budget=cap, dry_run=dry_run, verbose=not quiet)
    if dry_run:
        rows, failed = estimate(workbench)
        priced = any(llm.price is not None for llm in checked.llms.values())
        print_estimate(rows, workbench.spent, console, priced=priced)
        if failed:
            raise RewriteError("\n".join(told(failed)))
        return
    folder = out or Path("runs") / checked.name
    check_free(folder, checked, overwrite=overwrite, written=written_by)
    make_folder(folder)
    report = run_experiment(workbench)
    write_report(report, folder)  # first: who reads what is printed may close it, as head does
    print_report(report, console)
    if by_turn:
        print_depth(report, console)
    console.print(f"written to {folder}", style="dim", highlight=False)
    report.check()


def _budget(text: str) -> Any:
    from pyterrier_rewrite.llm.metered import Budget

    unit = re.search(r"(tokens?|tok)\s*$", text)
    number = text[: unit.start()] if unit else text
    try:
        cap = float(re.sub("[,_]", "", number))
    except ValueError:
        cap = -1.0
    if not 0 < cap < float("inf"):
        raise typer.BadParameter(
            f"expected money (2.50) or tokens (200000tokens), found {text!r}", param_hint="--budget"
        )
    return Budget(cap, in_tokens=unit is not None)


def try_(
    method: Annotated[str, typer.Argument(help="A rewriter; see pt-rewrite methods.")],
    query: Annotated[str, typer.Argument(help="The query to rewrite.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A parameter of the method."),
    ] = None,
    collection: Annotated[
        str, typer.Option("--collection", "-c", help="A collection, as in configs.")
    ] = "shop",
    model: Annotated[
        str | None,
        typer.Option("--model", help="Model for an LLM method: its name, path or .gguf file."),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="Server that speaks OpenAI's protocol.")
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="Run the model here with transformers.")
    ] = False,
    history: Annotated[
        list[str] | None,
        typer.Option(
            "--history",
            "-t",
            help="What was said before, once a message, oldest first; answers as 'assistant: …'.",
        ),
    ] = None,
    results: Annotated[int, typer.Option("--results", "-k", min=1, help="Documents to show.")] = 5,
) -> None:
    """Show one rewrite, its cost, and the documents before and after."""
    from ..run.trial import show_trial

    parameters: dict[str, Any] = {}
    for item in set_ or []:
        key, equals, value = item.partition("=")
        if not equals:
            raise typer.BadParameter(f"expected KEY=VALUE, found {item!r}", param_hint="--set")
        parameters[key] = from_yaml(value, "--set")
    show_trial(
        method,
        query,
        Console(),
        parameters=parameters,
        collection=from_yaml(collection, "--collection"),
        model=model,
        base_url=base_url,
        local=local,
        results=results,
        history=history or [],
    )
