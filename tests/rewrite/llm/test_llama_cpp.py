from __future__ import annotations

import copy
import json
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from pyterrier_rewrite import Queries, time_limit
from pyterrier_rewrite.deadline import LATE
from pyterrier_rewrite.errors import LLMError, MissingExtraError
from pyterrier_rewrite.experiments.config.backends import LlamaCppConfig
from pyterrier_rewrite.llm import LlamaCpp, Sampling
from pyterrier_rewrite.llm.local import llama_cpp, llama_server
from pyterrier_rewrite.llm.local.llama_server import request
from tests.rewrite.llm.test_gguf import ARCHITECTURE, LENGTH, header

pytest.importorskip("xllamacpp")


def ask(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


PROMPTS = [ask(f"Write a short passage about {topic}.") for topic in ("sofas", "bones", "wings")]
SAMPLED: dict[str, Any] = {"temperature": 1.0, "top_p": 0.95, "max_tokens": 8, "seed": 7}
SCHEMA = {
    "type": "object",
    "properties": {
        "queries": {"type": "array", "items": {"type": "string", "maxLength": 30}, "maxItems": 3}
    },
    "required": ["queries"],
}


@pytest.fixture(scope="module")
def llm(smollm2_gguf: Path) -> Iterator[LlamaCpp]:
    model = LlamaCpp(smollm2_gguf, context=512)
    yield model
    model.close()


def texts(llm: LlamaCpp, prompts: list[Any], **sampling: Any) -> list[list[str]]:
    return [answer.texts for answer in llm.generate(prompts, **sampling)]


# -- decoding ---------------------------------------------------------------------------------


def test_an_answer_depends_neither_on_the_batch_nor_on_what_was_asked_before(
    llm: LlamaCpp, smollm2_gguf: Path
) -> None:
    greedy, sampled = texts(llm, PROMPTS, max_tokens=8), texts(llm, PROMPTS, n=2, **SAMPLED)
    one = LlamaCpp(smollm2_gguf, context=512, batch_size=1, threads=1)
    assert texts(one, PROMPTS[::-1], n=2, **SAMPLED)[::-1] == sampled
    assert texts(one, PROMPTS[::-1], max_tokens=8)[::-1] == greedy
    assert texts(llm, PROMPTS[1:2], **SAMPLED) == [sampled[1][:1]]
    one.close()


def test_samples_of_neighbouring_seeds_are_independent(llm: LlamaCpp) -> None:
    found = [
        text
        for seed in (1, 2, 3)
        for text in texts(llm, PROMPTS[:1], n=2, **{**SAMPLED, "seed": seed})[0]
    ]
    assert len(set(found)) == 6


def test_without_a_seed_samples_are_drawn_anew(llm: LlamaCpp) -> None:
    unseeded = {**SAMPLED, "seed": None}
    assert len({texts(llm, PROMPTS[:1], **unseeded)[0][0] for _ in range(3)}) == 3


def test_greedy_samples_are_copies_written_once(llm: LlamaCpp) -> None:
    [answer] = llm.generate(PROMPTS[:1], n=3, max_tokens=5)
    assert answer.texts == texts(llm, PROMPTS[:1], max_tokens=5)[0] * 3
    assert answer.completion_tokens == 5


def test_tokens_are_counted_over_all_samples_and_the_prompt_once(llm: LlamaCpp) -> None:
    [answer] = llm.generate(PROMPTS[:1], n=3, **SAMPLED)
    assert answer.completion_tokens == 24
    assert answer.prompt_tokens == llm.generate(PROMPTS[:1], max_tokens=1)[0].prompt_tokens
    assert answer.cut
    assert answer.seconds > 0


def test_a_stop_text_ends_a_completion_and_is_not_part_of_it(llm: LlamaCpp) -> None:
    [full] = llm.generate(PROMPTS[:1], max_tokens=12)
    stop = full.texts[0][9:14]
    [answer] = llm.generate(PROMPTS[:1], max_tokens=12, stop=["never written", "", stop])
    assert answer.texts == [full.texts[0].partition(stop)[0]]
    assert (full.cut, answer.cut) == (True, False)
    assert answer.completion_tokens < 12


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_schema_holds(llm: LlamaCpp, temperature: float) -> None:
    assert not llm.constrains  # of itself
    [answer] = llm.generate(
        [ask("Write three search queries about sofas, as JSON.")],
        temperature=temperature,
        max_tokens=100,
        seed=1,
        schema=SCHEMA,
    )
    queries = json.loads(answer.texts[0])["queries"]
    assert 0 < len(queries) <= 3
    assert Queries()(answer.texts[0])


def test_only_the_arguments_of_a_call_decide_the_sampling() -> None:
    asked = llama_server.request(PROMPTS[0], Sampling(temperature=0.7, top_p=0.9, seed=3), 0)
    assert asked["samplers"] == ("temperature", "top_p")
    assert (asked["temperature"], asked["top_p"]) == (0.7, 0.9)
    assert "response_format" not in asked


# -- prompts ----------------------------------------------------------------------------------


def test_a_prompt_too_long_for_the_context_fails_alone(llm: LlamaCpp) -> None:
    long, short = llm.generate([ask("word " * 600), PROMPTS[0]], max_tokens=2)
    assert long.texts == []
    assert "tokens, over the context of 512: use fewer or shorter documents" in (long.error or "")
    assert short.error is None
    with pytest.raises(ValueError, match=r"max_tokens should be below .* 512 tokens.* found 512"):
        llm.generate(PROMPTS, max_tokens=512)


def test_a_lone_surrogate_is_no_failure(llm: LlamaCpp) -> None:
    [answer] = llm.generate([ask("so\ud800fa")], max_tokens=2)
    assert answer.error is None


def test_a_schema_that_cannot_be_read_is_an_error_that_says_so(llm: LlamaCpp) -> None:
    [answer] = llm.generate(PROMPTS[:1], max_tokens=2, schema={"type": "nonsense"})
    assert "refuses the request: " in (answer.error or "")
    assert "nonsense" in (answer.error or "")


def test_a_model_without_a_chat_template_reads_the_contents(
    llm: LlamaCpp, smollm2_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama_cpp, "CHAT_TEMPLATE", "no such key")
    base = LlamaCpp(smollm2_gguf, context=512)
    prompt = [{"role": "system", "content": "one two"}, *ask("three")]
    [answer] = base.generate([prompt], max_tokens=2)
    plain = base.loaded().server.handle_completions({"prompt": "one two\n\nthree", "max_tokens": 1})
    assert answer.prompt_tokens == plain["usage"]["prompt_tokens"]
    base.close()


# -- loading ----------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_leave_the_weights_behind_and_answer_alike(
    llm: LlamaCpp, duplicate: Callable[[LlamaCpp], LlamaCpp]
) -> None:
    expected = texts(llm, PROMPTS[:1], max_tokens=4)
    other = duplicate(llm)
    assert other._engine is None
    assert other == llm
    assert hash(other) == hash(llm)
    assert texts(other, PROMPTS[:1], max_tokens=4) == expected
    other.close()


