from __future__ import annotations

import copy
import logging
import pickle
import shutil
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from pyterrier_rewrite.errors import LLMError, MissingExtraError
from pyterrier_rewrite.llm import VLLM, Sampling, TransformersLLM
from pyterrier_rewrite.llm.local import dtype, loaded
from pyterrier_rewrite.llm.local.decoding import GumbelSampler, StopTexts, cut_at, row_seed
from pyterrier_rewrite.llm.local.model import encode, fingerprint, render
from pyterrier_rewrite.prompting.prompt import Prompt
from tests.support import tiny

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")

QUERIES = ["sofa", "what is the boundary layer of a wing in supersonic flow?", "vitamin", "a b c d"]
SAMPLED: dict[str, Any] = {"temperature": 1.0, "top_p": 0.95, "max_tokens": 10, "seed": 7}


def ask(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


PROMPTS = [ask(query) for query in QUERIES]


@pytest.fixture(scope="module")
def llm(tiny_causal: Path) -> TransformersLLM:
    return TransformersLLM(tiny_causal)


@pytest.fixture(scope="module")
def adapter(tiny_causal: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.lora(tmp_path_factory.mktemp("lora") / "adapter", tiny_causal)


@pytest.fixture
def fresh(llm: TransformersLLM) -> TransformersLLM:
    """A model whose engine a test may tamper with."""
    return copy.deepcopy(llm)


def texts(llm: TransformersLLM, prompts: list[Any], **sampling: Any) -> list[list[str]]:
    return [answer.texts for answer in llm.generate(prompts, **sampling)]


# -- decoding ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["tiny_causal", "tiny_seq2seq"])
def test_batched_greedy_equals_single_greedy(kind: str, request: pytest.FixtureRequest) -> None:
    llm = TransformersLLM(request.getfixturevalue(kind))
    batched = texts(llm, PROMPTS, max_tokens=12)
    assert batched == [texts(llm, [prompt], max_tokens=12)[0] for prompt in PROMPTS]
    assert len({text for [text] in batched}) > 1


def test_greedy_equals_a_plain_loop_over_the_model(llm: TransformersLLM) -> None:
    engine = llm.loaded()
    ids = engine.tokenizer(render(engine.tokenizer, PROMPTS[1]), add_special_tokens=False)
    tokens = list(ids["input_ids"])
    prompt_tokens = len(tokens)
    for _ in range(6):
        with torch.inference_mode():
            logits = engine.model(torch.tensor([tokens])).logits[0, -1]
        tokens.append(int(logits.argmax()))
    answer = llm.generate(PROMPTS, max_tokens=6)[1]
    assert answer.texts == [engine.tokenizer.decode(tokens[prompt_tokens:])]
    assert answer.prompt_tokens == prompt_tokens


@pytest.mark.parametrize("batch_size", [1, 2, 5])
@pytest.mark.parametrize("kind", ["tiny_causal", "tiny_seq2seq"])
def test_seeded_samples_do_not_depend_on_the_batch(
    kind: str, batch_size: int, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(kind)
    expected = texts(TransformersLLM(model), PROMPTS, n=3, **SAMPLED)
    other = TransformersLLM(model, batch_size=batch_size)
    assert texts(other, PROMPTS[::-1], n=3, **SAMPLED)[::-1] == expected
    assert texts(other, PROMPTS[2:3], n=2, **SAMPLED)[0] == expected[2][:2]


def test_samples_differ_by_number_by_prompt_and_by_seed(llm: TransformersLLM) -> None:
    one, two = texts(llm, PROMPTS[:2], n=3, **SAMPLED)
    assert len({*one, *two}) == 6
    assert texts(llm, PROMPTS[:1], n=3, **{**SAMPLED, "seed": 8}) != [one]


def test_without_a_seed_samples_are_drawn_anew(llm: TransformersLLM) -> None:
    unseeded = {**SAMPLED, "seed": None}
    same = [PROMPTS[0], PROMPTS[0]]
    first, second = texts(llm, same, **unseeded)
    assert len({first[0], second[0], texts(llm, PROMPTS[:1], **unseeded)[0][0]}) == 3


def test_torch_random_state_is_left_alone(llm: TransformersLLM) -> None:
    before = torch.random.get_rng_state()
    llm.generate(PROMPTS, n=2, **SAMPLED)
    assert torch.equal(before, torch.random.get_rng_state())


def test_greedy_samples_are_copies_decoded_once(llm: TransformersLLM) -> None:
    [answer] = llm.generate(PROMPTS[:1], n=3, max_tokens=5)
    assert answer.texts == texts(llm, PROMPTS[:1], max_tokens=5)[0] * 3
    assert answer.completion_tokens == 5


@pytest.mark.parametrize(
    ("temperature", "top_p", "expected"),
    [
        (1.0, 1.0, (0.5, 0.3, 0.2)),
        (0.5, 1.0, (0.658, 0.237, 0.105)),  # squares .25 .09 .04, over their sum .38
        (1.0, 0.7, (0.625, 0.375, 0.0)),  # the nucleus is the first two, over their sum .8
        (1.0, 0.4, (1.0, 0.0, 0.0)),
    ],
)
def test_gumbel_noise_samples_the_softmax(
    temperature: float, top_p: float, expected: tuple[float, ...]
) -> None:
    rows = 4000
    scores = torch.tensor([0.5, 0.3, 0.2]).log().repeat(rows, 1)
    sampler = GumbelSampler(range(rows), temperature=temperature, top_p=top_p, device="cpu")
    counts = sampler(None, scores).argmax(-1).bincount(minlength=3) / rows
    assert counts.tolist() == pytest.approx(expected, abs=0.025)


def test_row_seeds_follow_seed_prompt_and_sample() -> None:
    seeds = {row_seed(s, p, i) for s in (0, 1) for p in ("a", "b") for i in (0, 1)}
    assert len(seeds) == 8
    assert row_seed(0, "a", 1) == row_seed(0, "a", 1)
    assert row_seed(None, "a", 1) != row_seed(None, "a", 1)


# -- what comes back --------------------------------------------------------------------------


def test_answers_come_in_the_order_of_the_prompts(llm: TransformersLLM) -> None:

    positions = [position for position, _ in llm.stream(PROMPTS, Sampling(max_tokens=2))]
    assert positions[0] == 1  # the longest goes first, so that a lack of memory shows at once
    answers = llm.generate(PROMPTS, max_tokens=2)
    tokenizer = llm.loaded().tokenizer
    counts = [len(tokenizer.tokenize(query)) + 3 for query in QUERIES]  # user, end, assistant
    assert [answer.prompt_tokens for answer in answers] == counts


def test_neither_the_prompt_nor_special_tokens_are_in_the_text(llm: TransformersLLM) -> None:
    answers = llm.generate(PROMPTS, n=4, temperature=3.0, max_tokens=60, seed=1)
    for query, answer in zip(QUERIES, answers, strict=True):
        assert not any(query in text for text in answer.texts)
        assert not any(mark in text for text in answer.texts for mark in ("<pad>", "</s>", "<|"))


def test_tokens_of_all_samples_count_and_time_is_shared(llm: TransformersLLM) -> None:
    answers = llm.generate(PROMPTS, n=3, temperature=0.01, max_tokens=4, seed=0)
    assert [answer.completion_tokens for answer in answers] == [12] * 4
    assert all(answer.cut and answer.seconds > 0 for answer in answers)


def test_an_end_token_ends_a_row_and_is_no_cut(fresh: TransformersLLM) -> None:
    engine = fresh.loaded()
    full = fresh.generate(PROMPTS, max_tokens=8)
    text = full[0].texts[0]
    output = engine.model.generate(
        **engine.tokenizer(
            render(engine.tokenizer, PROMPTS[0]), add_special_tokens=False, return_tensors="pt"
        ),
        max_new_tokens=8,
    )[0][-8:].tolist()
    end = output[3]
    assert end not in output[:3]
    engine.ends = frozenset({end})
    engine.model.generation_config.eos_token_id = [end]
    ended = fresh.generate(PROMPTS, max_tokens=8)[0]
    assert (ended.completion_tokens, ended.cut) == (4, False)
    assert text.startswith(ended.texts[0])
    assert ended.texts[0] == engine.tokenizer.decode(output[:4])


def test_end_tokens_come_from_settings_and_tokenizer(tiny_causal: Path, tmp_path: Path) -> None:
    from transformers import GenerationConfig

    copied = shutil.copytree(tiny_causal, tmp_path / "causal")
    GenerationConfig(eos_token_id=[9, 8]).save_pretrained(copied)
    engine = TransformersLLM(copied).loaded()
    assert engine.ends == {8, 9, engine.tokenizer.eos_token_id}
    assert set(engine.model.generation_config.eos_token_id) == engine.ends


def test_stop_texts_end_a_completion_and_are_not_part_of_it(llm: TransformersLLM) -> None:
    full = llm.generate(PROMPTS, max_tokens=12)
    text = full[1].texts[0]
    stop = text[4:7]
    answers = llm.generate(PROMPTS, max_tokens=12, stop=["never written", stop])
    assert answers[1].texts == [text[: text.find(stop)]]
    assert not answers[1].cut
    assert answers[1].completion_tokens < 12
    for answer, plain in zip(answers, full, strict=True):
        if stop not in plain.texts[0]:
            assert (answer.texts, answer.cut) == (plain.texts, plain.cut)


def test_rows_stop_by_themselves_and_the_prompt_does_not_count(llm: TransformersLLM) -> None:
    tokenizer = llm.loaded().tokenizer
    prompt, full, half = (tokenizer(text)["input_ids"] for text in ("a wing", "a wing", "a"))
    tokens = [prompt + half + half, prompt + full]
    width = min(map(len, tokens))
    criterion = StopTexts(tokenizer, ["win"], rows=2, start=len(prompt))
    done = criterion(torch.tensor([row[:width] for row in tokens]), None)
    assert done.tolist() == [False, True]
    assert criterion.lengths == [None, width - len(prompt)]


@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        (["c"], ("ab", True)),
        (["d", "b"], ("a", True)),
        (["x"], ("abcd", False)),
        ([""], ("abcd", False)),
        ([], ("abcd", False)),
    ],
)
def test_cut_at(stop: list[str], expected: tuple[str, bool]) -> None:
    assert cut_at("abcd", stop) == expected


def test_decoding_neither_warns_nor_logs(
    llm: TransformersLLM, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    fresh = copy.deepcopy(llm)
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error", UserWarning)
        fresh.generate(PROMPTS, max_tokens=3, stop=["x"])
        fresh.generate(PROMPTS, n=2, **SAMPLED)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_progress_is_shown_on_request(tiny_causal: Path, capfd: pytest.CaptureFixture[str]) -> None:
    TransformersLLM(tiny_causal, verbose=True).generate(PROMPTS, n=2, **SAMPLED)
    assert "8/8" in capfd.readouterr().err


def test_settings_of_the_checkpoint_do_not_change_the_decoding(
    tiny_causal: Path, tmp_path: Path
) -> None:
    from transformers import GenerationConfig

    copied = shutil.copytree(tiny_causal, tmp_path / "causal")
    GenerationConfig(
        do_sample=True,
        temperature=5.0,
        top_k=3,
        repetition_penalty=9.0,
        max_length=5,
        eos_token_id=2,
    ).save_pretrained(copied)
    plain, changed = TransformersLLM(tiny_causal), TransformersLLM(copied)
    assert texts(plain, PROMPTS, max_tokens=9) == texts(changed, PROMPTS, max_tokens=9)
    assert texts(plain, PROMPTS, **SAMPLED) == texts(changed, PROMPTS, **SAMPLED)


# -- prompts ----------------------------------------------------------------------------------

CHAT = [
    {"role": "system", "content": "be brief"},
    {"role": "user", "content": "sofa"},
    {"role": "assistant", "content": "couch"},
    {"role": "user", "content": "bed"},
]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (None, "be brief\n\nsofa\n\ncouch\n\nbed"),
        (
            tiny.CHAT_TEMPLATE,
            "<|system|>be brief</s><|user|>sofa</s><|assistant|>couch</s><|user|>bed</s>"
            "<|assistant|>",
        ),
    ],
)
def test_render(llm: TransformersLLM, template: str | None, expected: str) -> None:
    tokenizer = copy.deepcopy(llm.loaded().tokenizer)
    tokenizer.chat_template = template
    prompt = copy.deepcopy(CHAT)
    assert render(tokenizer, prompt) == expected
    assert prompt == CHAT


