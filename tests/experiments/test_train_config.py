from __future__ import annotations

import shlex
import shutil
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from pyterrier_rewrite import TransformersLLM
from pyterrier_rewrite.experiments.cli.main import call
from pyterrier_rewrite.experiments.config import (
    ConfigError,
    DenseConfig,
    builtin_configs,
    read_config,
)
from pyterrier_rewrite.experiments.config.training import METHODS, Method, TrainConfig
from pyterrier_rewrite.experiments.run import train
from pyterrier_rewrite.experiments.run.rehearsal import rehearse
from pyterrier_rewrite.experiments.run.train import Training
from pyterrier_rewrite.training import Validation
from pyterrier_rewrite.training.run.monitor import Monitor

SHOP = "collection={shop: {products: 100, queries: {train: 40, dev: 10, test: 10}}}"
RECIPES = sorted(builtin_configs(training=True))
MINIMAL: dict[str, Any] = {
    "name": "mine",
    "collection": {"shop": {"products": 100, "queries": {"train": 40, "dev": 10, "test": 10}}},
    "scratch": {"parameters": 60_000, "vocab_size": 400, "max_tokens": 4},
    "reward": {"SearchFeedback": {"measure": "nDCG@10"}},
    "training": [{"sft": {"data": "distant_supervision", "steps": 2}}, {"grpo": {"steps": 1}}],
}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    torch.set_num_threads(1)
    monkeypatch.setenv("PT_REWRITE_HOME", str(tmp_path / "home"))


def training(**changes: Any) -> Training:
    return Training(TrainConfig.model_validate({**MINIMAL, **changes}), verbose=False)


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_fit_their_methods_without_a_model(name: str, minilm_path: str) -> None:
    config = read_config(TrainConfig, name, [SHOP])
    if config.dense is not None:  # its index is built
        config = config.model_copy(update={"dense": DenseConfig(model=minilm_path)})
    if config.split == "train" and (config.validation is None or not config.validation.hold_out):
        Training(config, verbose=False).check()
    else:
        hold_out = ["validation.hold_out=2"]
        Training(read_config(TrainConfig, name, [SHOP, *hold_out]), verbose=False).check()


def test_published_values_stand_in_the_recipes() -> None:
    def steps(name: str) -> list[dict[str, Any]]:
        return read_config(TrainConfig, name).training

    assert steps("train-rafe")[0]["grpo"]["beta"] == 0.2
    assert steps("train-rafe-dpo")[0]["dpo"]["beta"] == 0.1
    assert steps("train-rafe-kto")[0]["kto"]["beta"] == 0.1
    leret = steps("train-leret")[1]["dpo"]
    assert (leret["loss"], leret["beta"], leret["data"]["preference_pairs"]["strategy"]) == (
        "ipo",
        0.05,
        "adjacent",
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rewriter": "Query2Doc"}, "give either scratch or rewriter"),
        ({"reward": None}, "needs the key 'reward'"),
        ({"training": ["ppo"]}, "no method 'ppo'.*grpo"),
        ({"training": ["sft"]}, "the key 'data' is missing"),
        ({"training": [{"sft": {"data": "preference_pairs"}}]}, "makes data for dpo"),
        ({"training": [{"sft": {"data": "distant"}}]}, "distant_supervision"),
        ({"validation": {"measure": "nDCG@10"}}, "either split or hold_out"),
        ({"validation": {"split": "dev", "measure": "good"}}, "no measure"),
        ({"epochs": 3}, "epochs"),
        ({"scratch": {"n": 4}}, "need a temperature"),
        ({"validation": {"split": "dev", "measur": "AP"}}, "measur"),
    ],
)
def test_says_what_is_wrong_in_the_file(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        training(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reward": {"SearchFedback": {}}}, "no reward 'SearchFedback'; did you mean"),
        ({"reward": {"SearchFeedback": {"measure": "nDCG@10", "k": 1}}}, "unknown parameter 'k'"),
        ({"reward": [{"weight": "much", "Copy": {}}]}, "reward.0.weight: expected a number"),
        (
            {"training": [{"sft": {"data": {"distant_supervision": {"joined": -1}}}}]},
            "joined: expected 0 or more",
        ),
        ({"training": [{"grpo": {"step": 1}}]}, "unknown parameter 'step'; did you mean 'steps'"),
        ({"training": [{"grpo": {"steps": "x"}}]}, "training.0.grpo.steps"),
        ({"training": [{"grpo": {"steps": -4}}]}, "steps should be at least 1, found -4"),
        ({"training": [{"grpo": {"group_size": 1}}]}, "group_size should be at least 2"),
        ({"training": [{"grpo": {"learning_rate": 0}}]}, "learning_rate should be over 0"),
        (
            {"training": [{"sft": {"data": {"distant_supervision": {"topics": 0}}}}]},
            "topics: expected 1 or more, found 0",
        ),
        ({"validation": {"split": "dve"}}, "no split 'dve'; did you mean 'dev'"),
        ({"training": [{"grpo": {"seed": 3}}]}, "unknown parameter 'seed'"),
        ({"training": [{"sft": {"data": {"rejection_samples": {}}}}]}, "'n' is missing"),
        ({"validation": {"hold_out": 40}}, "fewer than the 40 topics"),
        ({"validation": {"split": "dev", "pipeline": ["bm26"]}}, "no stage 'bm26'"),
    ],
)
def test_says_what_does_not_fit_the_code(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        training(**changes).check()


def test_what_does_not_fit_the_code_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({**MINIMAL, "training": [{"grpo": {"step": 1}}]}))
    line = file.read_text().splitlines().index("- grpo:") + 1
    with pytest.raises(ConfigError, match=rf"mine.yaml, line {line}: training.0.grpo: unknown"):
        Training(read_config(TrainConfig, file), verbose=False).check()


