"""What commands have in common: options, and how their values are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml

INTERRUPTED: Final = 130
"""What a command exits with after Ctrl-C, as typer and shells have it."""

ConfigArgument = Annotated[str, typer.Argument(help="A YAML file, or a config that comes along.")]

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a value; the key is dotted."),
]

OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace the results of another run.")
]

QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")]


def from_yaml(text: str, option: str) -> Any:
    """Return what an option's text is as YAML."""
    from ..config.yaml_text import parsed

    try:
        return parsed(text)[0]
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise typer.BadParameter(f"{text!r} is not YAML: {reason}", param_hint=option) from None


def make_folder(folder: Path) -> Path:
    """Make the folder that ``--out`` names."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"cannot write to {folder}: {error}", param_hint="--out") from None
    return folder
