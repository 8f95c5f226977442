"""What can be said of a command without running it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import typer

from tests.support.paths import ROOT


def check(words: list[str]) -> None:
    """Fail if a command names what is not there: an option, a config, a target, an extra."""
    program, *arguments = words
    if program == "pt-rewrite":
        check_ours(arguments)
    elif program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
        assert set(arguments) <= set(targets), words
    elif program == "pip":
        extras = re.findall(r"^([\w-]+) = \[", (ROOT / "pyproject.toml").read_text(), re.M)
        for named in re.findall(r"\[([\w,-]+)\]", " ".join(arguments)):
            assert set(named.split(",")) <= set(extras), words
    elif program == "python" and arguments[0] == "-m":
        assert importlib.util.find_spec(arguments[1]), words


def check_ours(arguments: list[str]) -> None:
    """Fail if our command line would refuse these words, or a config that it brings."""
    from pyterrier_rewrite.experiments.cli import app
    from pyterrier_rewrite.experiments.config import TrainConfig, load_config, read_config

    command = typer.main.get_command(app)
    while subcommands := getattr(command, "commands", None):
        if not arguments or arguments == ["--help"]:
            return
        name, *arguments = arguments
        assert name in subcommands, f"pt-rewrite has no command {name!r}"
        command = subcommands[name]
    if "--help" in arguments:
        return
    given = command.make_context(name, list(arguments)).params
    if name in ("run", "train"):
        config = given["config"]
        if config.isupper() or (config.endswith(".yaml") and not Path(config).exists()):
            return  # a placeholder, or a file of the reader's
        if name == "run":
            load_config(config, given["set_"] or [])
        else:
            read_config(TrainConfig, config, given["set_"] or [])
