"""Read configs: YAML, ``--set`` and ``${vars}`` in, checked values out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import ValidationError

from pyterrier_rewrite.errors import near

from .errors import ConfigError, explain
from .methods import config_of
from .schema import Config, ExperimentConfig
from .training import TrainConfig
from .yaml_text import parsed

C = TypeVar("C", bound=Config)

COMMANDS: Final[Mapping[type[Config], tuple[str, str]]] = {
    ExperimentConfig: ("an experiment", "pt-rewrite run {}"),
    TrainConfig: ("a training", "pt-rewrite train {} --out FOLDER"),
}
"""What each kind of config is called, and the command that takes one."""


def builtin_configs(*, training: bool = False) -> dict[str, str]:
    """Return the configs of experiments, or of trainings, that come along: name and text."""
    bundled = resources.files(__package__).joinpath("bundled")
    folders = ("training",) if training else ("collections", "methods")
    entries = [entry for folder in folders for entry in bundled.joinpath(folder).iterdir()]
    return {
        entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8")
        for entry in sorted(entries, key=lambda entry: entry.name)
    }


def load_config(source: str | Path, overrides: Sequence[str] = ()) -> ExperimentConfig:
    """Read and check the config of an experiment; see :func:`read_config`."""
    return read_config(ExperimentConfig, source, overrides)


def read_config(kind: type[C], source: str | Path, overrides: Sequence[str] = ()) -> C:
    """Read and check a config.

    Args:
        kind: What it is the config of.
        source: Path to a YAML file, or the name of a config that the package brings.
        overrides: ``key=value`` each; the key is dotted (``index.k1``, ``systems.RM3.2.RM3``),
            the value is YAML.

    Raises:
        ConfigError: If there is no such config or something in it is wrong.
    """
    where, text = _read(source, training=kind is not ExperimentConfig)
    content, node = _parsed(text, f"{where} is not valid YAML")
    if not isinstance(content, dict):
        found = "nothing" if content is None else type(content).__name__
        raise ConfigError(f"{where} should hold a mapping of keys and values, found {found}")
    lines = dict(_lines(where, node))
    _check_kind(kind, content, where, source)
    places = Places(where, lines, [_override(content, override) for override in overrides])
    content = _substitute(content)
    try:
        config = kind.model_validate(content)
    except ValidationError as error:
        values = dict(_values(content))
        keyed = [(_key(problem["loc"], values), problem) for problem in error.errors()]
        said = [f"{places.of(key)}: {explain(problem, key, kind)}" for key, problem in keyed]
        raise ConfigError("\n".join(dict.fromkeys(said))) from None
    config.read_from(places.of, Path(source).parent if Path(source).is_file() else None)
    return config


def _check_kind(kind: type[Config], content: Any, where: str, source: str | Path) -> None:
    """Raise if a config has keys of another kind only, and say which command takes it."""
    for other, (called, command) in COMMANDS.items():
        theirs = other.model_fields.keys() - kind.model_fields.keys()
        own = kind.model_fields.keys() - other.model_fields.keys()
        if theirs & content.keys() and not own & content.keys():
            raise ConfigError(
                f"{where} is the config of {called}; it goes to: {command.format(source)}"
            )


@dataclass
class Places:
    """Where a config's dotted keys stand.

    Attributes:
        where: The file.
        lines: The line of every key.
        overridden: Keys that were set on the command line.
    """

    where: str
    lines: dict[str, int]
    overridden: list[str]

    def of(self, key: str) -> str:
        """Return the place of a key or, if the file has no such key, of what it would be in."""
        at = f"{key}."
        for other in (f"{set_}." for set_ in self.overridden):
            if key and (at.startswith(other) or other.startswith(at)):
                return f"--set {key}"
        while key not in self.lines:
            key = key.rpartition(".")[0]
        return f"{self.where}, line {self.lines[key]}"


def as_overrides(values: Mapping[str, Any]) -> list[str]:
    """Return values by dotted keys as the overrides that :func:`read_config` takes."""
    return [f"{key}={yaml.safe_dump(value)}" for key, value in values.items()]


def _read(source: str | Path, *, training: bool) -> tuple[str, str]:
    path = Path(source)
    if path.is_file():
        try:
            return str(path), path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path} is not UTF-8 text: {error}") from error
    configs = builtin_configs(training=training)
    name = str(source)
    text = configs.get(name) or (None if training else config_of(name))
    text = text or builtin_configs(training=not training).get(name)  # refused, with a hint
    if text is not None:
        return f"config {name!r}", text
    if path.suffix in {".yaml", ".yml"} or "/" in name:
        raise ConfigError(f"there is no file {name!r}")
    raise ConfigError(f"there is no file and no config {name!r}{near(name, configs)}")


def _lines(where: str, node: yaml.Node, key: str = "") -> Iterator[tuple[str, int]]:
    """Yield every dotted key with its line.

    Refuses what YAML passes over in silence: a key twice, a key that it reads as no text.
    """
    if not key:
        yield "", node.start_mark.line + 1
    seen: dict[str, int] = {}
    for number, entry in enumerate(node.value if isinstance(node, yaml.CollectionNode) else []):
        name, value = entry if isinstance(node, yaml.MappingNode) else (None, entry)
        line = (name or value).start_mark.line + 1
        step = str(number) if name is None else name.value
        if name is not None and name.tag != "tag:yaml.org,2002:str":
            kind = name.tag.rpartition(":")[2]
            raise ConfigError(
                f"{where}, line {line}: YAML reads the key {step!r} as {kind}; quote it"
            )
        if step in seen:
            raise ConfigError(
                f"{where}, line {line}: the key {step!r} stands in line {seen[step]} too"
            )
        seen[step] = line
        below = _dotted(key, step)
        yield below, line
        yield from _lines(where, value, below)


def _values(content: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every dotted key with its value."""
    yield key, content
    entries = enumerate(content) if isinstance(content, list) else ()
    for step, value in content.items() if isinstance(content, dict) else entries:
        yield from _values(value, _dotted(key, step))


