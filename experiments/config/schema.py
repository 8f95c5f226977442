"""Experiment configs: YAML in, checked values out, errors with key, place and near miss."""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from importlib import resources
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import ir_measures
import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)


class ConfigError(ValueError):
    """A config, or a value set on the command line, is wrong; the text says where and what."""


C = TypeVar("C", bound=BaseModel)


class Strict(BaseModel):
    """Refuses keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PriceConfig(Strict):
    """Money a million tokens, in any one currency.

    Attributes:
        prompt: For a million tokens of prompts.
        completion: For a million tokens of answers.
    """

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)


class _LLM(Strict):
    """What every kind of model has.

    Attributes:
        cache: Where answers are kept: true is a file in the home, false none, or the path of a
            file.
        offline: Answer from the cache alone; what is not in it fails.
        price: For the table and for a budget in money; none is needed without.
    """

    cache: bool | Path = True
    offline: bool = False
    price: PriceConfig | None = None


class OpenAIConfig(_LLM):
    """A server that speaks OpenAI's protocol; the key comes from an environment variable.

    Attributes:
        type: This kind.
        model: Name of the model, as the server knows it.
        base_url: Address of the server, such as ``http://localhost:11434/v1``; OpenAI's own if
            it is not given.
        api_key_env: Environment variable that holds the key. A server of your own may need none.
        concurrency: Requests that are in flight at once.
        timeout: Seconds that one request may take.
        retries: How often a request is sent again that failed for a passing reason.
    """

    type: Literal["openai"]
    model: str
    base_url: str | None = None
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: int = Field(64, ge=1)
    timeout: float = Field(60.0, gt=0)
    retries: int = Field(5, ge=0)


class TransformersConfig(_LLM):
    """A local model, by hub name or path.

    Attributes:
        type: This kind.
        model: Name on the hub, or path of a folder.
        adapter: An adapter (PEFT) on it, by name or path.
        revision: Branch, tag or commit on the hub.
        device: Such as ``cpu`` or ``cuda:0``; by default a GPU, where there is one.
        dtype: Such as ``bfloat16``; by default that of the weights.
        batch_size: Prompts that are answered at once.
    """

    type: Literal["transformers"]
    model: str
    adapter: str | None = None
    revision: str | None = None
    device: str | None = None
    dtype: str | None = None
    batch_size: int = Field(16, ge=1)


class VLLMConfig(_LLM):
    """A local model in vLLM's offline engine.

    Attributes:
        type: This kind.
        model: Name on the hub, or path of a folder.
        adapter: A LoRA adapter on it, by name or path.
        dtype: Such as ``bfloat16``; ``auto`` is that of the weights.
    """

    type: Literal["vllm"]
    model: str
    adapter: str | None = None
    dtype: str = "auto"


class FakeConfig(_LLM):
    """A scripted model, for trying a config out.

    Attributes:
        type: This kind.
        cache: As with the others, but none by default.
        reply: One text for every prompt; a list, given in turn, from its start again at its end;
            or a mapping, which gives the value of the first key that occurs in the prompt. By
            default the prompt comes back.
    """

    type: Literal["fake"]
    cache: bool | Path = False
    reply: str | list[str] | dict[str, str] | None = None


LLMConfig = Annotated[
    Union[OpenAIConfig, TransformersConfig, VLLMConfig, FakeConfig],  # noqa: UP007 - a tagged union
    Field(discriminator="type"),
]


class IndexConfig(Strict):
    """The engine.

    Attributes:
        engine: PISA, or an existing Terrier index (which needs Java) at ``path``.
        path: Where the index stands or will be built; by default in the home.
        stemmer: How words become stems.
        stops: Which words are left out.
        k1: Of BM25: how soon further occurrences of a term stop to count.
        b: Of BM25: how much a document's length counts, from 0 (not at all) to 1.
        threads: Threads of a search.
    """

    engine: Literal["pisa", "terrier"] = "pisa"
    path: Path | None = None
    stemmer: Literal["porter2", "krovetz", "none"] = "porter2"
    stops: Literal["terrier", "lucene", "none"] = "terrier"
    k1: float = Field(1.2, ge=0)
    b: float = Field(0.75, ge=0, le=1)
    threads: int = Field(1, ge=1)


class DenseConfig(Strict):
    """A dense index.

    Attributes:
        model: A sentence-transformers model, by name on the hub or path.
        path: Where the index stands or will be built; by default in the home.
        query_prefix: Text before every query, as some models are trained with.
        doc_prefix: Text before every document.
    """

    model: str
    path: Path | None = None
    query_prefix: str = ""
    doc_prefix: str = ""


def _stage(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        (options,) = value.values()
        if options is None or isinstance(options, dict):
            return value
    raise ValueError(f"expected a name or {{name: {{parameter: value}}}}, found {value!r}")


Stage = Annotated[Any, BeforeValidator(_stage)]
"""One transformer: its name, or ``{name: {parameter: value, …}}``."""


def of_split(collection: str | dict[str, Any], split: str) -> dict[str, Any]:
    """Return a collection's spec with another split."""
    spec = {collection: {}} if isinstance(collection, str) else dict(collection)
    if "shop" in spec:
        return {"shop": {**(spec["shop"] or {}), "split": split}}
    return {**spec, "split": split}


