"""``pt-rewrite try``."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from .options import from_yaml


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
    )
