"""Every kind of argument can come from a config: ours by name, a user's own by import path."""

from __future__ import annotations

import inspect
import json
from importlib import metadata
from pathlib import Path
from textwrap import dedent
from typing import Any

import pyterrier as pt
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite import pipelines, rewards
from pyterrier_rewrite.errors import RewriteWarning
from pyterrier_rewrite.experiments.build import names, reading
from pyterrier_rewrite.experiments.build.workbench import Workbench
from pyterrier_rewrite.experiments.config import ConfigError, ExperimentConfig, load_config
from pyterrier_rewrite.prompting.examples import ExampleSource
from pyterrier_rewrite.prompting.formulation import Formulation

SHOP = {"shop": {"products": 200, "queries": {"train": 20, "dev": 5, "test": 5}}}


@pytest.fixture(scope="module", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PT_REWRITE_HOME", str(tmp_path_factory.mktemp("home")))
        yield


class Bench(Workbench):
    """A bench with a dense index that loads no model."""

    @property
    def dense_index(self) -> Any:  # type: ignore[override]
        return pipelines.DenseIndex("nowhere")


def bench(stages: list[Any] | None = None, **changes: Any) -> Workbench:
    content = {
        "name": "test",
        "collection": SHOP,
        "dense": {"model": "nowhere"},
        "llms": {"fake": {"type": "fake", "reply": "1. a sofa in linen"}},
        "systems": {"x": stages or ["bm25"]},
        **changes,
    }
    return Bench(ExperimentConfig.model_validate(content), verbose=False)


def made(stage: Any, **changes: Any) -> Any:
    (found,) = bench([stage], **changes).system("x")
    return found


# -- items that need others -----------------------------------------------------------------------


def test_best_of_takes_a_rewriter_and_a_reward() -> None:
    options = {
        "rewriter": {"Query2Doc": {"temperature": 0.7}},
        "reward": [{"weight": 0.5, "Copy": {}}, "Format"],
        "n": 3,
    }
    best = made({"BestOf": options})
    assert best.rewriter == pr.Query2Doc(best.rewriter.llm, temperature=0.7, seed=42)
    assert best.reward == 0.5 * rewards.Copy() + rewards.Format()
    assert best.n == 3


def test_best_of_serves_from_a_config() -> None:
    options = {"rewriter": {"Query2Doc": {"temperature": 0.7}}, "reward": "Copy", "n": 2}
    out = made({"BestOf": options})(bench().topics())
    assert set(out["qstatus"]) == {"ok"}


def test_the_rewriter_of_another_may_be_defined_or_one_that_was_trained() -> None:
    define = {"mine": [{"Query2Doc": {"temperature": 1.0}}]}
    best = made({"BestOf": {"rewriter": "mine", "reward": "Copy"}}, define=define)
    assert best.rewriter.temperature == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reward": "Copy"}, "systems.x.0.BestOf: the parameter 'rewriter' is missing"),
        ({"rewriter": "bm25", "reward": "Copy"}, "BestOf.rewriter: expected one stage that is"),
        ({"rewriter": "Query2Dok", "reward": "Copy"}, "no stage 'Query2Dok'; did you mean"),
        ({"rewriter": "Query2Doc", "reward": "Coppy"}, "no reward 'Coppy'; did you mean 'Copy'"),
        ({"rewriter": "Query2Doc", "reward": {"Copy": {"x": 1}}}, "reward.Copy: unknown param"),
        ({"rewriter": "Query2Doc", "reward": {"RankReward": {}}}, "'qrels' is missing: the name"),
    ],
)
def test_what_is_wrong_inside_is_told_with_its_place(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        made({"BestOf": options})


def test_judgements_are_those_of_a_split_that_is_named() -> None:
    reward = {"SearchFeedback": {"measure": "nDCG@10", "qrels": "train"}}
    best = made({"BestOf": {"rewriter": {"Query2Doc": {"temperature": 1}}, "reward": reward}})
    assert best.reward.qrels == rewards.Judgements(bench().split("train").qrels())


def test_steps_are_stages() -> None:
    chiq = made({"CHIQ": {"steps": ["TopicShift", {"SwitchTopic": {"max_tokens": 9}}]}})
    assert [type(step) for step in chiq.steps] == [pr.TopicShift, pr.SwitchTopic]
    assert chiq.steps[1].max_tokens == 9
    assert made({"CHIQ": {"steps": []}}).steps == []
    assert made({"CHIQ": {"steps": None}}).steps is None
    with pytest.raises(ConfigError, match=r"CHIQ.steps.1.0: there is no stage 'SwitchTopics'; did"):
        made({"CHIQ": {"steps": ["TopicShift", "SwitchTopics"]}})


@pytest.mark.parametrize("name", ["SuggestQueries", "RememberEntities"])
def test_a_store_of_entities_is_a_path(name: str, tmp_path: Path) -> None:
    path = tmp_path / "entities.sqlite"
    assert made({name: {"entities": str(path)}}).entities == pr.EntityStore(path)
    with pytest.raises(ConfigError, match=f"{name}.entities: .*found 7"):
        made({name: {"entities": 7}})


def test_examples_are_chosen_from_a_split_with_their_best_documents() -> None:
    prompt = "query2doc/few-shot"
    choose = {"SimilarExamples": {"pool": "train", "n": 2, "encoder": None}}
    rewriter = made({"Query2Doc": {"prompt": prompt, "examples": choose}})
    assert isinstance(rewriter.examples, pr.SimilarExamples)
    assert rewriter.examples.n == 2
    assert rewriter.examples.encoder is None
    assert set(next(iter(rewriter.examples.pool))) == {"qid", "query", "passage"}
    assert set(rewriter(bench().topics())["qstatus"]) == {"ok"}
    plain = [{"query": "sofa", "passage": "A sofa seats two."}]
    assert made({"Query2Doc": {"prompt": prompt, "examples": plain}}).examples == plain
    other = {"RandomExamples": {"pool": {"train": {"slot": "document"}}}}
    rewriter = made({"Query2Doc": {"prompt": prompt, "examples": other}})
    assert set(next(iter(rewriter.examples.pool))) == {"qid", "query", "document"}


# -- every class of ours ---------------------------------------------------------------------------


def options_of(target: Any, tmp_path: Path) -> dict[str, Any]:
    """Return a value for each parameter that a config has to give, by its type."""
    (tmp_path / "rewrites.tsv").write_text("1\tsofa\n")
    by_type: dict[Any, Any] = {
        pr.ExamplePool: "train",
        pr.protocols.Reward: "Copy",
        rewards.Reward: "Copy",
        rewards.Judgements: "train",
        pr.EntityStore: str(tmp_path / "entities.sqlite"),
        Formulation: "Repeat",
        pt.Transformer: ["bm25"],
        pr.LLM: "fake",
    }
    by_name: dict[str, Any] = {
        "rewriter": {"Query2Doc": {"temperature": 1.0}},
        "path": str(tmp_path / "rewrites.tsv"),
        "model": "nowhere",
        "measure": "nDCG@10",
        "ids": ["train-1"],
        "instruction": "find products",
        "prompt": "query2doc/zero-shot",
        "is_unsafe": "json:loads",
        "terms": [[0.5, "Copy"]],
        "systems": [["bm25"], ["bm25"]],
        "weights": [1.0],
        "low": 1,
        "high": 5,
        "limit": 5,
    }
    options = {}
    for name, (parameter, hint) in reading.parameters(target).items():
        if parameter.default is parameter.empty:
            found = by_name.get(name, by_type.get(hint))
            if found is not None:
                options[name] = found
    return options


def classes() -> dict[str, tuple[str, Any]]:
    stages = {name: ("stage", cls) for name, cls in names.stages().items()}
    formulations = names.exported(Formulation, pr)
    choosers = names.exported(ExampleSource, pr)
    return {
        **stages,
        **{f"formulation {name}": ("formulation", cls) for name, cls in formulations.items()},
        **{f"parser {name}": ("parser", cls) for name, cls in names.parsers().items()},
        **{f"chooser {name}": ("chooser", cls) for name, cls in choosers.items()},
        **{f"reward {name}": ("reward", cls) for name, cls in names.reward_classes().items()},
    }


@pytest.mark.parametrize("name", classes())
def test_every_class_can_be_built_from_yaml(name: str, tmp_path: Path) -> None:
    kind, cls = classes()[name]
    here = bench()
    written = {cls.__name__: options_of(cls, tmp_path)}
    if kind == "stage":
        (found,) = here.stages([written], "x")
    else:
        hint = {"formulation": Formulation, "parser": pr.parsing.Parser, "chooser": ExampleSource}
        found = reading.read(here, written, hint.get(kind, rewards.Reward), "x")
    assert type(found) is cls


def test_every_export_that_a_config_may_name_is_among_them() -> None:
    kinds = (pr.Rewriter, pr.Guard, Formulation, ExampleSource, rewards.Reward)
    exports = [getattr(module, n) for module in (pr, rewards, pipelines) for n in module.__all__]
    wanted = {
        cls
        for cls in exports
        if inspect.isclass(cls) and issubclass(cls, kinds) and not inspect.isabstract(cls)
    }
    bases = {pr.Rewriter, pr.Guard}  # of which others are made
    assert wanted - bases <= {cls for _, cls in classes().values()}
    assert {"Marked", "ReasonedText", "Items", "Text", "Terms", "Queries"} <= set(names.parsers())


# -- a user's own classes --------------------------------------------------------------------------

OWN = """
import pyterrier as pt
from pyterrier_rewrite import NewQuery, Rewriter, Rewritten
from pyterrier_rewrite.prompting.formulation import Repeat
from pyterrier_rewrite.rewards import Reward

class Acronyms(Rewriter):
    def __init__(self, table: dict[str, str] | None = None, *, times: int = 1):
        self.table, self.times = table, times

    def rewrite(self, queries):
        return [Rewritten([NewQuery(f"{text} spelled out")]) for text in queries["query"]]

class Short(Reward):
    def __init__(self, most: int):
        self.most = most

    def marks(self, candidates):
        return {}

class Twice(Repeat):
    pass

def lines(generation: str) -> list[str]:
    return generation.splitlines()

def capitals(query: str) -> list[str]:
    return [word for word in query.split() if word.istitle()]

def engine(times: int = 1, **more):
    return pt.Transformer.identity()

number = 3
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A module of one's own in the working directory, under a name that no other test has."""
    name = "own_" + "".join(c if c.isalnum() else "_" for c in request.node.name)
    (tmp_path / f"{name}.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    return name


def test_a_stage_of_ones_own_by_its_import_path(own: str) -> None:
    stage = made({f"{own}:Acronyms": {"table": {"tv": "television"}, "times": 2}})
    assert type(stage).__name__ == "Acronyms"
    assert (stage.table, stage.times) == ({"tv": "television"}, 2)
    assert stage(bench().topics())["query"][0].endswith("spelled out")
    assert isinstance(made({f"{own}:engine": {"times": 2, "more": "yes"}}), pt.Transformer)


def test_parts_of_ones_own(own: str) -> None:
    options = {"formulation": {f"{own}:Twice": {"n": 2}}, "parser": f"{own}:lines"}
    rewriter = made({"Query2Doc": options})
    assert (type(rewriter.formulation).__name__, rewriter.formulation.n) == ("Twice", 2)
    assert rewriter.parser("a\nb") == ["a", "b"]
    best = {"rewriter": {f"{own}:Acronyms": {}}, "reward": {f"{own}:Short": {"most": 3}}}
    assert made({"BestOf": best}).reward.most == 3
    guard = made({"KeepEntities": {"extract": f"{own}:capitals"}})
    assert guard.extract("in Brazil") == ["Brazil"]


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("no_module_of_ours:A", "there is no module 'no_module_of_ours' where Python looks, nor"),
        ("OWN:Acronym", r"\.py' has no 'Acronym'; did you mean 'Acronyms'"),
        ({"OWN:Acronyms": {"tims": 2}}, "OWN:Acronyms: unknown parameter 'tims'; did you mean"),
        ({"OWN:Acronyms": {"times": "x"}}, "OWN:Acronyms.times: .*found 'x'"),
        ("OWN:number", "expected a Transformer, found 3"),
        ({"OWN:Short": {"most": 1}}, "expected a Transformer, found .* of type Short"),
        ({"Query2Doc": {"parser": "OWN:number"}}, "expected a Parser, found 3"),
        ({"BestOf": {"rewriter": "OWN:engine", "reward": "Copy"}}, "expected one stage that is a"),
    ],
)
def test_what_is_wrong_with_ones_own_is_told(own: str, stage: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("OWN", own)):
        made(json.loads(json.dumps(stage).replace("OWN", own)))