class ExperimentConfig(Strict):
    """One experiment: systems compared on a collection.

    Attributes:
        name: Short name; the output folder is ``runs/NAME``, unless ``--out`` is given.
        description: What it shows.
        vars: Values for ``${name}`` anywhere else in the file.
        collection: ``irds:ID``, ``{beir: FOLDER, split: …}``,
            ``{trec: {corpus: …, topics: …, qrels: …}}``,
            ``{conversations: TOPICS.json, qrels: …, corpus: …}``, ``shop`` or
            ``{shop: {products: …, seed: …, queries: …, split: …}}``; see
            :func:`~pyterrier_rewrite.experiments.collections.load_collection`.
        index: The sparse engine.
        dense: The dense index, which the stages ``dense`` and ``dense_reranker`` use.
        llms: Language models by name.
        define: Pipelines by name, to be used as stages.
        systems: Pipelines to compare, by name, in the order of the table.
        measures: ir-measures names; the first is the main one.
        baseline: System that the others are compared with: paired t-test, queries won, tied and
            lost.
        oracle: System with the perfect rewrites, for the share of the gap closed.
        correction: Correction for several comparisons, or None.
        alpha: Level of significance.
        depth: Results a query.
        seed: Seed of everything that samples; every method that samples gets it.
        topics: At most so many topics, the first ones; None for all.
    """

    name: str = Field(pattern=r"^[\w.+-]+$")
    description: str = ""
    vars: dict[str, str] = {}
    collection: str | dict[str, Any]
    index: IndexConfig = IndexConfig()
    dense: DenseConfig | None = None
    llms: dict[str, LLMConfig] = {}
    define: dict[str, list[Stage]] = {}
    systems: dict[str, list[Stage]] = Field(min_length=1)
    measures: list[str] = ["nDCG@10", "AP@1000", "R@100"]
    baseline: str | None = None
    oracle: str | None = None
    correction: Literal["bonferroni", "holm", "holm-sidak", "fdr_bh"] | None = "holm"
    alpha: float = Field(0.05, gt=0, lt=1)
    depth: int = Field(1000, ge=1)
    seed: int = 42
    topics: int | None = Field(None, ge=1)

    _place_of: Callable[[str], str] | None = PrivateAttr(None)

    def read_from(self, place_of: Callable[[str], str]) -> None:
        """Remember where a dotted key stands in the file that this config was read from."""
        self._place_of = place_of

    def located(self, message: str) -> str:
        """Return a message about a dotted key, ``key: what``, with its place in the file."""
        if self._place_of is None:
            return message
        place = self._place_of(message.partition(":")[0])
        return f"--set {message}" if place.startswith("--set ") else f"{place}: {message}"

    @field_validator("measures")
    @classmethod
    def _known_measures(cls, names: list[str]) -> list[str]:
        if not names:
            raise ValueError("at least one measure is needed, such as nDCG@10")
        for name in names:
            try:
                measure = ir_measures.parse_measure(name)
                measure.validate_params()
            except (ValueError, NameError) as error:
                raise ValueError(f"{name!r} is no measure of ir-measures{_meant(name)}") from error
            except AssertionError as error:
                raise ValueError(
                    f"{name!r} lacks a parameter, or has a wrong one, such as P without @10 "
                    f"({error})"
                ) from error
            if not ir_measures.DefaultPipeline.supports(measure):
                raise ValueError(f"{name!r} needs a package that is not installed")
        return names

    @model_validator(mode="after")
    def _known_systems(self) -> ExperimentConfig:
        for key in ("baseline", "oracle"):
            value = getattr(self, key)
            if value is not None and value not in self.systems:
                raise ValueError(
                    f"{key} {value!r} is not among the systems{near(value, self.systems)}"
                )
        return self


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
    try:
        node = yaml.compose(text)
        content: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is not valid YAML: {_flat(error)}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{where} should hold a mapping, found {type(content).__name__}")
    _check_keys(where, node)
    set_keys: list[tuple[str | int, ...]] = []
    for override in overrides:
        set_keys.append(_override(content, override))
    content = _substitute(content)
    try:
        config = kind.model_validate(content)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            key = _content_path(problem["loc"], content)
            place = _place(where, node, key, set_keys)
            lines.append(f"{place}: {_explain(problem, key, kind)}")
        raise ConfigError("\n".join(dict.fromkeys(lines))) from None
    if isinstance(config, ExperimentConfig):
        config.read_from(lambda key: _place(where, node, _steps(key), set_keys))
    return config


