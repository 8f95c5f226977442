"""QuReTeC: what it reads, what it appends, and that it learns; on BERTs made on the spot."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from pyterrier_rewrite import EnglishAnalyzer, QuReTeC, RewriteError, train_quretec
from pyterrier_rewrite.conversation.learned import quretec_training
from pyterrier_rewrite.conversation.learned.quretec_training import word_labels
from pyterrier_rewrite.conversation.learned.words import Turn, TurnEncoder
from pyterrier_rewrite.testing import check_rewriter
from tests.support import tiny

pytest.importorskip("transformers")

ENGLISH = EnglishAnalyzer()
DOGS = ["beagle", "poodle", "husky", "collie"]


@pytest.fixture(scope="module")
def encoder_path(tmp_path_factory):
    words = f"{tiny.TEXT} tell me about the thanks how is it old big fast small {' '.join(DOGS)}"
    return tiny.encoder(tmp_path_factory.mktemp("bert") / "encoder", words=words)


@pytest.fixture(scope="module")
def tokenizer(encoder_path):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(encoder_path)


def said(*texts):
    return [{"role": "user", "content": text} for text in texts]


def topics(*rows):
    """Build topics from rows of history, query and reference rewrite."""
    columns = ["qhistory", "query", "qrewrite"]
    return pd.DataFrame(rows, columns=columns).assign(qid=[f"q{i}" for i in range(len(rows))])


LESSONS = topics(
    *[
        (said(f"tell me about the {dog}", "thanks"), f"how {ask} is it", f"how {ask} is the {dog}")
        for dog in DOGS
        for ask in ("old", "big", "fast", "small")
    ]
)


@pytest.fixture(scope="module")
def trained(encoder_path, tmp_path_factory):
    return train_quretec(
        encoder_path,
        LESSONS,
        output_dir=tmp_path_factory.mktemp("trained"),
        epochs=20,
        learning_rate=5e-3,
        train_embeddings=True,
        device="cpu",
        verbose=False,
    )


# -- words ------------------------------------------------------------------------------------


def test_candidates_are_stems_that_the_turn_lacks():
    turn = Turn.of(["The garage-doors!", "a Door, opened"], "Which doors open?")
    assert turn.history == ["The", "garage", "-", "doors", "!", "a", "Door", ",", "opened"]
    found = turn.candidates(ENGLISH)
    assert found == [None, "garag", None, None, None, None, None, None, None]


def test_labels_follow_the_rewrite():
    turn = Turn.of(["How do garages work? By magic."], "And the doors?")
    # how, do, by: stop words; garage: in the rewrite; work, magic: not
    labels = word_labels(turn, "How do the doors of a garage open?", ENGLISH)
    words = ["How", "do", "garages", "work", "?", "By", "magic", "."]
    assert dict(zip(words, labels, strict=True)) == {
        "How": -100, "do": -100, "garages": 1, "work": 0, "?": -100, "By": -100, "magic": 0,
        ".": -100,
    }  # fmt: skip


def test_encoding_is_the_tokenizers_own_for_a_pair(tokenizer):
    turn = Turn.of(["which vitamin helps bones", "yes"], "is it relevant?")
    (encoded,) = TurnEncoder(tokenizer, max_length=64).encode([turn])
    own = tokenizer(turn.history, turn.query, is_split_into_words=True)
    assert encoded.inputs["input_ids"] == own["input_ids"]
    assert encoded.inputs["token_type_ids"] == own["token_type_ids"]
    parts, ids = own.sequence_ids(0), own.word_ids(0)
    first = [next(i for i in range(len(ids)) if (parts[i], ids[i]) == (0, w)) for w in range(5)]
    assert encoded.starts == first


def test_a_long_history_loses_its_oldest_words(tokenizer):
    turn = Turn.of(["query language model passages"] * 50, "engine")
    (encoded,) = TurnEncoder(tokenizer, max_length=32).encode([turn])
    assert len(encoded) <= 32
    assert encoded.dropped == 200 - len(encoded.starts)
    kept = turn.history[encoded.dropped :]
    text = tokenizer.decode(encoded.inputs["input_ids"])
    own = tokenizer.decode(tokenizer(kept, ["engine"], is_split_into_words=True)["input_ids"])
    assert text == own


def test_a_long_turn_leaves_half_of_the_room_to_the_history(tokenizer):
    turn = Turn.of(["query language model passages " * 10], "engine " * 1000)
    (encoded,) = TurnEncoder(tokenizer, max_length=43).encode([turn])
    assert len(encoded) <= 43
    assert sum(encoded.inputs["token_type_ids"]) == 20 + 1
    assert len(encoded.starts) >= 2


def test_a_word_that_is_too_long_for_the_model(tokenizer):
    (encoded,) = TurnEncoder(tokenizer, max_length=64).encode([Turn.of(["x" * 50_000], "why")])
    assert len(encoded) <= 64


# -- what it appends --------------------------------------------------------------------------


def scripted(monkeypatch, relevant):
    """Give every word in ``relevant`` the probability that stands there."""
    from pyterrier_rewrite.conversation.learned import quretec

    words = {}
    of = Turn.of.__func__

    def remember(cls, messages, query):
        turn = of(cls, messages, query)
        words[tuple(turn.history)] = turn
        return turn

    class Encoder:
        def __init__(self, *_, **__):
            pass

        def encode(self, turns):
            return [_Whole(turn) for turn in turns]

    class _Whole:
        dropped = 0

        def __init__(self, turn):
            self.turn, self.starts = turn, range(len(turn.history))

        def __len__(self):
            return len(self.turn.history)

    monkeypatch.setattr(Turn, "of", classmethod(remember))
    monkeypatch.setattr(quretec, "TurnEncoder", Encoder)
    monkeypatch.setattr(quretec, "longest", lambda *_: 512)
    monkeypatch.setattr(
        quretec,
        "relevance",
        lambda _model, _pad, batch: [
            [relevant.get(word, 0.0) for word in item.turn.history] for item in batch
        ],
    )
    tokenizer = type("Tokenizer", (), {"pad_token_id": 0})
    monkeypatch.setattr(QuReTeC, "_load", lambda self: (None, tokenizer))


def append(history, query, **options):
    frame = pd.DataFrame({"qid": ["1"], "query": [query], "qhistory": [history]})
    return QuReTeC("scripted", **options)(frame).iloc[0]


def test_relevant_words_are_appended_in_order_one_form_a_stem(monkeypatch):
    scripted(monkeypatch, {"Garage": 0.9, "doors": 0.5, "door": 0.8, "opener": 0.49, "fix": 0.7})
    out = append(said("fix the Garage doors", "the door opener"), "how much?")
    assert out["query"] == "how much? fix garage doors"
    assert out["qstatus"] == "ok"


def test_threshold_moves_precision(monkeypatch):
    scripted(monkeypatch, {"Garage": 0.9, "doors": 0.5})
    history = said("the Garage doors")
    assert append(history, "why?", threshold=0.6)["query"] == "why? garage"
    assert append(history, "why?", threshold=0.4)["query"] == "why? garage doors"


def test_words_of_the_turn_and_stop_words_stay_out(monkeypatch):
    scripted(monkeypatch, {"the": 0.9, "doors": 0.9, "-": 0.9})
    out = append(said("the - doors"), "which door?")
    assert out["query"] == "which door?"
    assert out["qstatus"] == "skipped: no relevant words in the history"


def test_blocks_and_batches_give_every_turn_its_own_words(monkeypatch):
    from pyterrier_rewrite.conversation.learned import quretec

    dogs = [f"dog{i}" for i in range(20)]
    scripted(monkeypatch, dict.fromkeys(dogs, 0.9))
    monkeypatch.setattr(quretec, "_BLOCK", 2)
    frame = pd.DataFrame(
        {
            "qid": dogs,
            "query": ["how?"] * 20,
            "qhistory": [said(*["pad"] * (i % 5), dog) for i, dog in enumerate(dogs)],
        }
    )
    out = QuReTeC("scripted", batch_size=3)(frame)
    assert out["query"].tolist() == [f"how? {dog}" for dog in dogs]


@pytest.mark.parametrize("nothing", [[], None, float("nan")])
def test_a_first_turn_loads_no_model(nothing):
    out = append(nothing, "hello")
    assert (out["query"], out["qstatus"]) == ("hello", "skipped: no history")


def test_contract_with_a_model(trained):
    check_rewriter(trained, LESSONS.head(3))


def test_value(trained):
    assert repr(QuReTeC("m", threshold=0.3)) == "QuReTeC('m', threshold=0.3)"
    assert QuReTeC("m") == QuReTeC("m", batch_size=4)
    assert QuReTeC("m") != QuReTeC("m", threshold=0.3)
    trained(LESSONS.head(1))
    assert len(pickle.dumps(trained)) < 2000, "weights stay out of a pickle"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 0}, "threshold should be between 0 and 1, found 0"),
        ({"max_length": 3}, "max_length should be at least 16, found 3"),
        ({"batch_size": 0}, "batch_size should be at least 1, found 0"),
    ],
)
def test_numbers_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        QuReTeC("m", **options)


def test_a_model_that_is_not_there_is_said(tmp_path):
    frame = LESSONS.head(1)
    with pytest.raises(RewriteError, match=r"cannot load .* as a token classifier"):
        QuReTeC(tmp_path, on_error="raise")(frame)
    with pytest.warns(UserWarning, match="1 of 1 queries failed"):
        assert QuReTeC(tmp_path)(frame)["query"].tolist() == ["how old is it"]


def test_a_model_without_a_trained_head_is_refused(encoder_path):
    with pytest.raises(RewriteError, match="is no trained token classifier: it lacks"):
        QuReTeC(encoder_path, on_error="raise")(LESSONS.head(1))


# -- training ---------------------------------------------------------------------------------


def test_training_learns_what_the_rewrites_take_up(trained):
    out = trained(LESSONS)
    expected = [f"{query} {dog}" for query, dog in zip(
        LESSONS["query"], np.repeat(DOGS, 4), strict=True
    )]  # fmt: skip
    assert out["query"].tolist() == expected
    again = QuReTeC(trained.model)(LESSONS)
    assert again["query"].tolist() == expected, "a saved model rewrites the same"


def test_batches_do_not_matter(trained):
    one = QuReTeC(trained.model, batch_size=1)(LESSONS)["query"].tolist()
    assert QuReTeC(trained.model, batch_size=7)(LESSONS)["query"].tolist() == one


def test_labels_stand_on_first_tokens_of_the_words_that_are_left(tokenizer):
    turn = Turn.of(["zebra query " * 20 + "engine"], "why")
    labels = [1, 0] * 20 + [1]
    (encoded,) = TurnEncoder(tokenizer, max_length=24).encode([turn])
    found = quretec_training._token_labels(encoded, labels)
    assert encoded.dropped > 0
    assert len(found) == len(encoded)
    assert [found[at] for at in encoded.starts] == labels[encoded.dropped :]
    rest = [label for at, label in enumerate(found) if at not in encoded.starts]
    assert set(rest) == {-100}, "later pieces of zebra, special tokens and the turn do not count"


def test_the_assistants_words_count_on_request_only():
    frame = pd.DataFrame(
        {
            "qid": ["1"],
            "query": ["how old?"],
            "qhistory": [[*said("the beagle"), {"role": "assistant", "content": "or the husky?"}]],
        }
    )
    for responses, words in ((False, 2), (True, 6)):
        turns, _ = quretec_training._labelled(frame, ["beagle husky"], responses=responses)
        assert len(turns[0].history) == words


class Passages:
    def texts(self, docnos):
        known = {"d1": "Beagles are hounds.", "d2": "Not this poodle."}
        return {d: known[d] for d in docnos if d in known}


def test_distant_supervision_takes_words_of_relevant_passages(monkeypatch):
    frame = topics(
        (said("the beagle or the poodle"), "how old?", None),
        (said("the husky"), "how big?", None),
    )
    qrels = pd.DataFrame(
        [("q0", "d1", 2), ("q0", "d2", 0), ("q0", "gone", 1), ("q9", "d2", 1)],
        columns=["qid", "docno", "label"],
    )
    texts = quretec_training._gold_texts(frame, "passages", qrels, Passages(), 1)
    assert texts == ["Beagles are hounds.", None]
    turns, labels = quretec_training._labelled(frame, texts, responses=False)
    assert turns[0].history == ["the", "beagle", "or", "the", "poodle"]
    assert labels == [[-100, 1, -100, -100, 0]]


def test_weighted_loss_counts_relevant_words_more():
    torch = pytest.importorskip("torch")
    logits = torch.log(torch.tensor([[[0.5, 0.5], [0.2, 0.8], [0.9, 0.1]]]))
    outputs = type("Output", (), {"logits": logits})
    # (1·-ln .5 + 3·-ln .8) / (1 + 3); the last token is left out
    expected = (np.log(2) + 3 * -np.log(0.8)) / 4
    loss = quretec_training.weighted_loss(3.0)(outputs, torch.tensor([[0, 1, -100]]))
    assert float(loss) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gold": "passages"}, "needs qrels and texts"),
        ({"gold": "magic"}, "gold should be 'rewrite' or 'passages', found 'magic'"),
    ],
)
def test_training_says_what_it_needs(encoder_path, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        train_quretec(encoder_path, LESSONS, output_dir=tmp_path, **options)


def test_training_needs_something_relevant(encoder_path, tmp_path):
    nothing = topics((said("the husky"), "how big?", "how big?"))
    with pytest.raises(ValueError, match="no history word is relevant to any of the 1 turns"):
        train_quretec(encoder_path, nothing, output_dir=tmp_path)