def test_a_closed_model_is_loaded_again(llm: LlamaCpp) -> None:
    expected = texts(llm, PROMPTS[:1], max_tokens=4)
    llm.close()
    llm.close()
    assert llm._engine is None
    assert texts(llm, PROMPTS[:1], max_tokens=4) == expected


def test_a_model_can_be_closed_as_soon_as_it_is_loaded(smollm2_gguf: Path) -> None:
    for _ in range(3):
        llm = LlamaCpp(smollm2_gguf, context=64, batch_size=1)
        llm.loaded()
        llm.close()


def test_signals_stay_the_processs_own(llm: LlamaCpp) -> None:
    llm.loaded()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert texts(llm, PROMPTS[:1], max_tokens=1)


def test_nobody_wanting_more_ends_the_batch(llm: LlamaCpp) -> None:
    answers = llm.stream(PROMPTS * 20, Sampling(max_tokens=2))
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    names = [thread.name for thread in threading.enumerate()]
    assert not any(name.startswith("pyterrier-rewrite-llama") for name in names)


def test_a_deadline_holds_and_what_was_answered_before_it_is_kept(llm: LlamaCpp) -> None:
    llm.loaded()
    long = ask("Write a story about " + "a red sofa and a blue sofa and " * 40)
    with time_limit(0.2):
        started = monotonic()
        answers = llm.generate([long, *PROMPTS], max_tokens=200)
        took = monotonic() - started
    assert took < 2  # unbounded, it takes half a minute
    assert {answer.error for answer in answers} == {LATE}
    assert texts(llm, PROMPTS[:1], max_tokens=8)[0][0]  # what was late has stopped