def test_numbers_may_be_written_as_yaml_does_not_read_them() -> None:
    ((_, step),) = training(training=yaml.safe_load("[{grpo: {learning_rate: 2e-3}}]")).steps()
    bound = step.__closure__[0].cell_contents  # type: ignore[attr-defined]
    assert bound.keywords["learning_rate"] == 0.002


@pytest.mark.parametrize(
    ("key", "meant"), [("scratch.vocab", "vocab_size"), ("validation.evry", "every")]
)
def test_nested_keys_are_suggested(key: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"did you mean '{meant}'"):
        read_config(TrainConfig, "train-shop", [f"{key}=3"])


def test_rewards_compose_by_name() -> None:
    made = training(
        reward=[
            {"weight": 0.8, "SearchFeedback": {"measure": "nDCG@10"}},
            {"weight": 0.2, "Coverage": {"groups": "brand"}},
            {"Gated": {"reward": "RankReward", "guard": "Copy"}},
        ]
    ).reward
    assert [weight for weight, _ in made.terms] == [0.8, 0.2, 1.0]  # type: ignore[union-attr]
    names = [type(reward).__name__ for _, reward in made.terms]  # type: ignore[union-attr]
    assert names == ["SearchFeedback", "Coverage", "Gated"]


def test_held_out_topics_are_not_trained_on() -> None:
    bench = training(validation={"hold_out": 15})
    train, held = bench.splits
    assert (len(train), len(held)) == (25, 15)
    assert not set(train["qid"]) & set(held["qid"])
    assert set(bench.train_qrels["qid"]) <= set(train["qid"])
    assert set(held["qid"]) <= set(bench.validation.qrels["qid"])  # type: ignore[union-attr]


