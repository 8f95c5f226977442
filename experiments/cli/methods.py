"""``pt-rewrite methods`` and ``pt-rewrite prompts``: what comes along."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

NEEDS: Final = {
    "nothing": "nothing",
    "llm": "LLM",
    "feedback": "documents",
    "training": "trained model",
}
"""What a rewriter may need beside queries, and how cards call it."""


def methods(
    name: Annotated[str | None, typer.Argument(help="Print this one whole.")] = None,
    needs: Annotated[
        str | None, typer.Option("--needs", help=f"Only those that need {', '.join(NEEDS)}.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every rewriter with what it needs and its reference, or print one whole."""
    from ..build.cards import card
    from ..build.names import rewriters
    from ..config.errors import check_known

    known = dict(sorted(rewriters().items()))
    if name is not None:
        check_known("there is no method", name, known)
        found = card(name, known[name])
        if as_json:
            typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
        else:
            _print_card(found, Console())
        return
    if needs is not None and needs not in NEEDS:
        raise typer.BadParameter(
            f"expected one of {', '.join(NEEDS)}, found {needs!r}", param_hint="--needs"
        )
    cards = [card(name, cls) for name, cls in known.items()]
    if needs is not None:
        cards = [one for one in cards if NEEDS[needs] in one["needs"]]
    if as_json:
        keys = ("name", "needs", "summary", "reference")
        rows = [{key: one[key] for key in keys} for one in cards]
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("method", "needs", "what it does", "reference"):
        table.add_column(column, overflow="fold", no_wrap=column == "method")
    for one in cards:
        reference = one["reference"] or "–"
        table.add_row(one["name"], one["needs"], escape(one["summary"]), escape(reference))
    Console().print(table)


def _print_card(card: dict[str, Any], console: Console) -> None:
    def say(text: str, style: str | None = None) -> None:
        shown = text.replace("``", "")
        console.print(shown, style=style, markup=False, highlight=False, soft_wrap=True)

    say(card["name"], "bold")
    say(card["summary"])
    for key in ("needs", "input columns", "output columns", "reference"):
        if card[key]:
            say(f"{key}: {card[key]}")
    for number, argument in enumerate(card["arguments"]):
        if not number:
            say("\narguments", "bold")
        bounds = f", {argument['range']}" if argument["range"] else ""
        say(f"{argument['name']}: {argument['type']}, {argument['default']}{bounds}")
        say(f"    {argument['meaning']}")
    if card["published"]:
        say("\npublished setting", "bold")
        say("\n".join(f"{key}: {value}" for key, value in card["published"].items()))
    for prompt in card["prompts"]:
        say(f"\n{prompt['argument']}: {prompt['id']}, version {prompt['version']}", "bold")
        say(prompt["text"])
    say("\nin a config", "bold")
    say(card["config"])


def prompts(
    name: Annotated[
        str | None, typer.Argument(help="A family, such as query2doc, or one of its prompts.")
    ] = None,
) -> None:
    """List every prompt, or print one, or the file of a family, to be changed.

    A changed file goes into the folder that PT_REWRITE_PROMPTS names, or is named as
    file.yaml#prompt.
    """
    from pyterrier_rewrite import Prompt

    from ..build.cards import prompt_files, prompt_names, wording
    from ..config.errors import check_known

    if name is None:
        for one in prompt_names():
            prompt = Prompt.load(one)
            typer.echo(f"{one}  version {prompt.version}, {', '.join(prompt.slots)}")
    elif "/" in name or "#" in name:
        prompt = Prompt.load(name)
        typer.echo(f"# {prompt.id}, version {prompt.version}, slots: {', '.join(prompt.slots)}")
        typer.echo(wording(prompt))
    else:
        files = prompt_files()
        check_known("there is no family of prompts", name, files)
        typer.echo(files[name], nl=False)
