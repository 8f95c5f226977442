from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise

import pandas as pd
import pytest

from pyterrier_rewrite.experiments.shop import QUERIES, Shop
from pyterrier_rewrite.experiments.shop.dice import Dice
from pyterrier_rewrite.experiments.shop.english import follows_noun, with_article
from pyterrier_rewrite.experiments.shop.family import families
from pyterrier_rewrite.experiments.shop.needs import Need, Shelves
from pyterrier_rewrite.experiments.shop.products import Product
from pyterrier_rewrite.experiments.shop.queries import Wording
from pyterrier_rewrite.experiments.shop.topics import _word

FACETS = ("size", "feature", "colour", "material", "use", "brand")
FAMILY = {family.name: family for family in families()}
SOFAS = FAMILY["sofas"]
MEANINGS = {
    (phrase, term)
    for family in families()
    for terms in family.everyday.values()
    for term, phrases in terms.items()
    for phrase in phrases
}
SPLITS = ("train", "dev", "test")


DIGESTS = {
    (200, 0): {
        "corpus": "5ccddcf1ff27a566",
        "train": "264c34e5af8cabbe",
        "dev": "31e168d72c98cbe6",
        "test": "2b094c1a9450287b",
        "conversations": "90f347c3a6946a06",
    },
    (200, 5): {
        "corpus": "650d342f6b6ab861",
        "train": "8886776c0ae0de63",
        "dev": "42aa7a4a2ead4f3e",
        "test": "a40c138ea23e8d4c",
        "conversations": "89f437869d6b7f8b",
    },
    (3000, 0): {
        "corpus": "42e887abde765f9c",
        "train": "a33f080eb66205c9",
        "dev": "6cd41871f483e34a",
        "test": "e987d2686e5abdeb",
        "conversations": "db8352ef081ec343",
    },
    (3000, 5): {
        "corpus": "2aabb3e8c173de6e",
        "train": "6f150135a6c331ed",
        "dev": "5f7ab2fccf48f521",
        "test": "eee94df7111ae2b7",
        "conversations": "15e4794b5ab89757",
    },
}
"""Of corpus, topics and judgements, from when the shop's words were code."""


@lru_cache
def shop(products: int = 3000, seed: int = 0) -> Shop:
    return Shop(products, seed=seed)


@lru_cache
def corpus(products: int = 3000, seed: int = 0) -> tuple[dict[str, str], ...]:
    return tuple(shop(products, seed).get_corpus_iter())


def contains(text: str, phrase: str) -> bool:
    return re.search(rf"\b{re.escape(phrase)}\b", text, re.IGNORECASE) is not None


# -- the same everywhere ---------------------------------------------------------------------


@pytest.mark.parametrize(("seed", "expected"), [(0, "1e7f560c28500b3a"), (7, "a8707c5231d0fb88")])
def test_bytes_are_the_same_on_every_machine(seed, expected):
    small = shop(300, seed)
    parts = [list(corpus(300, seed))[:50]]
    for variant in QUERIES:
        parts.append(small.get_topics(variant).head(50).to_dict("records"))
        parts.append(small.get_qrels(variant).head(50).to_dict("records"))
    assert sha256(json.dumps(parts).encode()).hexdigest()[:16] == expected


def digest(content: object) -> str:
    return sha256(json.dumps(content).encode()).hexdigest()[:16]


@pytest.mark.parametrize(("products", "seed"), DIGESTS)
def test_words_as_data_make_the_shop_that_words_as_code_made(products, seed):
    made = shop(products, seed)
    found = {"corpus": digest(corpus(products, seed))}
    for variant in QUERIES:
        rows = [frame(variant).to_dict("records") for frame in (made.get_topics, made.get_qrels)]
        found[variant] = digest(rows)
    assert found == DIGESTS[products, seed]


