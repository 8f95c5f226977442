"""One real model through every way to run it: SmolLM2 with 135 million parameters."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyterrier_rewrite import Queries, Query2Doc, TransformersLLM
from pyterrier_rewrite.llm import LLM, LlamaCpp, OpenAILLM
from pyterrier_rewrite.llm.local import dtype
from tests.support import pisa

QUESTION = [{"role": "user", "content": "Complete: The capital of France is"}]
PASSAGE = [{"role": "user", "content": "Write a short passage about sofas."}]
SCHEMA = {
    "type": "object",
    "properties": {
        "queries": {"type": "array", "items": {"type": "string", "maxLength": 30}, "maxItems": 3}
    },
    "required": ["queries"],
}
SAMPLED: dict[str, Any] = {"temperature": 1.0, "top_p": 0.95, "max_tokens": 8}


@pytest.fixture(scope="module")
def local(smollm2_gguf: Path) -> Iterator[LlamaCpp]:
    pytest.importorskip("xllamacpp")
    llm = LlamaCpp(smollm2_gguf, context=1024)
    yield llm
    llm.close()


@pytest.fixture(scope="module")
def served(smollm2_server: str) -> OpenAILLM:
    pytest.importorskip("openai")
    return OpenAILLM("SmolLM2", base_url=smollm2_server, concurrency=2)


@pytest.fixture
def llm(request: pytest.FixtureRequest) -> LLM:
    found: LLM = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def transformed(smollm2_folder: Path) -> TransformersLLM:
    return TransformersLLM(smollm2_folder)


EVERY_WAY = pytest.mark.parametrize("llm", ["local", "served", "transformed"], indirect=True)


@EVERY_WAY
@pytest.mark.usefixtures("one_thread")
def test_it_knows_an_answer_and_ends_it(llm: LLM) -> None:
    [answer] = llm.generate([QUESTION], max_tokens=24)
    assert answer.texts == ["The capital of France is Paris."]
    assert (answer.prompt_tokens, answer.completion_tokens) == (37, 8)  # with the end, a token
    assert not answer.cut


@EVERY_WAY
@pytest.mark.usefixtures("one_thread")
def test_a_stop_text_ends_its_answer(llm: LLM) -> None:
    [answer] = llm.generate([QUESTION], max_tokens=24, stop=[" France"])
    assert answer.texts == ["The capital of"]
    assert not answer.cut


@EVERY_WAY
@pytest.mark.usefixtures("one_thread")
def test_its_samples_differ_and_a_seed_repeats_them(llm: LLM) -> None:
    [one], [again] = (llm.generate([PASSAGE], n=3, seed=5, **SAMPLED) for _ in range(2))
    assert one.error is None
    assert one.texts == again.texts
    assert len(set(one.texts)) == 3
    assert one.cut


@pytest.mark.parametrize("llm", ["local", "served"], indirect=True)
def test_a_schema_gives_queries(llm: LLM) -> None:
    asked = [{"role": "user", "content": "Write three search queries about sofas, as JSON."}]
    [answer] = llm.generate([asked], max_tokens=100, schema=SCHEMA)
    assert 0 < len(json.loads(answer.texts[0])["queries"]) <= 3
    assert Queries()(answer.texts[0])


def test_a_prompt_too_long_for_the_server_is_an_error(served: OpenAILLM) -> None:
    long = [{"role": "user", "content": "word " * 3000}]
    failed, fine = served.generate([long, QUESTION], max_tokens=2)
    assert "context" in (failed.error or "")
    assert fine.texts == ["The capital"]


def test_query2doc_in_front_of_an_engine(local: LlamaCpp, tmp_path: Path) -> None:
    bm25 = pisa.build(tmp_path / "index").bm25()
    results = (Query2Doc(local, max_tokens=16) >> bm25)(pisa.frame("running dogs"))
    assert set(results["qstatus"]) == {"ok"}
    assert results["query"].iloc[0].startswith("running dogs")
    assert len(results["query"].iloc[0].split()) > 8
    assert "dé3" in set(results["docno"])
    assert results["qusage"].iloc[0]["completion_tokens"] == 16


@pytest.mark.usefixtures("one_thread")
def test_a_gguf_file_through_transformers(
    smollm2_transformers: TransformersLLM, capfd: pytest.CaptureFixture[str]
) -> None:
    llm = smollm2_transformers
    before = llm.identity
    [answer] = llm.generate([QUESTION], max_tokens=12)
    assert answer.texts == ["The capital of France is Paris."]
    assert llm.identity == before
    wanted = "bfloat16" if dtype.cpu_multiplies_bfloat16() else "float32"
    assert str(llm.loaded().model.dtype) == f"torch.{wanted}"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("able", "expected"), [(True, "bfloat16"), (False, "float32")])
def test_a_16_bit_checkpoint_is_run_as_the_processor_likes(
    able: bool,
    expected: str,
    smollm2_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(dtype, "cpu_multiplies_bfloat16", lambda: able)
    llm = TransformersLLM(smollm2_folder, device="cpu")
    with caplog.at_level(logging.INFO):
        assert str(llm.loaded().model.dtype) == f"torch.{expected}"
    assert f"{expected} on cpu" in caplog.text
    assert llm.identity.endswith(f" dtype={expected}")