def test_a_late_completion_stops_between_two_tokens(llm: LlamaCpp) -> None:
    asked = request(PROMPTS[0], Sampling(max_tokens=200), 0)
    answer = llm.loaded().write(asked, until=monotonic())
    assert (answer.error, answer.texts, answer.completion_tokens) == (LATE, [], 0)


def test_nothing_is_loaded_without_prompts() -> None:
    assert LlamaCpp("nowhere.gguf").generate([]) == []


def test_no_more_context_is_taken_than_the_model_was_trained_for(smollm2_gguf: Path) -> None:
    llm = LlamaCpp(smollm2_gguf, context=100_000, batch_size=1)
    assert llm.loaded().context == 8192
    llm.close()


@pytest.mark.parametrize(("threads", "expected"), [(3, 3), (None, 1)])
def test_what_llama_cpp_is_told(
    threads: int | None, expected: int, smollm2_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(llama_cpp, "start", told.append)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1}, raising=False)
    LlamaCpp(smollm2_gguf, context=16, batch_size=2, threads=threads).loaded()
    [parameters] = told
    assert parameters.cpuparams.n_threads == parameters.cpuparams_batch.n_threads == expected
    assert (parameters.n_ctx, parameters.n_parallel) == (32, 2)
    assert parameters.chat_template == ""  # the file's own
    assert parameters.api_keys  # the port that it listens on is closed to others


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LLMError, match=r"expected a GGUF file at .*, found nothing"):
        LlamaCpp(tmp_path / "nowhere.gguf").generate(PROMPTS)


def test_a_missing_file_is_found_without_loading() -> None:
    with pytest.raises(LLMError, match=r"expected a GGUF file at .*, found nothing"):
        LlamaCpp("nowhere.gguf").check(Sampling())


def test_a_file_that_llama_cpp_cannot_load(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(header(ARCHITECTURE))
    with pytest.raises(LLMError, match=r"cannot load .*\n.*cut short .*\(llama\) newer than"):
        LlamaCpp(file).generate(PROMPTS)


def test_a_part_that_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "m-00001-of-00002.gguf"
    file.write_bytes(header(ARCHITECTURE))
    with pytest.raises(LLMError, match=r"\['m-00002-of-00002.gguf'\] are not beside it"):
        LlamaCpp(file).generate(PROMPTS)


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(MissingExtraError, match=r"xllamacpp .*pyterrier-rewrite\[local\]"):
        LlamaCpp("model.gguf").generate(PROMPTS)


@pytest.mark.parametrize("argument", ["batch_size", "context", "threads"])
def test_numbers_are_checked(argument: str) -> None:
    with pytest.raises(ValueError, match=f"{argument} should be at least 1, found 0"):
        LlamaCpp("model.gguf", **{argument: 0}).generate(PROMPTS)


def test_a_config_builds_it(smollm2_gguf: Path) -> None:
    keys = {"type": "llama.cpp", "model": str(smollm2_gguf), "context": 512, "threads": 1}
    made = LlamaCppConfig.model_validate(keys).make("main", verbose=False)
    assert made == LlamaCpp(smollm2_gguf, context=512)


def test_max_tokens_are_held_to_the_header_without_loading(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(header(ARCHITECTURE, LENGTH))
    for asked, found in ((10_000, 8192), (512, 512)):
        LlamaCpp(file, context=asked).check(Sampling(max_tokens=found - 1))
        with pytest.raises(ValueError, match=f"context of {found} tokens"):
            LlamaCpp(file, context=asked).check(Sampling(max_tokens=found))