def test_trains_and_leaves_a_system_for_experiments(tmp_path: Path) -> None:
    config = {**MINIMAL, "validation": {"split": "dev", "every": 1}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    arguments = ["train", str(tmp_path / "mine.yaml"), "--out", str(tmp_path / "out"), "-q"]
    grpo = ["training.1.grpo.queries_per_step=2", "training.1.grpo.group_size=2"]
    assert call([*arguments, *(x for value in grpo for x in ("--set", value))]) == 0
    assert (tmp_path / "out" / "2-grpo" / "training.csv").is_file()
    assert call(arguments) == 2  # the folder is in use
    experiment = {
        "name": "run",
        "collection": MINIMAL["collection"],
        "systems": {"raw": ["bm25"], "trained": [{"Trained": {"path": "OUT"}}, "bm25"]},
    }
    text = yaml.safe_dump(experiment).replace("OUT", str(tmp_path / "out"))
    (tmp_path / "run.yaml").write_text(text)
    assert call(["run", str(tmp_path / "run.yaml"), "--out", str(tmp_path / "res"), "-q"]) == 0
    table = pd.read_csv(tmp_path / "res" / "results.csv")
    assert table["name"].tolist() == ["raw", "trained"]


def test_weights_that_lose_to_raw_queries_end_with_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Validation, "raw", lambda *_: 2.0)
    step = {"sft": {"data": "distant_supervision", "steps": 1}}
    config = {**MINIMAL, "training": [step], "validation": {"split": "dev"}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    out = tmp_path / "out"
    assert call(["train", str(tmp_path / "mine.yaml"), "--out", str(out), "-q"]) == 1
    said = capsys.readouterr()
    assert "raw queries 2.0000, without an answer" in " ".join(said.out.split())
    assert "worse than raw queries" in " ".join(said.err.split())
    assert (out / "rewriter" / "model.safetensors").is_file()


def test_a_killed_training_goes_on_to_the_same_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [
        {"sft": {"data": "distant_supervision", "steps": 2}},
        {"grpo": {"steps": 1, "queries_per_step": 2, "group_size": 2}},
    ]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**MINIMAL, "training": steps}))

    def kill(method: str, rewriter: object) -> None:
        if method == "sft":
            raise KeyboardInterrupt

    killed, whole = tmp_path / "killed", tmp_path / "whole"
    with pytest.raises(KeyboardInterrupt):
        training(training=steps).run(killed, notice=kill)
    ended = (killed / "1-sft" / "run.json").stat().st_mtime_ns
    system = f"systems.mine=[{{Trained: {{path: {killed}}}}}, bm25]"
    assert call(["run", "shop", "--set", SHOP, "--set", system]) == 2
    assert "has not ended" in " ".join(capsys.readouterr().err.split())
    command = ["train", str(tmp_path / "mine.yaml"), "-q", "--out"]
    assert call([*command, str(killed), "--resume", "--set", "seed=1"]) == 2  # another config
    assert call([*command, str(killed)]) == 2
    assert call([*command, str(killed), "--resume"]) == 0
    assert call([*command, str(whole), "--resume"]) == 0  # nothing to go on with: from the start
    assert (killed / "1-sft" / "run.json").stat().st_mtime_ns == ended
    assert "2-grpo: kept the last weights of 1" in capsys.readouterr().out
    one, two = (folder / "rewriter" / "model.safetensors" for folder in (killed, whole))
    assert one.read_bytes() == two.read_bytes()


def test_ctrl_c_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    step = {"sft": {"data": "distant_supervision", "steps": 3}}
    file, out = tmp_path / "my training.yaml", tmp_path / "out"
    file.write_text(yaml.safe_dump({**MINIMAL, "training": [step]}))
    command = ["train", str(file), "--set", "seed=1", "--out", str(out)]
    record = Monitor.record

    def interrupted(self: Monitor, step: int, logs: Any) -> None:
        record(self, step, logs)
        if step == 1:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Monitor, "record", interrupted)
        assert call([*command, "-q"]) == 130
    told = capsys.readouterr().err
    assert "stopped after step 2 of 3" in told
    assert f"go on with: {shlex.join(['pt-rewrite', *command, '--resume'])}" in told
    assert (out / "1-sft" / "checkpoint-2").is_dir()
    assert call([*command, "-q", "--resume"]) == 0


