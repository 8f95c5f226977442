"""The sequence-to-sequence rewriter: what a T5 reads, how it decodes, and that it learns."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest

from pyterrier_rewrite import RewriteError, Seq2SeqRewriter, train_seq2seq
from pyterrier_rewrite.conversation.learned.seq2seq import encoded, joined
from pyterrier_rewrite.testing import check_rewriter
from pyterrier_rewrite.text.safe import safe_text

pytest.importorskip("transformers")

pytestmark = pytest.mark.filterwarnings("ignore::pyterrier_rewrite.RewriteWarning")


def talk(*texts):
    roles = ["user", "assistant"] * len(texts)
    return [{"role": r, "content": t} for r, t in zip(roles, texts, strict=False)]


TOPICS = pd.DataFrame(
    {
        "qid": ["1", "2", "3"],
        "query": ["which vitamin helps?", "no history here", "is it relevant"],
        "qhistory": [talk("what helps bones?", "vitamins."), [], talk("a wing")],
    }
)


@pytest.fixture
def rewriter(tiny_seq2seq):
    return Seq2SeqRewriter(tiny_seq2seq, beams=2, max_tokens=8, device="cpu")


@pytest.mark.parametrize(
    ("responses", "expected"),
    [
        (True, "what helps bones? ||| vitamins. ||| which one?"),
        (False, "what helps bones? ||| which one?"),
    ],
)
def test_turns_are_joined_by_the_separator(responses, expected):
    history = talk("what helps bones?", "vitamins.")
    assert joined(history, "which one?", separator=" ||| ", responses=responses) == expected


def test_a_long_conversation_loses_its_beginning(tiny_seq2seq):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_seq2seq)
    side = tokenizer.truncation_side
    (short,) = encoded(tokenizer, ["query " * 200 + "engine"], 16)
    assert len(short) == 16
    assert tokenizer.decode(short).endswith("query engine</s>")
    assert tokenizer.truncation_side == side


def test_decodes_as_the_model_does_with_beams(rewriter, tiny_seq2seq):
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_seq2seq)
    model = AutoModelForSeq2SeqLM.from_pretrained(tiny_seq2seq).eval()
    inputs = tokenizer(
        "what helps bones? ||| vitamins. ||| which vitamin helps?", return_tensors="pt"
    )
    output = model.generate(
        input_ids=inputs["input_ids"], num_beams=2, max_new_tokens=8, do_sample=False
    )
    expected = tokenizer.decode(output[0], skip_special_tokens=True)
    out = rewriter(TOPICS).iloc[0]
    assert out["qgen"] == [expected]
    assert out["query"] == safe_text(expected)


def test_turns_without_history_stay(rewriter):
    out = rewriter(TOPICS)
    assert out["query"].tolist()[1] == "no history here"
    assert out["qstatus"].tolist()[1] == "skipped: no history"


def test_no_history_at_all_loads_no_model():
    out = Seq2SeqRewriter("nowhere")(TOPICS.drop(columns="qhistory"))
    assert set(out["qstatus"]) == {"skipped: no history"}


def test_batches_do_not_matter(rewriter):
    many = pd.concat([TOPICS] * 3, ignore_index=True).assign(qid=[str(i) for i in range(9)])
    one = rewriter.apply_attributes(batch_size=1)
    assert rewriter(many)["query"].tolist() == one(many)["query"].tolist()


def test_contract_with_a_model(rewriter):
    check_rewriter(rewriter, TOPICS)


def test_value(rewriter):
    assert repr(Seq2SeqRewriter("m", beams=1)) == "Seq2SeqRewriter(model='m', beams=1)"
    assert Seq2SeqRewriter("m") == Seq2SeqRewriter("m", batch_size=2, device="cpu")
    assert Seq2SeqRewriter("m") != Seq2SeqRewriter("m", beams=1)
    rewriter(TOPICS)
    assert len(pickle.dumps(rewriter)) < 2000, "weights stay out of a pickle"


@pytest.mark.parametrize(
    ("name", "value"), [("beams", 0), ("max_tokens", 0), ("max_length", 1), ("batch_size", 0)]
)
def test_numbers_are_checked(name, value):
    with pytest.raises(ValueError, match=rf"{name} should be at least \d+, found {value}"):
        Seq2SeqRewriter("m", **{name: value})


def test_a_causal_model_is_refused(tiny_causal):
    with pytest.raises(RewriteError, match="expected a sequence-to-sequence model"):
        Seq2SeqRewriter(tiny_causal, on_error="raise")(TOPICS)


def test_a_model_that_is_not_there_is_said(tmp_path):
    with pytest.raises(RewriteError, match="cannot load"):
        Seq2SeqRewriter(tmp_path, on_error="raise")(TOPICS)


def test_training_teaches_the_rewrites(tiny_seq2seq, tmp_path):
    lessons = pd.DataFrame(
        {
            "qid": ["1", "2", "3"],
            "query": ["which one?", "which one?", "left out"],
            "qhistory": [talk("a wing"), talk("helps bones"), []],
            "qrewrite": ["which wing", "which vitamin", "left out"],
        }
    )
    trained = train_seq2seq(
        tiny_seq2seq,
        lessons,
        output_dir=tmp_path,
        epochs=25,
        learning_rate=1e-2,
        max_tokens=8,
        device="cpu",
        verbose=False,
    )
    assert trained(lessons)["query"].tolist() == ["which wing", "which vitamin", "left out"]
    again = Seq2SeqRewriter(tmp_path, beams=1, device="cpu")
    assert again(lessons)["query"].tolist() == ["which wing", "which vitamin", "left out"]


def test_training_needs_history_and_rewrite(tiny_seq2seq, tmp_path):
    nothing = TOPICS.assign(qrewrite=[None, "has no history", float("nan")])
    with pytest.raises(ValueError, match="none of the 3 topics has both"):
        train_seq2seq(tiny_seq2seq, nothing, output_dir=tmp_path)


def test_a_tokenizer_in_the_old_form_of_t5(tiny_seq2seq, tmp_path):
    sentencepiece = pytest.importorskip("sentencepiece")
    from transformers import AutoModelForSeq2SeqLM

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["which vitamin helps bones", "a wing in supersonic flow"] * 20),
        model_prefix=str(tmp_path / "spiece"),
        vocab_size=28,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    model = AutoModelForSeq2SeqLM.from_pretrained(tiny_seq2seq)
    model.save_pretrained(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "T5Tokenizer"}')
    out = Seq2SeqRewriter(tmp_path, beams=1, max_tokens=4, device="cpu")(TOPICS)
    assert out["qstatus"].tolist()[1] == "skipped: no history"
    assert out["qgen"].tolist()[0] != []