def test_importing_the_shop_reads_no_words():
    code = (
        "from pyterrier_rewrite.experiments.shop import Shop\n"
        "from pyterrier_rewrite.experiments.shop.family import colours, families\n"
        "print([f.cache_info().currsize for f in (families, colours)])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "[0, 0]", found.stderr


def test_a_second_shop_is_equal_and_another_seed_is_not():
    pd.testing.assert_frame_equal(Shop(100).get_topics(), Shop(100).get_topics())
    assert not Shop(100).get_topics().equals(Shop(100, seed=1).get_topics())


def test_a_larger_shop_begins_with_the_smaller():
    assert corpus(300) == corpus(3000)[:300]


def test_dice_draws_by_random_alone():
    dice = Dice("x")
    assert dice.some("abcdef", 6) == list("abcdef")
    assert dice.some("ab", 3) == ["a", "b"]
    drawn = dice.some("abcdef", 3)
    assert drawn == sorted(drawn)
    assert len(drawn) == 3
    assert sorted(dice.shuffled("cab")) == ["a", "b", "c"]
    counts = Counter(dice.pick("ab") for _ in range(400))
    assert 150 < counts["a"] < 250


# -- the vocabulary --------------------------------------------------------------------------


def test_the_vocabulary_is_rich():
    assert len(families()) >= 12
    assert sum(len(family.terms["type"]) for family in families()) >= 60
    assert len(MEANINGS) >= 150


def test_an_everyday_phrase_means_one_thing():
    counts = Counter(phrase for phrase, _ in MEANINGS)
    assert [phrase for phrase, count in counts.items() if count > 1] == []


def test_no_everyday_phrase_is_a_catalogue_term():
    terms = {term.lower() for family in families() for ts in family.terms.values() for term in ts}
    assert terms.isdisjoint(phrase for phrase, _ in MEANINGS)


def test_a_term_belongs_to_one_facet_and_a_type_to_one_family():
    facets: dict[str, set[str]] = {}
    types = Counter(term for family in families() for term in family.terms["type"])
    for family in families():
        for facet, terms in family.terms.items():
            for term in terms:
                facets.setdefault(term, set()).add(facet)
    assert {term: f for term, f in facets.items() if len(f) > 1} == {}
    assert set(types.values()) == {1}


def test_no_product_text_says_its_facts_in_everyday_words():
    sneaked = set()
    for document in corpus(3000):
        text = f"{document['title']} {document['text']}".lower()
        for facet, terms in FAMILY[document["category"]].everyday.items():
            for phrase in terms.get(document[facet], ()):
                if phrase in text and contains(text, phrase):
                    sneaked.add((document["type"], phrase))
    assert sneaked == set()


def test_product_texts_mislead_with_everyday_words_in_another_sense():
    texts = " ".join(document["text"] for document in corpus(3000)).lower()
    for word in ("light", "cover", "cheap", "running", "tight"):
        assert contains(texts, word)


# -- products --------------------------------------------------------------------------------


def test_every_fact_stands_in_the_product_text():
    for document in corpus(300):
        text = f"{document['title']} {document['text']}"
        facts = [document[key] for key in ("type", *FACETS) if document[key]]
        assert [fact for fact in facts if fact not in text] == []
        assert 3 <= len(facts) - 1 <= 5
        assert "{" not in text


@pytest.mark.parametrize("products", [1, 10, 3000])
def test_a_shop_of_any_size_has_documents_queries_and_judgements(products):
    documents = corpus(products)
    docnos = {document["docno"] for document in documents}
    assert len(documents) == len(docnos) == products
    for variant in QUERIES:
        topics, qrels = shop(products).get_topics(variant), shop(products).get_qrels(variant)
        assert len(topics) > 0
        assert topics.qid.is_unique
        assert set(qrels.docno) <= docnos
        assert set(qrels.label) <= {1, 2, 3}
        assert set(qrels[qrels.label == 3].qid) == set(topics.qid)
        assert not qrels.duplicated(["qid", "docno"]).any()


def test_a_large_shop_is_streamed():
    stream = Shop(10_000_000).get_corpus_iter(verbose=False)
    assert next(stream)["docno"] == "p0"


def test_all_text_is_printable_ascii():
    texts = [value for document in corpus(3000) for value in document.values()]
    for variant in QUERIES:
        topics = shop().get_topics(variant)
        texts += [*topics["query"], *topics["qrewrite"]]
    texts += [m["content"] for turns in shop().get_topics("conversations").qhistory for m in turns]
    assert all(text.isascii() and text.isprintable() for text in texts)
    assert all(text == " ".join(text.split()) for text in texts)


# -- queries ---------------------------------------------------------------------------------


def test_default_sizes_and_columns():
    assert {v: len(shop().get_topics(v)) for v in SPLITS} == {
        "train": 1200,
        "dev": 150,
        "test": 200,
    }
    assert list(shop().get_topics()) == ["qid", "query", "qrewrite"]
    pd.testing.assert_frame_equal(shop().get_topics(), shop().get_topics("test"))
    assert list(shop().get_qrels()) == ["qid", "docno", "label"]


@pytest.mark.parametrize("seed", [0, 1])
def test_splits_share_no_text_and_no_need(seed):
    for column in ("query", "qrewrite"):
        values = pd.concat(shop(seed=seed).get_topics(variant)[column] for variant in SPLITS)
        assert values.is_unique
    needs = [topic.need for variant in SPLITS for topic in shop(seed=seed)._topics(variant)]
    assert len({(need.type, need.attributes) for need in needs}) == len(needs)


def test_no_conversation_has_a_need_of_train():
    train = {topic.need for topic in shop()._topics("train")}
    assert train.isdisjoint(topic.need for topic in shop()._topics("conversations"))


@pytest.mark.parametrize("variant", ["dev", "test", "conversations"])
@pytest.mark.parametrize("products", [200, 3000])
def test_every_everyday_phrase_held_out_occurs_in_train(variant, products):
    train = " | ".join(shop(products).get_topics("train")["query"])
    held_out = " | ".join(shop(products).get_topics(variant)["query"])
    used = [phrase for phrase, _ in MEANINGS if contains(held_out, phrase)]
    assert len(used) > 50
    assert [phrase for phrase in used if not contains(train, phrase)] == []


def test_queries_say_what_is_needed_in_either_vocabulary():
    everyday = catalogue = 0
    for topic in shop()._topics("test"):
        need, query = topic.need, topic.row["query"]
        for facet, term in (("type", need.type), *need.attributes):
            phrases = need.family.everyday[facet][term]
            said = [phrase for phrase in phrases if contains(query, phrase)]
            assert said or contains(query, term)
            assert contains(topic.row["qrewrite"], term)
            everyday, catalogue = everyday + bool(said), catalogue + (not said)
    assert 0.3 < everyday / (everyday + catalogue) < 0.8


def test_a_text_is_never_given_to_two_queries():
    need = Need(SOFAS, "sofa", (("colour", "navy"), ("size", "two-seater")))
    texts: set[str] = set()
    for number in range(5):
        _word([need], Wording(Dice("same")), "test", texts)
        assert len(texts) == number + 1


@pytest.mark.parametrize(
    ("noun", "phrase", "expected"),
    [
        ("sofa", "ivory sofa", "an ivory sofa"),
        ("sofa", "red sofa", "a red sofa"),
        ("trousers", "old trousers", "old trousers"),
    ],
)
def test_articles(noun, phrase, expected):
    assert with_article(phrase, noun) == expected


def test_phrases_stand_where_english_wants_them():
    assert follows_noun("for two people")
    assert not follows_noun("dark grey")
    need = Need(SOFAS, "sofa", (("size", "two-seater"), ("colour", "navy"), ("brand", "Nestika")))
    assert need.phrase == "two-seater sofa navy Nestika"


# -- relevance -------------------------------------------------------------------------------


def naive_grade(document: dict[str, str], need: Need) -> int:
    if document["type"] != need.type:
        return 0
    return max(0, 3 - sum(document[facet] != term for facet, term in need.attributes))


@pytest.mark.parametrize("variant", list(QUERIES))
def test_grades_are_what_comparing_every_product_gives(variant):
    small = shop(300)
    expected = {
        (topic.row["qid"], document["docno"], naive_grade(document, topic.need))
        for topic in small._topics(variant)
        for document in corpus(300)
        if naive_grade(document, topic.need)
    }
    assert set(small.get_qrels(variant).itertuples(index=False, name=None)) == expected


def test_grades_worked_out_by_hand():
    shelves = Shelves(
        [
            Product("both", SOFAS, "sofa", {"colour": "navy", "material": "linen"}),
            Product("colour", SOFAS, "sofa", {"colour": "navy", "material": "velvet"}),
            Product("neither", SOFAS, "sofa", {"colour": "teal"}),
            Product("other type", SOFAS, "futon", {"colour": "navy", "material": "linen"}),
        ]
    )
    asked = Need(SOFAS, "sofa", (("colour", "navy"), ("material", "linen")))
    assert shelves.grades(asked) == {"both": 3, "colour": 2, "neither": 1}
    assert shelves.grades(asked.having("use", "lobby")) == {"both": 2, "colour": 1}
    assert shelves.grades(asked.having("material", "velvet"))["colour"] == 3
    assert [product.docno for product in shelves.best(asked.having("type", "futon"))] == [
        "other type"
    ]
    assert shelves.grades(Need(SOFAS, "sectional", ())) == {}


@pytest.mark.parametrize("products", [3000, 20_000])
def test_a_query_has_a_sensible_number_of_relevant_products(products):
    qrels = shop(products).get_qrels("test")
    counts = qrels[qrels.label >= 2].groupby("qid").size()
    assert counts.min() >= 3
    assert counts.max() <= 40


# -- conversations ---------------------------------------------------------------------------


def test_conversations_have_two_to_four_turns_and_their_own_history():
    topics = shop().get_topics("conversations")
    columns = ["qid", "query", "qconversation", "qturn", "qhistory", "qrewrite"]
    assert list(topics) == columns
    groups = list(topics.groupby("qconversation", sort=False))
    assert len(groups) == QUERIES["conversations"]
    assert {len(turns) for _, turns in groups} == {2, 3, 4}
    for name, turns in groups:
        assert list(turns.qturn) == list(range(1, len(turns) + 1))
        assert list(turns.qid) == [f"{name}_{turn}" for turn in turns.qturn]
        said = list(turns["query"])
        for position, history in enumerate(turns.qhistory):
            assert [message["role"] for message in history] == ["user", "assistant"] * position
            assert [message["content"] for message in history[::2]] == said[:position]


def test_later_turns_leave_out_what_was_said_and_their_needs_build_up():
    silent = []
    for topic in shop()._topics("conversations"):
        need, row = topic.need, topic.row
        if row["qturn"] == 1:
            before = need
            continue
        changes = set(need.attributes) - set(before.attributes)
        assert (need.type != before.type) + len(changes) == 1
        assert {facet for facet, _ in before.attributes} <= {facet for facet, _ in need.attributes}
        if need.type == before.type:
            names = [need.type, *need.family.everyday["type"][need.type]]
            silent.append(not any(contains(row["query"], name) for name in names))
        before = need
    assert len(silent) > 60
    assert all(silent)


def test_the_shop_answers_with_a_product_that_it_has():
    by_brand = {(document["brand"], document["type"]) for document in corpus()}
    topics = shop()._topics("conversations")
    for before, topic in pairwise(topics):
        if topic.row["qturn"] == 1:
            continue
        answer = topic.row["qhistory"][-1]["content"]
        assert any(
            brand in answer and kind == before.need.type and contains(answer, kind)
            for brand, kind in by_brand
        )


# -- use -------------------------------------------------------------------------------------


def test_other_numbers_of_queries():
    few = Shop(300, queries={"train": 20, "test": 5, "dev": 0, "conversations": 3})
    assert {v: len(few.get_topics(v)) for v in SPLITS} == {"train": 20, "dev": 0, "test": 5}
    assert few.get_topics("conversations").qconversation.nunique() == 3
    assert list(few.get_qrels("dev")) == ["qid", "docno", "label"]
    assert repr(few) == (
        "Shop(300, seed=0, queries={'train': 20, 'test': 5, 'dev': 0, 'conversations': 3})"
    )
    assert repr(Shop()) == "Shop(3000, seed=0)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"products": 0}, "products should be 1 or more, found 0"),
        ({"queries": {"trial": 5}}, "queries should map some of .*'train'.* found {'trial': 5}"),
        ({"queries": {"test": -1}}, "0 or more, found"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Shop(**arguments)


def test_an_unknown_variant_is_named():
    with pytest.raises(ValueError, match=r"variant should be one of .*'dev'.* found 'valid'"):
        Shop(10).get_topics("valid")


def test_frames_belong_to_the_caller():
    first = shop(10).get_topics("conversations")
    first.loc[:, "query"] = "spoilt"
    first.qhistory.iloc[-1].clear()
    again = shop(10).get_topics("conversations")
    assert "spoilt" not in set(again["query"])
    assert again.qhistory.iloc[-1] != []


def test_rewriting_closes_a_gap_that_the_engine_alone_leaves(tmp_path):
    pytest.importorskip("pyterrier_pisa")
    import ir_measures
    from ir_measures import nDCG

    from pyterrier_rewrite.pipelines import PisaIndex

    index = PisaIndex.build(tmp_path / "index", corpus(), verbose=False)
    topics, qrels = shop().get_topics(), shop().get_qrels()
    qrels = qrels.rename(columns={"qid": "query_id", "docno": "doc_id", "label": "relevance"})
    found = {}
    for column in ("query", "qrewrite"):
        run = index.bm25(num_results=20)(topics[["qid"]].assign(query=topics[column]))
        run = run.rename(columns={"qid": "query_id", "docno": "doc_id"})
        run = run[["query_id", "doc_id", "score"]]
        found[column] = ir_measures.calc_aggregate([nDCG @ 10], qrels, run)[nDCG @ 10]
    assert 0.25 < found["query"] < 0.45
    assert 0.85 < found["qrewrite"] < 0.95
