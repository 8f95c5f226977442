from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd
import pytest

from pyterrier_rewrite import LLMRewriter, RepeatTerms
from pyterrier_rewrite.testing import check_rewriter
from pyterrier_rewrite.training.scratch import count_parameters, scratch_rewriter, widest

TEXTS = [
    "Grunhild presents its hosepipe. Truly self-sharpening in daily life.",
    "Kavanto stands for a carafe to enjoy every day. Shown here in camel.",
    "looking for a leather sofa in dark grey",
]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> LLMRewriter:
    path = tmp_path_factory.mktemp("scratch") / "model"
    return scratch_rewriter(path, TEXTS, parameters=60_000, vocab_size=320, max_tokens=4)


def topics(*queries: str) -> pd.DataFrame:
    return pd.DataFrame({"qid": [str(i) for i in range(len(queries))], "query": list(queries)})


def test_width_is_the_largest_that_the_parameters_allow() -> None:
    # two tables of 300 × 32, one layer of 4 × 32² + 9 × 32² + 2 × 32, and a norm of 32
    assert count_parameters(32, vocab_size=300, layers=1) == 19_200 + 13_312 + 64 + 32
    assert widest(32_608, vocab_size=300, layers=1) == 32
    assert widest(32_608 * 2, vocab_size=300, layers=1) == 32
    with pytest.raises(ValueError, match="at least 32,608"):
        widest(32_607, vocab_size=300, layers=1)


def test_model_has_the_parameters_that_were_counted(small: LLMRewriter) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(small.llm.model)
    vocab = len(AutoTokenizer.from_pretrained(small.llm.model))
    width = model.config.hidden_size
    assert model.num_parameters() == count_parameters(width, vocab_size=vocab, layers=2)
    assert model.num_parameters() <= 60_000
    assert width == widest(60_000, vocab_size=vocab, layers=2)


def test_untrained_rewriter_keeps_the_contract(small: LLMRewriter) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_rewriter(small, topics("a leather sofa", "dark grey", "çay bardağı 漢字"))


def test_prompt_ends_with_the_turn_and_a_target_reads_as_words(small: LLMRewriter) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(small.llm.model)
    prompt = small.messages(topics("Leather SOFA"))[0]
    shown = tokenizer.apply_chat_template(list(prompt), tokenize=False, add_generation_prompt=True)
    assert shown == "Leather SOFA<turn>"
    answer = {"role": "assistant", "content": "sofa"}
    assert tokenizer.apply_chat_template([*prompt, answer], tokenize=False) == shown + "sofa</s>"
    # the same tokens alone and behind a prompt, so that training and serving agree
    alone = tokenizer("sofa", add_special_tokens=False)["input_ids"]
    together = tokenizer(shown + "sofa", add_special_tokens=False)["input_ids"]
    assert together[-len(alone) :] == alone
    assert tokenizer.decode(alone).strip() == "sofa"
    assert len(tokenizer("hosepipe")["input_ids"]) < len("hosepipe")
    assert tokenizer.eos_token == "</s>"


def test_same_seed_same_weights(tmp_path: Path) -> None:
    def weights(name: str, seed: int) -> bytes:
        scratch_rewriter(tmp_path / name, TEXTS, parameters=60_000, vocab_size=320, seed=seed)
        return (tmp_path / name / "model.safetensors").read_bytes()

    assert weights("a", 1) == weights("b", 1) != weights("c", 2)


def test_learns_what_it_is_taught(tmp_path: Path) -> None:
    from pyterrier_rewrite.training import sft

    pairs = topics("dark grey", "seat for two", "couch")
    pairs["target"] = ["anthracite", "loveseat", "sofa"]
    small = scratch_rewriter(
        tmp_path / "model",
        [*TEXTS, *pairs["target"]],
        parameters=60_000,
        vocab_size=320,
        max_tokens=16,
    )
    trained = sft(
        small,
        pairs,
        output_dir=tmp_path / "run",
        steps=60,
        batch_size=3,
        learning_rate=1e-2,
        verbose=False,
    )
    out = trained(pairs[["qid", "query"]])
    assert [texts[0].strip() for texts in out["qgen"]] == pairs["target"].tolist()
    assert out["query_toks"][2] == {"couch": 1.0, "sofa": 1.0}


def test_default_formulation_weighs_query_and_answer_alike(small: LLMRewriter) -> None:
    assert small.formulation == RepeatTerms(1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"texts": ["", " "]}, "no text at all"),
        ({"vocab_size": 259}, "at least 260"),
        ({"parameters": 10_000}, "parameters should be at least"),
    ],
)
def test_refuses_what_cannot_be_built(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    arguments = {"texts": TEXTS, "vocab_size": 320, "parameters": 60_000, **change}
    with pytest.raises(ValueError, match=message):
        scratch_rewriter(tmp_path / "model", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "model").exists()


def test_refuses_a_folder_that_is_in_use(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="empty folder"):
        scratch_rewriter(tmp_path, TEXTS)
