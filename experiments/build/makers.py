"""How each type of argument is made: one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pyterrier as pt

import pyterrier_rewrite as rewrite
from pyterrier_rewrite import protocols, rewards
from pyterrier_rewrite.base import Rewriter
from pyterrier_rewrite.columns import DOCNO
from pyterrier_rewrite.conversation import EntityStore
from pyterrier_rewrite.errors import near
from pyterrier_rewrite.llm import LLM
from pyterrier_rewrite.llm.metered import StandInEncoder
from pyterrier_rewrite.parsing.parsers import Parser
from pyterrier_rewrite.prompting.examples import ExampleSource
from pyterrier_rewrite.prompting.formulation import Formulation
from pyterrier_rewrite.protocols import Analyzer, CollectionStatistics, Encoder, TextSource
from pyterrier_rewrite.rewards import Judgements
from pyterrier_rewrite.rewards.search.coverage import Groups
from pyterrier_rewrite.text.pool import ExamplePool
from pyterrier_rewrite.training import LoraSettings

from ..config.errors import ConfigError, blamed_on
from .names import exported, parsers, reward_classes
from .reading import Bench, Maker, a, arguments, call, checked, named, own, split_stage


def _model(bench: Bench, value: Any, kind: Any, where: str) -> LLM:
    if value not in bench.config.llms:
        raise ConfigError(
            f"{where}: there is no model {value!r}{near(str(value), bench.config.llms)}; "
            "models stand under the key llms"
        )
    return bench.llm(value)


def _only_model(bench: Bench) -> LLM | None:
    return bench.llm(next(iter(bench.config.llms))) if len(bench.config.llms) == 1 else None


def _models(bench: Bench) -> str:
    if bench.config.llms:
        return f"; name one of the llms: {', '.join(bench.config.llms)}"
    return "; the config names no model under llms"


def _rewriter(bench: Bench, value: Any, kind: Any, where: str) -> Any:
    made = bench.stages(value, where)
    if len(made) != 1 or not isinstance(made[0], kind):
        raise ConfigError(f"{where}: expected one stage that is {a(kind)}, found {value!r}")
    return made[0]


def _reward(bench: Bench, value: Any, kind: Any, where: str) -> Any:
    """Return a reward, or the weighted sum of a list of them."""
    if isinstance(value, list) and value:
        return rewards.WeightedSum.of(
            *(_weighted(bench, entry, kind, f"{where}.{i}") for i, entry in enumerate(value))
        )
    if not isinstance(value, dict | str):
        raise ConfigError(f"{where}: expected {{name: {{option: value}}}}, found {value!r}")
    return _REWARD(bench, value, kind, where)


_REWARD: Final = named("reward ", reward_classes)


def _weighted(bench: Bench, entry: Any, kind: Any, where: str) -> Any:
    if isinstance(entry, str):
        entry = {entry: {}}
    if not isinstance(entry, dict):
        raise ConfigError(f"{where}: expected {{weight: …, name: …}}, found {entry!r}")
    rest = {key: value for key, value in entry.items() if key != "weight"}
    try:
        weight = float(entry.get("weight", 1.0))
    except (TypeError, ValueError):
        raise ConfigError(f"{where}.weight: expected a number") from None
    return weight * _reward(bench, rest, kind, where)


def _past(method: Callable[..., ExamplePool]) -> Callable[..., ExamplePool]:
    """Return a reader of ``split`` or ``{split: {option: value}}``, the past that it means."""

    def make(bench: Bench, value: Any, kind: Any, where: str) -> ExamplePool:
        if isinstance(value, ExamplePool):
            return value
        if not isinstance(value, str | dict):
            raise ConfigError(f"{where}: expected the name of a split, found {value!r}")
        split, options = split_stage(value, where)
        past = bench.split(split)
        settings = arguments(bench, method, options, where)
        with blamed_on(where, TypeError, ValueError):
            return method(past.topics(), past.qrels(), **settings)

    return make


def _examples(bench: Bench, value: Any, kind: Any, where: str) -> Any:
    """Return what chooses examples, from a split's queries with their best documents."""
    name, options = split_stage(value, where)
    if "pool" in options:
        pool = _past(ExamplePool.from_judged)(bench, options["pool"], kind, f"{where}.{name}.pool")
        value = {name: {**options, "pool": pool}}
    return _CHOOSER(bench, value, kind, where)


