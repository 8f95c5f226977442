"""The command line: ``pt-rewrite``.

Exit codes: 0 done, 1 something failed (a server, a model, a budget), 2 bad input.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pydantic import ValidationError
from pyterrier.validate import InputValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pyterrier_rewrite import __version__
from pyterrier_rewrite.errors import RewriteError, RewriteWarning

# typer may bring a click of its own, so its base error is found through one that typer exports
UsageError: Any = typer.BadParameter.__mro__[2]

INTERRUPTED = 130
"""What typer makes of Ctrl-C."""

app = typer.Typer(
    name="pt-rewrite",
    help="Rewrite queries, compare rewriters on a collection, and see what they cost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
bench = typer.Typer(help="Measure speed: each prints a ratio from one run.", no_args_is_help=True)
app.add_typer(bench, name="bench")

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a value; the key is dotted."),
]


@app.command()
def run(
    config: Annotated[str, typer.Argument(help="A YAML file, or a config that comes along.")],
    set_: SetOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the results (by default runs/NAME).")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Estimate calls and tokens, make none.")
    ] = False,
    budget: Annotated[
        str | None,
        typer.Option("--budget", help="Cap: money (2.50) or tokens (200000tokens)."),
    ] = None,
    by_turn: Annotated[
        bool, typer.Option("--by-turn", help="Print the curves by turn of conversations.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")] = False,
) -> None:
    """Run an experiment, print its table, and write its files."""
    from ..config.file import load_config

    checked = load_config(config, set_ or [])
    _run(checked, out, dry_run=dry_run, budget=budget, by_turn=by_turn, quiet=quiet)


@app.command()
def demo(
    products: Annotated[int, typer.Option(min=100, help="Size of the shop.")] = 3000,
    seed: Annotated[int, typer.Option(help="Decides the shop and the training.")] = 0,
    set_: SetOption = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results and the page.")] = Path(
        "runs/demo"
    ),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")] = False,
) -> None:
    """Train a small rewriter to search a generated shop, compare it, and tell its story in a page.

    It learns from judged products and then from the search engine alone, in under four minutes
    on two cores, and is compared with raw queries, RM3 and the perfect rewrite on queries it has
    not seen. `pt-rewrite run shop` compares without training, in seconds.
    """
    from ..demo import run_demo

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"cannot write to {out}: {error}", param_hint="--out") from None
    run_demo(Console(), out, products=products, seed=seed, verbose=not quiet, overrides=set_ or [])


def _run(
    config: Any,
    out: Path | None,
    *,
    dry_run: bool = False,
    budget: str | None = None,
    by_turn: bool = False,
    quiet: bool = False,
) -> None:
    from ..build.workbench import Workbench
    from ..run.execute import Executor, run_experiment
    from ..run.files import print_depth, print_estimate, print_report, write_report

    console = Console()
    cap = None if budget is None else _budget(budget)
    if cap is not None and not cap.in_tokens:
        unpriced = [name for name, llm in config.llms.items() if llm.price is None]
        if unpriced:
            raise typer.BadParameter(
                f"a budget in money needs a price for {', '.join(unpriced)}: add price: "
                "{prompt: …, completion: …} (a million tokens) to the config, or give the budget "
                "in tokens, such as 200000tokens",
                param_hint="--budget",
            )
    workbench = Workbench(config, budget=cap, dry_run=dry_run, verbose=not quiet)
    if dry_run:
        executor = Executor(workbench.topics(), workbench)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RewriteWarning)
            rows = [
                (name, executor.run(name, workbench.system(name)).spent) for name in config.systems
            ]
        priced = any(llm.price is not None for llm in config.llms.values())
        print_estimate(rows, workbench.spent, console, priced=priced)
        return
    folder = out or Path("runs") / config.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"cannot write to {folder}: {error}", param_hint="--out") from None
    report = run_experiment(workbench)
    print_report(report, console)
    if by_turn:
        print_depth(report, console)
    write_report(report, folder)
    console.print(f"written to {folder}", style="dim", highlight=False)
    lost = [run.name for run in report.runs if len(run.failures) == len(workbench.topics())]
    if lost:
        raise RewriteError(f"no query could be rewritten by {', '.join(lost)}; see the notes above")


def _budget(text: str) -> Any:
    from pyterrier_rewrite.llm.metered import Budget

    number, in_tokens = text.strip(), False
    for unit in ("tokens", "token", "tok"):
        if number.endswith(unit):
            number, in_tokens = number.removesuffix(unit).strip(), True
            break
    try:
        cap = float(number.replace(",", "").replace("_", ""))
    except ValueError:
        cap = -1.0
    if not 0 < cap < float("inf"):
        raise typer.BadParameter(
            f"expected money (2.50) or tokens (200000tokens), found {text!r}",
            param_hint="--budget",
        )
    return Budget(cap, in_tokens=in_tokens)


@app.command()
def train(
    config: Annotated[str, typer.Argument(help="A YAML file, or a config that comes along.")],
    out: Annotated[Path, typer.Option("--out", help="A new folder, for the trained rewriter.")],
    set_: SetOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Check config and collection, train nothing.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run that a kill left in OUT.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")] = False,
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


@app.command()
def methods() -> None:
    """List every rewriter with what it needs and its reference."""
    from ..build.names import needs, rewriters

    table = Table(box=None, pad_edge=False)
    for column in ("method", "needs", "what it does", "reference"):
        table.add_column(column, overflow="fold", no_wrap=column == "method")
    for name, cls in sorted(rewriters().items()):
        summary = (cls.__doc__ or "").strip().splitlines()[0]
        table.add_row(name, needs(cls), escape(summary), escape(cls.reference or "–"))
    Console().print(table)


@app.command(name="try")
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
        str | None, typer.Option("--model", help="Model for an LLM method: its name or path.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="Server that speaks OpenAI's protocol.")
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="Run the model here with transformers.")
    ] = False,
    results: Annotated[int, typer.Option("--results", "-k", min=1, help="Documents to show.")] = 5,
) -> None:
    """Show one rewrite, its cost, and the documents before and after."""
    from ..run.trial import show_trial

    parameters: dict[str, Any] = {}
    for item in set_ or []:
        key, equals, value = item.partition("=")
        if not equals:
            raise typer.BadParameter(f"expected KEY=VALUE, found {item!r}", param_hint="--set")
        parameters[key] = _yaml(value, "--set")
    show_trial(
        method,
        query,
        Console(),
        parameters=parameters,
        collection=_yaml(collection, "--collection"),
        model=model,
        base_url=base_url,
        local=local,
        results=results,
    )


def _yaml(text: str, option: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise typer.BadParameter(f"{text!r} is not YAML: {reason}", param_hint=option) from None


@bench.command()
def overhead(
    queries: Annotated[int, typer.Option(min=1, help="Queries in the frame.")] = 100_000,
) -> None:
    """Queries a second through Query2Doc with a model that answers at once."""
    from ..benchmarks.overhead import print_overhead

    print_overhead(Console(), queries=queries)


@bench.command()
def server(
    requests: Annotated[int, typer.Option(min=1, help="Requests a round.")] = 2000,
) -> None:
    """OpenAILLM against the bare client and a sequential loop, on a loopback server."""
    from ..benchmarks.server import print_server

    print_server(Console(), requests=requests)


@bench.command()
def rewards(
    candidates: Annotated[int, typer.Option(min=1, help="Candidate queries.")] = 2048,
    products: Annotated[int, typer.Option(min=100, help="Documents in the index.")] = 100_000,
) -> None:
    """Candidates a second through SearchFeedback beside the engine alone."""
    from ..benchmarks.rewards import print_rewards

    print_rewards(Console(), candidates=candidates, products=products)


@bench.command()
def expansion(
    collection: Annotated[
        str | None,
        typer.Option("--collection", "-c", help="As in configs [irds:vaswani, or shop]."),
    ] = None,
    topics: Annotated[int, typer.Option(min=1, help="Queries, the first ones.")] = 93,
    latency: Annotated[float, typer.Option(min=0, help="Seconds a request.")] = 0.05,
) -> None:
    """Every prompted method against a loopback server, in under two minutes."""
    from ..benchmarks.expansion import print_expansion

    wanted = collection and _yaml(collection, "--collection")
    print_expansion(Console(), collection=wanted, topics=topics, latency=latency)


@bench.command()
def conversation(
    conversations: Annotated[int, typer.Option(min=1, help="Conversations of ten turns.")] = 1000,
    model: Annotated[
        str | None, typer.Option("--model", help="Token classifier [one of MiniLM's size].")
    ] = None,
) -> None:
    """Turns a second through QuReTeC beside its bare model, and through HQE."""
    from ..benchmarks.conversation import print_conversation

    print_conversation(Console(), conversations=conversations, model=model)


@bench.command()
def scratch(
    parameters: Annotated[int, typer.Option(min=200_000, help="Most parameters.")] = 1_300_000,
) -> None:
    """A small rewriter from scratch: milliseconds a query, queries a second."""
    from ..benchmarks.scratch import print_scratch

    print_scratch(Console(), parameters=parameters)


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    try:
        code = call(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == INTERRUPTED:
        print("interrupted; what models answered so far is in the cache", file=sys.stderr)
        code = 1
    sys.exit(code)


def call(arguments: list[str]) -> int:
    """Run the command line and return its exit code; no traceback for a user's mistake."""
    from pyterrier_rewrite.llm.metered import BudgetError

    from ..collections import CollectionError
    from ..config.errors import ConfigError

    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    errors = Console(stderr=True)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            stopped = app(arguments, standalone_mode=False)
    except UsageError as error:
        error.show()
        return 2
    except (ConfigError, CollectionError, ValidationError, InputValidationError) as error:
        errors.print(f"error: {error}", style="red", markup=False, highlight=False)
        return 2
    except (RewriteError, BudgetError, OSError, ValueError) as error:
        errors.print(f"failed: {error}", style="red", markup=False, highlight=False)
        return 1
    except typer.Abort:
        return INTERRUPTED
    return stopped if isinstance(stopped, int) else 0


def _show_warning(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
    if issubclass(category, (DeprecationWarning, FutureWarning)):
        return
    Console(stderr=True).print(f"warning: {message}", style="yellow", markup=False)


if __name__ == "__main__":
    main()
