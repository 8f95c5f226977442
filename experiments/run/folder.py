"""The folder of a run: whose results it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import yaml

from ..build.workbench import CONFIG
from ..config.errors import ConfigError
from ..config.schema import Config
from ..config.yaml_text import parsed

C = TypeVar("C", bound=Config)


def check_free(
    folder: Path, config: C, *, overwrite: bool, written: Callable[[C], Iterable[str]]
) -> None:
    """See that a folder holds nothing that a run would write over, but what that very run left.

    Args:
        folder: The folder, which need not be there.
        config: The run's config.
        overwrite: Whether the results of another run may be replaced.
        written: Names the files and folders that the run of a config writes beside it.

    Raises:
        ConfigError: If it does.
    """
    elsewhere = "name another folder with --out"
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file; {elsewhere}")
    earlier = earlier_config(folder, type(config))
    own = set() if earlier is None else set(written(earlier))
    for name in written(config):
        above = str(Path(name).parent)
        in_the_way = above if (folder / above).is_file() else name
        if (folder / in_the_way).exists() and name not in own:
            raise ConfigError(
                f"{folder} holds {in_the_way}, but no {CONFIG} of a run that wrote it; move it, or "
                f"{elsewhere}"
            )
    if earlier is None:
        return
    before, now = (made_of.model_dump(mode="json") for made_of in (earlier, config))
    changed = [key for key in now if before[key] != now[key]]
    if not changed and (folder / CONFIG).read_text(encoding="utf-8") != config.as_yaml():
        changed = [f"{CONFIG}, which was written by hand or by another version"]
    if changed and not overwrite:
        raise ConfigError(
            f"{folder} holds the results of another run, which differs in {', '.join(changed)}; "
            f"{elsewhere}, or replace them with --overwrite"
        )


def earlier_config(folder: Path, kind: type[C]) -> C | None:
    """Return the config of the run that wrote to a folder, or None if there was none.

    Raises:
        ConfigError: If there is a file of its name that is no such config.
    """
    file = folder / CONFIG
    if not file.exists():
        return None
    try:
        return kind.model_validate(parsed(file.read_text(encoding="utf-8"))[0])
    except (OSError, ValueError, yaml.YAMLError) as error:
        problem = str(error).splitlines()[0]
        raise ConfigError(
            f"{file} is no config of such a run, or damaged ({problem}); move it, or name another "
            "folder with --out"
        ) from error