_CHOOSER: Final = named("chooser ", lambda: exported(ExampleSource, rewrite))


def _store(bench: Bench, value: Any, kind: Any, where: str) -> EntityStore:
    return EntityStore(checked(value, str, where))


def _judged(bench: Bench, value: Any, kind: Any, where: str) -> Judgements:
    return Judgements(bench.split(checked(value, str, where)).qrels())


def _train_judgements(bench: Bench) -> Judgements | None:
    qrels = bench.judgements()
    return None if qrels is None else Judgements(qrels)


def _lora(bench: Bench, value: Any, kind: Any, where: str) -> Any:
    return call(bench, kind, checked(value, dict[str, Any], where), where)


def _groups(bench: Bench, value: Any, kind: Any, where: str) -> Any:
    """Return each document's value of a field of the collection, or a mapping as it is."""
    if not isinstance(value, str):
        return checked(value, kind, where)
    found = {
        document[DOCNO]: str(document[value])
        for document in bench.collection.get_corpus_iter()
        if document.get(value)
    }
    if not found:
        raise ConfigError(f"{where}: no document has the field {value!r}")
    return found


def _function(bench: Bench, value: Any, kind: Any, where: str) -> Any:
    if not isinstance(value, str) or ":" not in value:
        raise ConfigError(f"{where}: expected a function as module:name, found {value!r}")
    return own(bench, value, {}, Callable, where)


def _of_bench(
    word: str, key: str, given: Callable[[Bench], Any], family: Callable[[], Mapping[str, Any]]
) -> Maker:
    """Return the maker of what stands around: a config may say ``key``, or name another."""

    def make(bench: Bench, value: Any, kind: Any, where: str) -> Any:
        return given(bench) if value == key else named("", family)(bench, value, kind, where)

    return Maker(word, make, given)


def _statistics(bench: Bench) -> Any:
    return bench.offered("statistics", "collection statistics")


def _analyzer(bench: Bench) -> Any:
    return bench.offered("analyzer", "an analyzer")


def _encoder(bench: Bench) -> Any:
    if bench.config.dense is None:
        return None
    return StandInEncoder() if bench.dry_run else bench.dense_index


MAKERS: Final[dict[Any, Maker]] = {
    LLM: Maker("model", _model, _only_model, _models),
    Rewriter: Maker("rewriter", _rewriter),
    pt.Transformer: Maker("pipeline", lambda bench, value, kind, at: bench.pipeline(value, at)),
    Formulation: Maker("formulation", named("", lambda: exported(Formulation, rewrite))),
    Parser: Maker("parser", named("", parsers)),
    rewards.Reward: Maker("reward", _reward),
    protocols.Reward: Maker("reward", _reward),
    ExampleSource: Maker("chooser", _examples),
    ExamplePool: Maker(
        "pool",
        _past(ExamplePool.with_typical_terms),
        hint=lambda bench: ": the name of a split whose queries are past, such as train",
    ),
    Judgements: Maker(
        "judgement",
        _judged,
        _train_judgements,
        lambda bench: ": the name of a split whose judgements may be seen, such as train",
    ),
    EntityStore: Maker("store", _store, hint=lambda bench: ": the path of a file"),
    CollectionStatistics: _of_bench("statistics", "index", _statistics, dict),
    Analyzer: _of_bench("analyzer", "index", _analyzer, lambda: exported(Analyzer, rewrite)),
    TextSource: _of_bench("text source", "index", lambda bench: bench.index, dict),
    Encoder: _of_bench("encoder", "dense", _encoder, lambda: exported(Encoder, rewrite)),
    LoraSettings: Maker("adapter", _lora),
    Groups: Maker("group", _groups),
    Callable: Maker("function", _function),
}
"""How each type of argument is made; a type that is not here is checked as plain YAML."""