def _key(loc: Sequence[str | int], values: dict[str, Any]) -> str:
    """Return pydantic's location as a dotted key, without what is no key: the tags of unions."""
    key = ""
    for number, step in enumerate(loc):
        below = _dotted(key, step)
        is_missing = number == len(loc) - 1 and isinstance(values[key], dict)
        if below in values or is_missing:
            key = below
    return key


def _dotted(key: str, step: str | int) -> str:
    return f"{key}.{step}" if key else str(step)


def _override(content: dict[str, Any], override: str) -> str:
    """Set a value in the content, and return its key."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {override}: expected key=value, such as index.k1=0.9")
    value, _ = _parsed(text, f"--set {override}: the value is not valid YAML")
    *above, last = key.split(".")
    here: Any = content
    for depth, part in enumerate(above):
        step = _step(here, part, override, ".".join(above[:depth]))
        if isinstance(here, dict):
            here.setdefault(step, {})
        here = here[step]
    here[_step(here, last, override, ".".join(above))] = value
    return key


def _step(here: Any, part: str, override: str, above: str) -> str | int:
    """Return the key, or the position, that a part of an override's key stands for."""
    if isinstance(here, dict):
        return part
    if not isinstance(here, list):
        raise ConfigError(f"--set {override}: there is nothing to set inside {above}")
    if not part.isdigit() or int(part) >= len(here):
        raise ConfigError(
            f"--set {override}: {part!r} should be a position from 0 to {len(here) - 1}"
        )
    return int(part)


def _substitute(content: dict[str, Any]) -> dict[str, Any]:
    variables = content.get("vars", {})
    if not isinstance(variables, dict):
        return content

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return re.sub(r"\$\{([\w-]+)\}", lookup, value)
        if isinstance(value, list):
            return [fill(entry) for entry in value]
        if isinstance(value, dict):
            return {key: fill(entry) for key, entry in value.items()}
        return value

    def lookup(match: re.Match[str]) -> str:
        if match[1] not in variables:
            raise ConfigError(
                f"${{{match[1]}}} is not among the vars{near(match[1], map(str, variables))}"
            )
        return str(variables[match[1]])

    return {key: value if key == "vars" else fill(value) for key, value in content.items()}


def _parsed(text: str, problem: str) -> tuple[Any, Any]:
    try:
        return parsed(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{problem}: {' '.join(str(error).split())}") from error