def test_a_pipeline_may_judge_where_nobody_did() -> None:
    seen: dict[str, Any] = {}
    source = {"distant_supervision": {"judged_by": ["bm25"]}}
    bench = training(training=[{"sft": {"data": source}}])

    def learn(
        rewriter: object, data: object, output_dir: object, validation: object, resume: bool
    ) -> object:
        return rewriter

    def find(rewriter: object, topics: pd.DataFrame, qrels: pd.DataFrame) -> pd.DataFrame:
        seen["qrels"] = qrels
        return topics.assign(target="sofa")

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, "sft", Method(learn, {"distant_supervision": find}))
        ((_, teach),) = bench.steps()
        teach(None, Path("unused"))
    found = bench.pipeline(["bm25"], "x").transform(bench.splits[0])
    first = set(found[found["rank"] < 5][["qid", "docno"]].itertuples(index=False, name=None))
    judged = set(seen["qrels"][["qid", "docno"]].itertuples(index=False, name=None))
    assert judged == first


def test_the_shop_stays_what_it_is_when_the_runs_seed_changes() -> None:
    assert training(seed=1).collection.seed == 0
    chosen = {"shop": {**MINIMAL["collection"]["shop"], "seed": 2}}
    assert training(collection=chosen).collection.seed == 2


def test_a_rewriter_from_scratch_serves_as_its_config_says(tmp_path: Path) -> None:
    scratch = {**MINIMAL["scratch"], "n": 3, "temperature": 0.5, "original_weight": 2}
    start = training(scratch=scratch).start(tmp_path)
    assert (start.n, start.temperature) == (3, 0.5)
    assert (start.formulation.n, start.formulation.per_part) == (2, True)  # type: ignore[attr-defined]


def test_demo_goes_from_training_to_table_and_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = [
        "collection={shop: {products: 600, queries: {train: 40, dev: 10, test: 10}}}",
        "scratch={parameters: 60000, vocab_size: 400, max_tokens: 4}",
        "training=[{sft: {data: distant_supervision, steps: 2}}, {grpo: {steps: 1}}]",
    ]
    asked = [part for value in small for part in ("--set", value)]
    for _ in range(2):  # a second one replaces the first
        assert call(["demo", "-q", "--out", str(tmp_path / "demo"), *asked]) == 0
    results = pd.read_csv(tmp_path / "demo" / "results.csv").set_index("name")
    assert list(results.index) == ["raw", "RM3", "warm start", "trained", "oracle"]
    assert results["gap_closed"]["raw"] == 0
    assert results["gap_closed"]["oracle"] == 1
    page = (tmp_path / "demo" / "index.html").read_text()
    assert "ties 10" in page
    assert "warm start" in capsys.readouterr().out


def test_check_trains_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert call(["train", "train-shop", "-q", "--set", SHOP, "--check"]) == 0
    assert call(["train", "train-shop", "-q", "--set", SHOP, "--check", "--out", str(out)]) == 0
    assert not out.exists()
    assert call(["train", "train-shop"]) == 2
    assert call(["train", "train-shp", "--check"]) == 2
    (tmp_path / "file").touch()
    for taken in (tmp_path, tmp_path / "file" / "out"):
        assert call(["train", "train-shop", "--set", SHOP, "--check", "--out", str(taken)]) == 2


