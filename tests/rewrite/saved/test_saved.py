"""Saved rewriters: the same rewrites after loading, and clear errors for what is no rewriter."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite import (
    FakeLLM,
    Formulation,
    Join,
    LLMRewriter,
    NewQuery,
    Prompt,
    Queries,
    Query2Doc,
    RepeatTerms,
    Several,
    TransformersLLM,
)
from pyterrier_rewrite.pipelines import PisaAnalyzer
from pyterrier_rewrite.saved.artifact import SavedRewriter, from_pretrained, save_pretrained
from tests.support import tiny

PLAIN = Prompt("test/plain", 3, (("system", "Be {brief}."), ("user", "{query}")), ("query",))
pytestmark = [
    pytest.mark.filterwarnings("ignore::pyterrier_rewrite.RewriteWarning"),
    pytest.mark.usefixtures("one_thread"),
]


@pytest.fixture
def topics() -> pd.DataFrame:
    return pd.DataFrame({"qid": ["1", "2"], "query": ["wings in flow", "vitamin for bones"]})


def rewriters(model: Path) -> dict[str, LLMRewriter]:
    llm = TransformersLLM(model, device="cpu")
    terms = RepeatTerms(2.0, PisaAnalyzer("krovetz", "lucene"))
    return {
        "plain": LLMRewriter(llm, prompt=PLAIN, formulation=Join(" | "), max_tokens=7),
        "sampling": LLMRewriter(
            llm, prompt=PLAIN, max_tokens=5, n=2, temperature=0.9, seed=3, stop=("e",)
        ),
        "terms": LLMRewriter(llm, prompt=PLAIN, formulation=terms, max_tokens=5),
        "several": LLMRewriter(
            llm,
            prompt=PLAIN,
            parser=Queries(2),
            formulation=Several(),
            include_original=True,
            max_tokens=9,
        ),
        "published": Query2Doc(
            llm,
            prompt="query2doc/few-shot",
            examples=[{"query": "a", "passage": "b"}],
            max_tokens=6,
            seed=1,
        ),
    }


@pytest.mark.parametrize("kind", ["plain", "sampling", "terms", "several", "published"])
def test_a_loaded_rewriter_rewrites_the_same(
    kind: str, tiny_causal: Path, tmp_path: Path, topics: pd.DataFrame
) -> None:
    rewriter = rewriters(tiny_causal)[kind]
    before = rewriter(topics).drop(columns="qusage")
    save_pretrained(rewriter, tmp_path / "saved")
    moved = tmp_path / "elsewhere"
    (tmp_path / "saved").rename(moved)
    loaded = from_pretrained(moved, device="cpu")
    assert type(loaded) is type(rewriter)
    pd.testing.assert_frame_equal(loaded(topics).drop(columns="qusage"), before)


def test_every_argument_comes_back(tiny_causal: Path, tmp_path: Path) -> None:
    for kind, rewriter in rewriters(tiny_causal).items():
        save_pretrained(rewriter, tmp_path / kind)
        loaded = from_pretrained(tmp_path / kind)
        for name in set(rewriter.parameters()) - {"llm", "prompt"}:
            assert getattr(loaded, name) == getattr(rewriter, name), (kind, name)
        assert loaded.template() == rewriter.template()


def test_an_adapter_is_saved_with_its_local_base(
    tiny_causal: Path, tmp_path: Path, topics: pd.DataFrame
) -> None:
    base = tiny.causal(tmp_path / "base")
    llm = TransformersLLM(base, adapter=tiny.lora(tmp_path / "lora", base), device="cpu")
    rewriter = LLMRewriter(llm, prompt=PLAIN, max_tokens=7)
    before = rewriter(topics)["query"].tolist()
    save_pretrained(rewriter, tmp_path / "saved")
    shutil.rmtree(base)
    shutil.rmtree(tmp_path / "lora")
    assert from_pretrained(tmp_path / "saved", device="cpu")(topics)["query"].tolist() == before


def test_nothing_that_is_saved_is_a_pickle(tiny_causal: Path, tmp_path: Path) -> None:
    save_pretrained(rewriters(tiny_causal)["terms"], tmp_path / "saved")
    suffixes = {file.suffix for file in (tmp_path / "saved").rglob("*") if file.is_file()}
    assert suffixes == {".json", ".jinja", ".safetensors"}


def test_weights_that_are_pickles_become_safetensors(
    tiny_causal: Path, tmp_path: Path, topics: pd.DataFrame
) -> None:
    import torch
    from safetensors.torch import load_file

    old = tmp_path / "old"
    shutil.copytree(tiny_causal, old)
    torch.save(load_file(old / "model.safetensors"), old / "pytorch_model.bin")
    (old / "model.safetensors").unlink()
    rewriter = LLMRewriter(TransformersLLM(old, device="cpu"), prompt=PLAIN, max_tokens=5)
    save_pretrained(rewriter, tmp_path / "saved")
    assert not list((tmp_path / "saved").glob("*.bin"))
    loaded = from_pretrained(tmp_path / "saved", device="cpu")
    assert loaded(topics)["query"].tolist() == rewriter(topics)["query"].tolist()


def test_it_is_an_artifact_with_its_history(
    tiny_causal: Path, tmp_path: Path, topics: pd.DataFrame
) -> None:
    rewriter = rewriters(tiny_causal)["plain"]
    history = {"method": "grpo", "reward": "SearchFeedback(...)", "data": {"rows": 8}}
    saved = save_pretrained(rewriter, tmp_path / "saved", training=history)
    found = pt.Artifact.load(str(tmp_path / "saved"))
    assert isinstance(found, SavedRewriter)
    assert found.training == saved.training == history
    assert found.rewriter(device="cpu")(topics)["query"].equals(rewriter(topics)["query"])
    manifest = json.loads((tmp_path / "saved" / "rewriter.json").read_text())
    assert {"pyterrier-rewrite", "torch", "transformers"} <= manifest["versions"].keys()


def test_a_trained_rewriter_knows_its_history_and_loads_from_the_run(
    tiny_causal: Path, tmp_path: Path, topics: pd.DataFrame
) -> None:
    from pyterrier_rewrite.training import sft

    rewriter = rewriters(tiny_causal)["terms"]
    data = topics.assign(target="bones")
    trained = sft(rewriter, data, output_dir=tmp_path / "run", steps=2, verbose=False)
    for folder in (tmp_path / "run", tmp_path / "run" / "best"):
        from_run = from_pretrained(folder, device="cpu")
        assert from_run(topics)["query_toks"].tolist() == trained(topics)["query_toks"].tolist()
    assert SavedRewriter(tmp_path / "run").training["method"] == "sft"
    with pytest.raises(ValueError, match=re.escape(f"inside: {tmp_path / 'run' / 'best'}")):
        from_pretrained(tmp_path)
    (tmp_path / "run" / "checkpoint-1").mkdir(exist_ok=True)
    with pytest.raises(ValueError, match=re.escape(f"beside it: {tmp_path / 'run' / 'best'}")):
        from_pretrained(tmp_path / "run" / "checkpoint-1")
    saved = save_pretrained(trained, tmp_path / "saved")
    assert saved.training["method"] == "sft"
    assert saved.training["data"]["rows"] == 2
    assert saved.training["settings"]["steps"] == 2


@dataclass(frozen=True)
class Mine(Formulation):
    def form(self, query: str, parts: Any) -> list[NewQuery]:
        return [NewQuery("mine")]


class MyRewriter(LLMRewriter):
    pass


def test_what_only_your_code_can_make_is_handed_over(
    tiny_causal: Path, tmp_path: Path, topics: pd.DataFrame
) -> None:
    llm = TransformersLLM(tiny_causal, device="cpu")
    feedback = pt.apply.generic(lambda frame: frame.assign(docno="d", text="t"))
    parts: dict[str, Any] = {"prompt": PLAIN, "formulation": Mine(), "feedback": feedback}
    rewriter = MyRewriter(llm, max_tokens=5, **parts)
    save_pretrained(rewriter, tmp_path / "saved")
    load: Callable[..., LLMRewriter] = lambda **s: from_pretrained(tmp_path / "saved", **s)  # noqa: E731
    with pytest.raises(ValueError, match="rewriter_class"):
        load()
    with pytest.raises(ValueError, match=r"formulation \(Mine\(\)\).*formulation=\.\.\."):
        load(rewriter_class=MyRewriter, feedback=feedback)
    with pytest.raises(ValueError, match=r"from_pretrained\(path, feedback=\.\.\.\)"):
        load(rewriter_class=MyRewriter, formulation=Mine())
    loaded = load(rewriter_class=MyRewriter, formulation=Mine(), feedback=feedback)
    assert isinstance(loaded, MyRewriter)
    assert loaded(topics)["query"].tolist() == ["mine", "mine"]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda saved: shutil.rmtree(saved), "found none at"),
        (lambda saved: (saved / "rewriter.json").unlink(), "it has no rewriter.json"),
        (lambda saved: (saved / "rewriter.json").write_text('{"format": 1, "cl'), "damaged"),
        (lambda saved: (saved / "rewriter.json").write_text("[]"), "damaged"),
        (lambda saved: (saved / "model.safetensors").unlink(), "model.safetensors is missing"),
        (lambda saved: truncate(saved / "model.safetensors"), "bytes instead of"),
        (lambda saved: truncate(saved / "tokenizer.json"), "tokenizer.json has"),
        (lambda saved: edit(saved, format=2), "has the format 2"),
        (lambda saved: edit(saved, **{"class": "os:system"}), "os:system"),
        (lambda saved: edit(saved, **{"class": "pyterrier_rewrite:Prompt"}), "LLMRewriter"),
        (lambda saved: edit(saved, **{"class": "pyterrier_rewrite:Gone"}), "no pyterrier_rewrite"),
        (lambda saved: edit_argument(saved, "subprocess:Popen"), "subprocess:Popen"),
        (lambda saved: edit_argument(saved, "pyterrier_rewrite:FakeLLM"), "no value"),
        (
            lambda saved: edit_argument(saved, "pyterrier_rewrite.saved.artifact:shutil"),
            "not a class",
        ),
    ],
)
def test_what_is_no_saved_rewriter_is_refused(
    harm: Callable[[Path], object], said: str, tiny_causal: Path, tmp_path: Path
) -> None:
    saved = tmp_path / "saved"
    save_pretrained(rewriters(tiny_causal)["plain"], saved)
    harm(saved)
    with pytest.raises(ValueError, match=said):
        from_pretrained(saved)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def edit(saved: Path, **changes: Any) -> None:
    file = saved / "rewriter.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def edit_argument(saved: Path, name: str) -> None:
    arguments = json.loads((saved / "rewriter.json").read_text())["arguments"]
    edit(saved, arguments={**arguments, "parser": {"class": name, "fields": {}}})


def test_saving_says_what_is_wrong(tiny_causal: Path, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="FakeLLM"):
        save_pretrained(LLMRewriter(FakeLLM("x"), prompt=PLAIN), tmp_path / "fake")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(ValueError, match="not empty"):
        save_pretrained(rewriters(tiny_causal)["plain"], tmp_path / "full")
    assert not (tmp_path / "fake").exists()
