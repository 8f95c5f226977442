"""The command line: ``pt-rewrite``.

Exit codes: 0 done, 1 something failed (a server, a model, a budget, a training that learnt
nothing), 2 bad input, 130 Ctrl-C.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError
from pyterrier.validate import InputValidationError
from rich.console import Console

from pyterrier_rewrite import __version__
from pyterrier_rewrite.errors import RewriteError

from .bench import bench
from .methods import methods, prompts
from .options import INTERRUPTED
from .run import run, try_
from .train import demo, train

# typer may bring a click of its own, so its base error is found through one that typer exports
UsageError: Any = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="pt-rewrite",
    help="Rewrite queries, compare rewriters on a collection, and see what they cost.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",  # joins the lines of a docstring
    pretty_exceptions_enable=False,
)
COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "run": run,
    "demo": demo,
    "train": train,
    "methods": methods,
    "prompts": prompts,
    "try": try_,
}
"""Every command by its name: a new one is a function, and a line here."""

for _name, _command in COMMANDS.items():
    app.command(name=_name)(_command)
app.add_typer(bench, name="bench")


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
    except KeyboardInterrupt:  # before the command, or after it
        code = INTERRUPTED
    if code == INTERRUPTED:
        print("; ".join(["interrupted", *_kept()]), file=sys.stderr)
    sys.exit(code)


def _kept() -> Iterator[str]:
    """Say which answers of models were kept, where any were asked for."""
    from pyterrier_rewrite.llm.cache import KEPT

    for path, count in KEPT.items():
        if count:
            yield f"{count:,} new answers of models are kept in {path}"


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