def on(model: object, method: str = "Query2Doc", **changes: Any) -> dict[str, Any]:
    """Return changes by which a rewriter on a local model is trained in place of a small one."""
    student = {"type": "transformers", "model": str(model), "device": "cpu"}
    rewriter = {method: {"llm": "student", "max_tokens": 8}}
    return {"scratch": None, "llms": {"student": student}, "rewriter": rewriter, **changes}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scratch": {"parameters": 10}}, "scratch: parameters should be at least"),
        ({"scratch": {**MINIMAL["scratch"], "context": 4}}, "0.sft: max_tokens should be below"),
        ({"training": [{"sft": {"data": {"references": {"column": "gold"}}}}]}, "column 'gold'"),
        ({"training": [{"sft": {"data": {"references": {"column": "blank"}}}}]}, "no topic has"),
        ({"training": [{"grpo": {"trl": {"nonsense": 1}}}]}, "0.grpo: .*'nonsense'"),
        ({"training": [{"grpo": {"checkpoint_every": 4, "num_iterations": 3}}]}, "multiple of 3"),
        ({"training": [{"grpo": {"batch_size": 7}}]}, "0.grpo: .*divide evenly"),
        ({"training": [{"grpo": {"lora": {"targets": "nowhere"}}}]}, "0.grpo: .*nowhere"),
        ({"reward": {"Coverage": {"groups": "colour_of_the_door"}}}, "colour_of_the_door"),
        (on("nowhere"), "cannot load the model 'nowhere'"),
        (on("EMPTY"), "the folder holds no weights"),
        (on("CUT"), "model.safetensors is damaged .*; copy or download it again"),
        (on("TINY", "MultiQuery", validation={"split": "dev"}), r"RRF\(\)"),
        (
            on("SEQ2SEQ", training=[{"kto": {"data": {"labelled_samples": {"n": 2}}}}]),
            "0.kto: .*sequence-to-sequence",
        ),
    ],
)
def test_check_finds_what_training_would_refuse(
    changes: dict[str, Any],
    message: str,
    tiny_causal: Path,
    tiny_seq2seq: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    empty = shutil.copytree(
        tiny_causal, tmp_path / "empty", ignore=lambda *_: ["model.safetensors"]
    )
    cut = shutil.copytree(tiny_causal, tmp_path / "cut")
    with (cut / "model.safetensors").open("r+b") as file:
        file.truncate((cut / "model.safetensors").stat().st_size - 1)
    places = {"EMPTY": empty, "CUT": cut, "TINY": tiny_causal, "SEQ2SEQ": tiny_seq2seq}
    for student in changes.get("llms", {}).values():
        student = student | {"model": str(places.get(student["model"], student["model"]))}
        changes = {**changes, "llms": {"student": student}}
    made = training(**changes)
    topics = made.topics()
    monkeypatch.setattr(made, "topics", lambda: topics.assign(blank=None))
    with pytest.raises(ConfigError, match=message):
        rehearse(made)


@pytest.mark.parametrize(
    "step",
    [
        {"sft": {"data": {"rejection_samples": {"n": 2}}, "lora": {"r": 2}}},
        {"dpo": {"data": {"preference_pairs": {"n": 2}}}},
        {"kto": {"data": {"labelled_samples": {"n": 2}}}},
        {"grpo": {"steps": 1}},
    ],
)
def test_check_needs_no_answer_of_the_model(
    step: dict[str, Any], tiny_causal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = training(**on(tiny_causal, training=[step], validation={"split": "dev"}))
    monkeypatch.setattr(TransformersLLM, "stream", None)
    rehearse(made)


def test_data_may_take_a_part_of_the_topics_and_join_them(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def learn(
        rewriter: object, data: pd.DataFrame, output_dir: object, validation: object, resume: bool
    ) -> object:
        seen["data"] = data
        return rewriter

    def find(rewriter: object, topics: pd.DataFrame, qrels: pd.DataFrame) -> pd.DataFrame:
        seen["topics"] = topics
        return topics.assign(target="sofa")

    monkeypatch.setitem(METHODS, "sft", Method(learn, {"distant_supervision": find}))
    step = {"sft": {"data": {"distant_supervision": {"topics": 10, "joined": 0.5}}}}
    ((_, teach),) = training(training=[step]).steps()
    teach(None, Path("unused"))
    assert len(seen["topics"]) == 10
    assert len(seen["data"]) == 15
    assert seen["data"]["target"].tolist()[10:] == ["sofa sofa"] * 5


def test_a_part_is_spread_over_the_whole() -> None:
    topics = pd.DataFrame({"qid": list("abcdefgh")})
    assert train.spread(topics, 2)["qid"].tolist() == ["c", "g"]
    assert train.spread(topics, 4)["qid"].tolist() == ["b", "d", "f", "h"]
    assert train.spread(topics, 9)["qid"].tolist() == list("abcdefgh")