@pytest.mark.parametrize("template", [tiny.NO_SYSTEM_TEMPLATE, tiny.DEAF_TEMPLATE])
def test_render_where_there_is_no_system_role(llm: TransformersLLM, template: str) -> None:
    tokenizer = copy.deepcopy(llm.loaded().tokenizer)
    tokenizer.chat_template = template
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        texts = {render(tokenizer, CHAT) for _ in range(3)}
    assert texts == {
        "<|user|>be brief\n\nsofa</s><|assistant|>couch</s><|user|>bed</s><|assistant|>"
    }
    assert ["takes no system role" in str(its.message) for its in told] == [True]
    assert render(tokenizer, CHAT[1:]).startswith("<|user|>sofa</s>")


def test_an_example_reads_on_where_there_are_no_turns(llm: TransformersLLM) -> None:
    tokenizer = copy.deepcopy(llm.loaded().tokenizer)
    tokenizer.chat_template = None
    examples = [{"query": "car", "keywords": "auto, vehicle"}, {"query": "sofa", "keywords": "bed"}]
    prompt = Prompt.load("jagerman/q2e").with_examples(examples)
    text = render(tokenizer, prompt.render(query="couch"))
    assert text.endswith(
        "\n\nQuery: car\nKeywords: auto, vehicle\n\nQuery: sofa\nKeywords: bed\n\n"
        "Query: couch\nKeywords:"
    )