def test_a_module_that_fails_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_broken.py").write_text("import no_such_thing_of_ours")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="'own_broken' cannot be imported: ModuleNotFoundError"):
        made("own_broken:A")


def test_modules_stand_beside_the_config_and_errors_have_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "beside"
    folder.mkdir()
    (folder / "own_beside.py").write_text(dedent(OWN))
    text = """\
    name: mine
    collection: {shop: {products: 200}}
    systems:
      good: ["own_beside:Acronyms", bm25]
      bad:
        - "own_beside:Acronymz"
    """
    (folder / "mine.yaml").write_text(dedent(text))
    monkeypatch.chdir(tmp_path)
    here = Workbench(load_config(folder / "mine.yaml"), verbose=False)
    assert type(here.system("good")[0]).__name__ == "Acronyms"
    with pytest.raises(ConfigError, match=r"mine.yaml, line 6: systems.bad.0.own_beside:Acronymz"):
        here.system("bad")


class Entry:
    """An entry point of another package."""

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value, self.module = name, "other:Thing", "other"
        self.dist = None
        self._loaded = value

    def load(self) -> Any:
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Any:
    def install(*entries: Entry) -> None:
        monkeypatch.setattr(metadata, "entry_points", lambda group: list(entries))
        names.plugins.cache_clear()

    yield install
    names.plugins.cache_clear()


def test_rewriters_of_other_packages_are_stages(plugins: Any) -> None:
    class Theirs(pr.FromColumn):
        pass

    plugins(Entry("Theirs", Theirs))
    assert type(made("Theirs")) is Theirs
    assert "Theirs" in names.rewriters()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (Entry("RM3", pr.LimitHistory), "'RM3' of other is hidden by .*rm3; .* name it other:Thi"),
        (Entry("Theirs", ImportError("no torch")), "'Theirs' of other cannot be loaded.*no torch"),
        (Entry("Theirs", pr.Repeat), "'Theirs' of other is no subclass of Rewriter"),
    ],
)
def test_what_is_wrong_with_others_is_told_and_hides_nothing(
    plugins: Any, entry: Entry, message: str
) -> None:
    plugins(entry)
    with pytest.warns(RewriteWarning, match=message):
        assert names.rewriters()["RM3"] is pr.RM3
