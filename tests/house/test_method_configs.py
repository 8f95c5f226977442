"""The configs that come along: every method has one, and all of them fit together."""

from __future__ import annotations

import re

import ir_datasets
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite import ExamplePool
from pyterrier_rewrite.experiments.build.makers import MAKERS
from pyterrier_rewrite.experiments.build.names import rewriters
from pyterrier_rewrite.experiments.build.reading import Maker
from pyterrier_rewrite.experiments.build.workbench import Workbench
from pyterrier_rewrite.experiments.config import builtin_configs, load_config
from pyterrier_rewrite.experiments.config.methods import prompted_methods
from pyterrier_rewrite.experiments.run.execute import check_systems, run_experiment
from pyterrier_rewrite.pipelines import DenseIndex, PisaIndex
from tests.support.encoders import Letters
from tests.support.paths import ROOT

NAMES = [name for name, text in builtin_configs().items() if "\nsystems:" in text]
DOCUMENTS = [{"docno": "d1", "text": "a red sofa"}, {"docno": "d2", "text": "a blue couch"}]
PAST = ExamplePool([{"qid": "t1", "query": "sofa", "terms": "couch"}])


@pytest.fixture(scope="module")
def indexes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("indexes")
    sparse = PisaIndex.build(folder / "sparse", DOCUMENTS, fields=["text"], verbose=False)
    dense = DenseIndex.build(
        folder / "dense", DOCUMENTS, model=Letters("aeo"), fields=["text"], verbose=False
    )
    return {"index": sparse, "dense_index": dense}


@pytest.mark.parametrize("name", NAMES)
def test_every_system_can_be_built_and_its_stages_fit(name, indexes, monkeypatch, tmp_path):
    monkeypatch.setenv("PT_REWRITE_HOME", str(tmp_path))
    config = load_config(name)
    workbench = Workbench(config, verbose=False)
    workbench.__dict__.update(indexes)  # in place of the collection's, which would be fetched
    monkeypatch.setitem(MAKERS, ExamplePool, Maker("pool", lambda *_: PAST))
    theirs = {"FromFile", "FromColumn"}  # need files or columns of the collection
    named = [name for name, stages in config.systems.items() if not theirs & used(stages)]
    systems = {name: workbench.system(name) for name in named}
    check_systems(systems, ["qid", "query", "qhistory", "qrewrite"])


@pytest.mark.parametrize("name", NAMES)
def test_every_collection_of_ir_datasets_exists_and_is_judged(name):
    collection = load_config(name).collection
    if not isinstance(collection, str) or not collection.startswith("irds:"):
        pytest.skip("no collection of ir-datasets")
    dataset = ir_datasets.load(collection.removeprefix("irds:"))
    assert dataset.has_docs()
    assert dataset.has_queries()
    assert dataset.has_qrels()


def methods(*rooms: str) -> set[str]:
    return {
        name
        for name, cls in rewriters().items()
        if cls.__module__.split(".")[1] in ("expansion", "decomposition", *rooms)
    }


def used(node: object) -> set[str]:
    """Return every name in a part of a config."""
    if isinstance(node, dict):
        return set(node) | {name for value in node.values() for name in used(value)}
    if isinstance(node, list):
        return {name for value in node for name in used(value)}
    return {node} if isinstance(node, str) else set()


def test_every_method_has_a_config():
    configs = [load_config(name) for name in NAMES if name != "expansion-shootout"]
    with_own = {name for config in configs for name in used(config.systems)}
    for name in methods() - with_own:  # a new one has one made from its class
        assert name in used(load_config(name).systems)


@pytest.mark.parametrize("name", prompted_methods())
def test_a_method_has_a_config_made_from_its_class(name, indexes, monkeypatch, tmp_path):
    monkeypatch.setenv("PT_REWRITE_HOME", str(tmp_path))
    workbench = Workbench(load_config(name), verbose=False)
    workbench.__dict__.update(indexes)
    check_systems({name: workbench.system(name)}, ["qid", "query"])


def test_methods_that_no_system_uses_become_systems(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(
        "name: all\ncollection: shop\nllms: {main: {type: fake}}\n"
        "systems: {mine: [HyDE, bm25]}\nmethods: {of: [expansion, decomposition], but: [CSQE]}\n"
    )
    systems = load_config(file).systems
    assert set(systems) == {"mine", *prompted_methods()} - {"HyDE", "CSQE"}
    assert systems["MultiQuery"] == ["MultiQuery", "bm25", "RRF"]
    assert systems["LameR"] == [
        {"LameR": {"feedback": [{"bm25": {"num_results": 20}}, "text"]}}, "bm25"
    ]  # fmt: skip
    assert load_config(file).methods is None


def test_the_shootout_has_every_method_that_its_collection_allows():
    needs_more = {"EventExpansion", "InstructionPrefix"}  # dates, a dense model
    assert used(load_config("expansion-shootout").systems) >= methods() - needs_more


def test_the_table_of_the_documentation_names_methods_that_there_are():
    """Every method has a page of its own, made from its class: see test_docs."""
    table = (ROOT / "docs/expansion.md").read_text(encoding="utf-8")
    named = {name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in row.split(", ")}
    assert len(named) >= 30
    assert named <= {f"`{name}`" for name in methods("conversation")}


def test_a_dense_index_is_the_encoder_of_what_asks_for_one(indexes):
    workbench = Workbench(load_config("hyde"), verbose=False)
    workbench.__dict__.update(indexes)
    hyde, _ = workbench.system("HyDE")
    assert hyde.formulation == pr.MeanVector(indexes["dense_index"])
    assert hyde.writes == ("query_vec",)


def test_the_shootout_runs_every_method_and_counts_its_requests(monkeypatch, tmp_path):
    monkeypatch.setenv("PT_REWRITE_HOME", str(tmp_path))
    config = load_config(
        "expansion-shootout",
        [
            "collection={shop: {products: 100}}",
            "topics=2",
            "depth=20",
            'llms.main={type: fake, reply: "1. a sofa for two; 2. \\"a couch\\" of linen **"}',
        ],
    )
    report = run_experiment(Workbench(config, verbose=False))
    requests = report.table.set_index("name")["requests"].to_dict()
    assert list(requests) == list(config.systems)
    assert [name for name, count in requests.items() if count == 0] == ["BM25", "RM3"]
    assert requests["Query2Doc"] == requests["MILL"] == requests["HyDE"] == 2
    assert requests["CSQE"] == 4
    assert requests["ThinkQE"] in range(2, 7)
    assert requests["GenQREnsemble"] == 20
    for run in report.runs:
        if run.rewrites is not None:
            assert set(run.rewrites["qstatus"]) == {"ok"}, run.name
