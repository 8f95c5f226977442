"""``pt-rewrite prompts``."""

from __future__ import annotations

from typing import Annotated

import typer


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
    from ..config.errors import ConfigError, near

    if name is None:
        for one in prompt_names():
            prompt = Prompt.load(one)
            typer.echo(f"{one}  version {prompt.version}, {', '.join(prompt.slots)}")
    elif "/" in name or "#" in name:
        prompt = Prompt.load(name)
        typer.echo(f"# {prompt.id}, version {prompt.version}, slots: {', '.join(prompt.slots)}")
        typer.echo(wording(prompt))
    elif name in (files := prompt_files()):
        typer.echo(files[name], nl=False)
    else:
        raise ConfigError(f"there is no family of prompts {name!r}{near(name, files)}")