def test_a_prompt_that_the_template_refuses_fails_alone(tmp_path: Path) -> None:
    model = tiny.causal(tmp_path, chat_template=tiny.NO_SYSTEM_TEMPLATE)
    with pytest.warns(UserWarning, match="takes no system role"):
        bad, good = TransformersLLM(model).generate([CHAT[:1], CHAT], max_tokens=2)
    assert bad.texts == []
    assert "no system role" in (bad.error or "")
    assert good.error is None


def test_an_empty_prompt_fails_alone(tmp_path: Path) -> None:
    llm = TransformersLLM(tiny.causal(tmp_path, chat_template=None))
    empty, full = llm.generate([ask(""), ask("sofa")], max_tokens=2)
    assert (empty.texts, empty.error) == ([], "the prompt is empty")
    assert full.error is None


def test_a_long_prompt_loses_its_beginning_with_one_warning(tmp_path: Path) -> None:
    llm = TransformersLLM(tiny.causal(tmp_path, chat_template=None, positions=24))
    tail = "which vitamin helps bones? what is the boundary layer of a wing in supersonic flow?"
    prompts = [ask(f"{'x ' * 30}{tail}"), ask(f"{'y ' * 20}{tail}"), ask("sofa")]
    with pytest.warns(UserWarning, match="2 of 3 prompts are longer than the 16 tokens") as seen:
        answers = llm.generate(prompts, max_tokens=8)
    assert len(seen) == 1
    assert [answer.prompt_tokens for answer in answers[:2]] == [16, 16]
    tokens = llm.loaded().tokenizer(" " + tail)["input_ids"][-16:]
    kept = ask(llm.loaded().tokenizer.decode(tokens))
    assert answers[0].texts == answers[1].texts == texts(llm, [kept], max_tokens=8)[0]
    unloaded = TransformersLLM(llm.model)
    unloaded.check(Sampling(max_tokens=23))
    with pytest.raises(ValueError, match=r"max_tokens should be below .* 24 tokens.* found 24"):
        unloaded.check(Sampling(max_tokens=24))
    assert unloaded._engine is None
    with pytest.raises(ValueError, match=r"max_tokens should be below .* 24 tokens.* found 24"):
        llm.generate(prompts, max_tokens=24)