def _steps(key: str) -> tuple[str | int, ...]:
    return tuple(int(step) if step.isdigit() else step for step in key.split("."))


def near(name: str, known: Iterable[str]) -> str:
    """Return a hint at the name that was probably meant, and those there are."""
    names = list(known)
    folded = {other.casefold(): other for other in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    hint = f"; did you mean {folded[close[0]]!r}?" if close else ""
    return f"{hint} (there are {len(names)}: {', '.join(sorted(names))})"


def _meant(name: str) -> str:
    """Return a hint at the measure that a name, perhaps one of trec_eval's, stands for."""
    try:
        with redirect_stdout(StringIO()):
            found = ir_measures.parse_trec_measure(name)
        return f"; did you mean {str(found[0])!r}?"
    except Exception:  # it prints, asserts and raises as it likes
        return near(name.partition("@")[0], sorted(ir_measures.measures.registry))


def _read(source: str | Path, *, training: bool) -> tuple[str, str]:
    path = Path(source)
    if path.is_file():
        try:
            return str(path), path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path} is not UTF-8 text: {error}") from error
    configs = builtin_configs(training=training)
    name = str(source)
    if name in configs:
        return f"config {name!r}", configs[name]
    if path.suffix in {".yaml", ".yml"} or "/" in name:
        raise ConfigError(f"there is no file {name!r}")
    raise ConfigError(f"there is no file and no config {name!r}{near(name, configs)}")


def _check_keys(where: str, node: yaml.Node | None) -> None:
    """Refuse what YAML passes over in silence: a key twice, a key that it reads as no text."""
    if isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            _check_keys(where, entry)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.tag != "tag:yaml.org,2002:str":
            kind = key.tag.rpartition(":")[2]
            raise ConfigError(
                f"{where}, line {line}: YAML reads the key {key.value!r} as {kind}; quote it"
            )
        if key.value in seen:
            raise ConfigError(
                f"{where}, line {line}: the key {key.value!r} stands in line {seen[key.value]} too"
            )
        seen[key.value] = line
        _check_keys(where, value)