def test_the_tokenizer_adds_its_special_tokens_unless_a_template_did(tiny_seq2seq: Path) -> None:
    tokenizer = TransformersLLM(tiny_seq2seq).loaded().tokenizer
    [(text, tokens)] = encode(tokenizer, [ask("sofa")], limit=None)
    assert text == "sofa"
    assert tokens[-1] == tokenizer.eos_token_id
    tokenizer.chat_template = tiny.CHAT_TEMPLATE
    [(_, tokens)] = encode(tokenizer, [ask("sofa")], limit=None)
    assert tokenizer.decode(tokens) == "<|user|>sofa</s><|assistant|>"


def test_a_sequence_to_sequence_prompt_may_fill_the_encoder(tiny_seq2seq: Path) -> None:
    llm = TransformersLLM(tiny_seq2seq)
    with pytest.warns(UserWarning, match="longer than the 512 tokens"):
        [answer] = llm.generate([ask("vitamin " * 600)], max_tokens=2)
    assert answer.prompt_tokens == 512


# -- memory, threads, copies ------------------------------------------------------------------


def limited(generate: Callable[..., Any], rows: int, sizes: list[int]) -> Callable[..., Any]:
    def wrapped(**options: Any) -> Any:
        sizes.append(len(options["input_ids"]))
        if sizes[-1] > rows:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return generate(**options)

    return wrapped


def test_a_batch_that_runs_out_of_memory_is_halved(
    llm: TransformersLLM, fresh: TransformersLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fresh.loaded().model
    sizes: list[int] = []
    monkeypatch.setattr(model, "generate", limited(model.generate, 3, sizes))
    assert texts(fresh, PROMPTS, n=2, **SAMPLED) == texts(llm, PROMPTS, n=2, **SAMPLED)
    assert sizes == [8, 4, 2, 2, 2, 2]


def test_a_prompt_too_large_for_the_memory_fails_alone(
    fresh: TransformersLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fresh.loaded().model
    monkeypatch.setattr(model, "generate", limited(model.generate, 0, []))
    answers = fresh.generate(PROMPTS, n=2, **SAMPLED)
    assert [answer.texts for answer in answers] == [[]] * 4
    assert all("out of memory on a single prompt" in (a.error or "") for a in answers)


def test_other_errors_of_the_model_are_not_hidden(
    fresh: TransformersLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**options: Any) -> Any:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(fresh.loaded().model, "generate", broken)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        fresh.generate(PROMPTS)


def test_one_row_runs_on_one_thread(
    fresh: TransformersLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fresh.loaded().model
    generate = model.generate
    threads: list[int] = []

    def watched(**options: Any) -> Any:
        threads.append(torch.get_num_threads())
        return generate(**options)

    monkeypatch.setattr(model, "generate", watched)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        fresh.generate(PROMPTS[:1], max_tokens=2)
        fresh.generate(PROMPTS, max_tokens=2)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert threads == [1, 3]


def test_threads_may_share_a_model(fresh: TransformersLLM, llm: TransformersLLM) -> None:
    found: dict[int, list[list[str]]] = {}

    def work(number: int) -> None:
        found[number] = texts(fresh, PROMPTS, n=2, **SAMPLED)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(found.values()) == [texts(llm, PROMPTS, n=2, **SAMPLED)] * 4


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_leave_the_weights_behind_and_answer_alike(
    llm: TransformersLLM, duplicate: Callable[[TransformersLLM], TransformersLLM]
) -> None:
    expected = texts(llm, PROMPTS, max_tokens=4)
    assert len(pickle.dumps(llm)) < 2000
    other = duplicate(llm)
    assert other._engine is None
    assert other == llm
    assert hash(other) == hash(llm)
    assert texts(other, PROMPTS, max_tokens=4) == expected


def test_nothing_is_loaded_without_prompts(tmp_path: Path) -> None:
    llm = TransformersLLM(tmp_path / "nowhere")
    assert llm.generate([]) == []


# -- identity ---------------------------------------------------------------------------------


def test_identity_of_a_hub_model_needs_no_loading() -> None:
    llm = TransformersLLM("maker/model", revision="v2", dtype="bfloat16", adapter="maker/lora")
    assert llm.identity == "transformers:maker/model@v2 dtype=bfloat16 adapter=maker/lora"
    assert llm == TransformersLLM(
        "maker/model", revision="v2", dtype="bfloat16", adapter="maker/lora", batch_size=1
    )
    assert llm != TransformersLLM("maker/model", revision="v2", dtype="bfloat16")
    assert llm != TransformersLLM("maker/model", dtype="bfloat16", adapter="maker/lora")
    assert llm != VLLM("maker/model", dtype="bfloat16", adapter="maker/lora")


def test_identity_of_a_directory_follows_its_weights(tmp_path: Path, tiny_causal: Path) -> None:
    there = shutil.copytree(tiny_causal, tmp_path / "a" / "causal")
    llm = TransformersLLM(there)
    before = llm.identity
    assert before == TransformersLLM(tiny_causal).identity
    (there / "README.md").write_text("notes")
    (there / "optimizer.pt").write_bytes(b"state")
    assert llm.identity == before
    answers = texts(llm, PROMPTS, max_tokens=4)
    tiny.causal(there, seed=1)
    assert llm.identity == before  # the weights in memory are still the old ones
    assert texts(llm, PROMPTS, max_tokens=4) == answers
    retrained = TransformersLLM(there)
    assert retrained.identity != before
    assert texts(retrained, PROMPTS, max_tokens=4) != answers


def test_a_large_file_is_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyterrier_rewrite.llm.local.model.WHOLE_BYTES", 1000)
    weights = bytearray(3_000_000)
    file = tmp_path / "model.safetensors"
    found = set()
    for change in (None, 0, 1_500_000, 2_999_999):
        if change is not None:
            weights[change : change + 4] = b"step"[: len(weights) - change]
        file.unlink(missing_ok=True)
        file.write_bytes(weights)
        found.add(fingerprint(tmp_path))
    file.rename(tmp_path / "other.safetensors")
    found.add(fingerprint(tmp_path))
    assert len(found) == 5


def test_an_adapter_changes_answers_and_identity(
    llm: TransformersLLM, tiny_causal: Path, adapter: Path
) -> None:
    adapted = TransformersLLM(tiny_causal, adapter=adapter)
    assert adapted != llm
    assert texts(adapted, PROMPTS, max_tokens=6) != texts(llm, PROMPTS, max_tokens=6)
    single = [texts(adapted, [prompt], max_tokens=6)[0] for prompt in PROMPTS]
    assert texts(adapted, PROMPTS, max_tokens=6) == single


def test_an_adapter_brings_its_tokenizer(tiny_causal: Path, adapter: Path, tmp_path: Path) -> None:
    trained = shutil.copytree(adapter, tmp_path / "trained")
    tiny.causal(tmp_path / "base", chat_template=tiny.NO_SYSTEM_TEMPLATE)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(tmp_path / "base" / name, trained)
    loaded = TransformersLLM(tiny_causal, adapter=trained).loaded()
    assert loaded.tokenizer.chat_template == tiny.NO_SYSTEM_TEMPLATE


@pytest.mark.parametrize("able", [True, False])
@pytest.mark.parametrize("stored", ["float32", "bfloat16"])
@pytest.mark.parametrize("asked", [None, "auto", "float32"])
def test_the_identity_tells_what_the_weights_are_computed_in(
    asked: str | None, stored: str, able: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny.causal(tmp_path / "model")
    if stored == "bfloat16":
        model = AutoModelForCausalLM.from_pretrained(folder).to(torch.bfloat16)
        model.save_pretrained(folder)
    monkeypatch.setattr(dtype, "cpu_multiplies_bfloat16", lambda: able)
    llm = TransformersLLM(folder, device="cpu", dtype=asked)
    told = llm.identity
    assert told.endswith(f" dtype={str(llm.loaded().model.dtype).removeprefix('torch.')}")
    assert told == llm.identity
    assert told.endswith("bfloat16") == (
        stored == "bfloat16" and (asked == "auto" or (asked is None and able))
    )


def test_a_format_that_cannot_be_known_is_auto() -> None:
    assert TransformersLLM("maker/model").identity == "transformers:maker/model dtype=auto"
    assert TransformersLLM("no/such/folder").identity.endswith(" dtype=auto")


@pytest.mark.parametrize("able", [True, False])
def test_large_weights_of_32_bits_are_told_where_16_are_faster(
    able: bool, tiny_causal: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loaded, "cpu_multiplies_bfloat16", lambda: able)
    TransformersLLM(tiny_causal, device="cpu").loaded()
    assert "times as fast" not in caplog.text
    monkeypatch.setattr(loaded, "SMALL_MODEL", 1000)
    TransformersLLM(tiny_causal, device="cpu").loaded()
    assert ("times as fast" in caplog.text) == able


def test_dtype(tiny_causal: Path) -> None:
    assert TransformersLLM(tiny_causal).loaded().model.dtype == torch.float32
    half = TransformersLLM(tiny_causal, dtype="bfloat16")
    assert half.loaded().model.dtype == torch.bfloat16
    assert len(texts(half, PROMPTS, n=2, **SAMPLED)[0]) == 2


# -- what can go wrong ------------------------------------------------------------------------


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LLMError, match=r"cannot load the model .*nowhere.*\n.*Expected the name"):
        TransformersLLM(tmp_path / "nowhere").generate(PROMPTS)


@pytest.mark.parametrize("damage", ["no weights", "no config", "cut weights", "lost layer"])
def test_a_damaged_directory(damage: str, tiny_causal: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    model = shutil.copytree(tiny_causal, tmp_path / "causal")
    weights = model / "model.safetensors"
    if damage == "no weights":
        weights.unlink()
    elif damage == "no config":
        (model / "config.json").unlink()
    elif damage == "cut weights":
        weights.write_bytes(weights.read_bytes()[:-5000])
    else:
        kept = {k: v for k, v in load_file(weights).items() if "layers.1.mlp" not in k}
        save_file(kept, weights, metadata={"format": "pt"})
    with pytest.raises(LLMError, match="cannot load the model"):
        TransformersLLM(model).generate(PROMPTS)


def test_a_missing_adapter(tiny_causal: Path, tmp_path: Path) -> None:
    with pytest.raises(LLMError, match=r"with the adapter .*nowhere"):
        TransformersLLM(tiny_causal, adapter=tmp_path / "nowhere").generate(PROMPTS)


@pytest.mark.parametrize(
    ("hidden", "extra"), [("transformers", "hf"), ("torch", "hf"), ("peft", "train")]
)
def test_a_missing_package_names_its_extra(
    hidden: str, extra: str, tiny_causal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, hidden, None)
    llm = TransformersLLM(tiny_causal, adapter="some/adapter")
    with pytest.raises(MissingExtraError, match=rf"{hidden} .*pyterrier-rewrite\[{extra}\]"):
        llm.generate(PROMPTS)


def test_batch_size_is_checked(tiny_causal: Path) -> None:
    with pytest.raises(ValueError, match="batch_size should be at least 1, found 0"):
        TransformersLLM(tiny_causal, batch_size=0).generate(PROMPTS)


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, pyterrier_rewrite.llm as llm; llm.TransformersLLM('a/b').identity;"
        "print(sorted({'torch', 'transformers', 'peft', 'vllm', 'aiohttp'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- vLLM, by a stand-in ----------------------------------------------------------------------


class Engine:
    """Stands in for ``vllm.LLM``: answers with the numbers of the tokens it read."""

    def __init__(self, **options: Any) -> None:
        if options["model"] == "broken":
            raise RuntimeError("no room on the GPU")
        self.options = options
        self.calls: list[dict[str, Any]] = []
        length = options["max_model_len"] or 2048
        self.llm_engine = SimpleNamespace(model_config=SimpleNamespace(max_model_len=length))

    def get_tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self.options["model"])

    def generate(self, prompts: Any, params: Any, *, use_tqdm: bool, lora_request: Any) -> Any:
        self.calls.append({"params": params, "use_tqdm": use_tqdm, "lora": lora_request})
        return [
            SimpleNamespace(
                prompt_token_ids=prompt["prompt_token_ids"],
                outputs=[
                    SimpleNamespace(
                        text=f"{len(prompt['prompt_token_ids'])}/{sample}",
                        token_ids=(1, 2, 3),
                        finish_reason="length" if len(prompt["prompt_token_ids"]) > 10 else "stop",
                    )
                    for sample in range(params.n)
                ],
            )
            for prompt in prompts
        ]


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a stand-in ``vllm`` importable."""
    module, lora = ModuleType("vllm"), ModuleType("vllm.lora.request")
    module.LLM = Engine  # type: ignore[attr-defined]
    module.SamplingParams = SimpleNamespace  # type: ignore[attr-defined]
    lora.LoRARequest = lambda *args: args  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vllm", module)
    monkeypatch.setitem(sys.modules, "vllm.lora", ModuleType("vllm.lora"))
    monkeypatch.setitem(sys.modules, "vllm.lora.request", lora)


@pytest.mark.usefixtures("vllm")
def test_vllm_reads_the_same_tokens_and_gets_the_sampling(
    llm: TransformersLLM, tiny_causal: Path
) -> None:
    served = VLLM(tiny_causal, tensor_parallel_size=2, max_model_len=512)
    answers = served.generate(PROMPTS, n=2, temperature=0.7, top_p=0.9, stop=["\n"], seed=3)
    counts = [answer.prompt_tokens for answer in llm.generate(PROMPTS, max_tokens=1)]
    assert [answer.prompt_tokens for answer in answers] == counts
    assert [answer.texts for answer in answers] == [[f"{k}/0", f"{k}/1"] for k in counts]
    assert [answer.completion_tokens for answer in answers] == [6] * 4
    assert [answer.cut for answer in answers] == [k > 10 for k in counts]
    engine = served.loaded()
    assert engine.options == {
        "model": str(tiny_causal),
        "dtype": "auto",
        "tensor_parallel_size": 2,
        "gpu_memory_utilization": 0.9,
        "max_model_len": 512,
    }
    [call] = engine.calls
    assert vars(call["params"]) == {
        "n": 2,
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 256,
        "stop": ["\n"],
        "seed": 3,
    }
    assert (call["use_tqdm"], call["lora"]) == (False, None)


@pytest.mark.usefixtures("vllm")
def test_vllm_holds_answers_to_a_schema(tiny_causal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = ModuleType("vllm.sampling_params")
    params.StructuredOutputsParams = lambda json: ("structured", json)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vllm.sampling_params", params)
    assert not VLLM(tiny_causal).constrains
    served = VLLM(tiny_causal, constrains=True)
    assert served.constrains
    served.generate(PROMPTS[:1], schema={"type": "object"})
    call = served.loaded().calls[0]
    assert call["params"].structured_outputs == ("structured", {"type": "object"})


def test_a_model_in_this_process_leaves_a_schema_aside(llm: TransformersLLM) -> None:
    assert not llm.constrains
    [free], [asked] = (
        llm.generate(PROMPTS[:1], max_tokens=4, schema=schema)
        for schema in (None, {"type": "object"})
    )
    assert free.texts == asked.texts


@pytest.mark.usefixtures("vllm")
def test_vllm_decodes_greedy_samples_once(tiny_causal: Path) -> None:
    served = VLLM(tiny_causal)
    [answer] = served.generate(PROMPTS[:1], n=3)
    assert len(answer.texts) == 3
    assert len(set(answer.texts)) == 1
    assert served.loaded().calls[0]["params"].n == 1


@pytest.mark.usefixtures("vllm")
def test_vllm_takes_an_adapter(tiny_causal: Path, adapter: Path) -> None:
    served = VLLM(tiny_causal, adapter=adapter)
    served.generate(PROMPTS)
    engine = served.loaded()
    assert engine.options["enable_lora"] is True
    assert engine.options["max_lora_rank"] == 8  # vLLM knows powers of two from 8; the adapter's 4
    assert engine.calls[0]["lora"] == ("adapter", 1, str(adapter))


@pytest.mark.usefixtures("vllm")
def test_vllm_that_cannot_load() -> None:
    with pytest.raises(LLMError, match=r"vLLM cannot load the model 'broken': no room on the GPU"):
        VLLM("broken").generate(PROMPTS)


def test_vllm_missing_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(MissingExtraError, match=r"pyterrier-rewrite\[vllm\]"):
        VLLM("maker/model").generate(PROMPTS)


@pytest.mark.usefixtures("vllm")
def test_vllm_pickles_without_its_engine(tiny_causal: Path) -> None:
    served = VLLM(tiny_causal)
    served.generate(PROMPTS)
    other = pickle.loads(pickle.dumps(served))
    assert other == served
    assert other._engine is None