def _override(content: dict[str, Any], override: str) -> tuple[str | int, ...]:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {override}: expected key=value, such as index.k1=0.9")
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigError(
            f"--set {override}: the value is not valid YAML: {_flat(error)}"
        ) from error
    path: list[str | int] = []
    here: Any = content
    parts = key.split(".")
    for depth, part in enumerate(parts):
        step: str | int = int(part) if isinstance(here, list) and part.isdigit() else part
        path.append(step)
        last = depth == len(parts) - 1
        if isinstance(here, list):
            if not isinstance(step, int) or step >= len(here):
                raise ConfigError(
                    f"--set {override}: {part!r} should be a position from 0 to {len(here) - 1}"
                )
        elif not isinstance(here, dict):
            raise ConfigError(
                f"--set {override}: there is nothing to set inside {'.'.join(parts[:depth])}"
            )
        elif not last:
            here.setdefault(step, {})
        if last:
            here[step] = parsed
        else:
            here = here[step]
    return tuple(path)


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


def _content_path(loc: Sequence[str | int], content: Any) -> tuple[str | int, ...]:
    """Drop from pydantic's location what is no key of the file: the tags of unions."""
    path: list[str | int] = []
    here: Any = content
    for number, step in enumerate(loc):
        if (isinstance(here, Mapping) and step in here) or (
            isinstance(here, list) and isinstance(step, int) and step < len(here)
        ):
            here = here[step]  # type: ignore[index]  # _holds says so
        elif number < len(loc) - 1 or not isinstance(here, Mapping):
            continue
        path.append(step)
    return tuple(path)


def _holds(here: Any, step: object) -> bool:
    if isinstance(here, list):
        return isinstance(step, int) and step < len(here)
    return isinstance(here, dict) and step in here


def _place(
    where: str,
    node: yaml.Node | None,
    path: tuple[str | int, ...],
    set_keys: Sequence[tuple[str | int, ...]],
) -> str:
    if path and any(path[: len(key)] == key or key[: len(path)] == path for key in set_keys):
        return f"--set {'.'.join(map(str, path))}"
    line = 1 if node is None else node.start_mark.line + 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = [(k, v) for k, v in node.value if k.value == str(step)]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return f"{where}, line {line}"


def _explain(problem: Mapping[str, Any], path: tuple[str | int, ...], kind: Any) -> str:
    key = ".".join(map(str, path)) or "the config"
    if problem["type"] == "extra_forbidden":
        return f"unknown key {key!r}{near(str(path[-1]), _fields(problem['loc'][:-1], kind))}"
    if problem["type"].startswith("union_tag"):
        return f"{key}: the key 'type' should be openai, transformers, vllm or fake"
    if problem["type"] == "missing":
        return f"the key {key!r} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return f"{key}: {message}"
    return f"{key}: {message}, found {problem['input']!r}"


def _fields(loc: Sequence[str | int], kind: Any) -> list[str]:
    """Return the keys that the model at a location knows."""
    for step in loc:
        kind = _inner(kind, step)
    models = [option for option in (kind, *get_args(kind)) if hasattr(option, "model_fields")]
    return list(models[0].model_fields) if models else []


def _inner(kind: Any, step: str | int) -> Any:
    if hasattr(kind, "model_fields"):
        field = kind.model_fields.get(str(step))
        return None if field is None else field.annotation
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    options = get_args(kind)
    if get_origin(kind) is typing.Union or type(kind).__name__ == "UnionType":
        for option in options:
            tag = getattr(option, "model_fields", {}).get("type")
            if tag is not None and step in get_args(tag.annotation):
                return option
        models = [option for option in options if hasattr(option, "model_fields")]
        return _inner(models[0], step) if models else None
    if get_origin(kind) is dict:
        return options[1]
    if get_origin(kind) is list:
        return options[0]
    return None


def _flat(error: Exception) -> str:
    return " ".join(str(error).split())
