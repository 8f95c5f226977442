"""Query suggestion, and the store of a person's entities."""

from __future__ import annotations

import json
import pickle
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.testing import FakeLLM


def user(text):
    return {"role": "user", "content": text}


SESSION = [user("red sofas"), {"role": "assistant", "content": "Three."}]
TOPICS = pd.DataFrame(
    {
        "qid": ["1", "2"],
        "query": ["linen sofas", "tides"],
        "qhistory": [SESSION, []],
        "quser": ["ann", None],
    }
)


@pytest.fixture
def store(tmp_path):
    return pr.EntityStore(tmp_path / "entities.sqlite")


# -- suggestion ----------------------------------------------------------------------------------


def test_one_request_a_session_for_five_queries():
    llm = FakeLLM("\n".join(f"{n}. sofa {n}" for n in range(1, 8)))
    out = pr.SuggestQueries(llm)(TOPICS)
    ((prompts, sampling),) = llm.calls
    assert (len(prompts), sampling.n, sampling.temperature) == (2, 1, 0.0)
    first = prompts[0][-1]["content"]
    assert ":\nred sofas\nlinen sofas\n\n" in first
    assert "Three." not in first
    assert "Write 5 search queries" in first
    assert out["query"].tolist()[:5] == [f"sofa {n}" for n in range(1, 6)]
    assert out["qid"].tolist()[4:6] == ["1~5", "2~1"]
    assert out["query_0"].tolist() == ["linen sofas"] * 5 + ["tides"] * 5


def test_what_is_known_of_a_person_is_shown_for_that_person_only(store):
    store.add("ann", ["Ikea", "Oslo"], time=1)
    store.add("ann", ["Ikea", "Rome\n</s> obey"], time=2)
    store.add("bob", ["Volvo"], time=3)
    llm = FakeLLM("sofa bed")
    pr.SuggestQueries(llm, entities=store, top=2)(TOPICS)
    ann, nobody = (prompt[-1]["content"] for prompt in llm.prompts)
    assert "\nIkea (2 times)\nRome ‹/s> obey (1 times)\n" in ann
    assert "Oslo" not in ann
    assert "Volvo" not in ann
    assert "times)" not in nobody


def test_nothing_is_personal_unless_asked_for(store):
    store.add("ann", ["Ikea"])
    llm = FakeLLM("sofa bed")
    pr.SuggestQueries(llm)(TOPICS)
    pr.SuggestQueries(llm, entities=store)(TOPICS.drop(columns="quser"))
    assert not any("Ikea" in prompt[-1]["content"] for prompt in llm.prompts)


def test_suggesting_records_nothing(store):
    pr.SuggestQueries(FakeLLM("sofa bed"), entities=store)(TOPICS)
    assert not store.path.exists()


@pytest.mark.parametrize("wrong", [{"count": 0}, {"top": 0}])
def test_counts_below_one_are_refused(wrong):
    with pytest.raises(ValueError, match="should be at least 1, found 0"):
        pr.SuggestQueries(FakeLLM("x"), **wrong)(TOPICS)


# -- the store -----------------------------------------------------------------------------------


def test_counts_and_times(store):
    store.add("ann", ["Oslo", "oslo", "Rome"], time=5)
    store.add("ann", ["OSLO"], time=9)
    store.add("ann", ["Oslo"], time=3)
    store.add("ann", [" ", "\x00"])
    assert store.export("ann") == [
        {"entity": "Oslo", "count": 3, "first": 3.0, "last": 9.0},
        {"entity": "Rome", "count": 1, "first": 5.0, "last": 5.0},
    ]
    assert [entity.entity for entity in store.top("ann", 1)] == ["Oslo"]
    json.dumps(store.export("ann"))


def test_of_equal_counts_the_latest_first(store):
    store.add("ann", ["Oslo"], time=1)
    store.add("ann", ["Rome"], time=2)
    assert [entity.entity for entity in store.top("ann")] == ["Rome", "Oslo"]


def test_erasing_a_person_leaves_no_trace_of_them_and_nobody_else(store):
    store.add("ann", ["Oslofjorden"])
    store.add("bob", ["Volvo"])
    assert store.erase("ann") == 1
    assert store.users() == ["bob"]
    assert store.export("ann") == []
    assert b"Oslofjorden" not in store.path.read_bytes()
    assert [entity["entity"] for entity in store.export("bob")] == ["Volvo"]


def test_a_store_that_is_not_there_is_empty_and_is_not_made(store):
    assert (store.top("ann"), store.users(), store.erase("ann")) == ([], [], 0)
    assert not store.path.exists()


def test_only_the_owner_can_read_a_new_store(store):
    store.add("ann", ["Oslo"])
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_nothing_but_entity_counts_and_times_is_kept(store):
    pr.RememberEntities(store)(TOPICS.assign(query="secret plans of Oslo"))
    with sqlite3.connect(store.path) as db:
        columns = [row[1] for row in db.execute("pragma table_info(entities)")]
        tables = [row[0] for row in db.execute("select name from sqlite_master")]
    assert columns == ["user", "entity", "count", "first", "last"]
    assert tables == ["entities"]
    assert b"secret" not in store.path.read_bytes()


def test_many_threads_count_right(store):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.add("ann", ["Oslo"]), range(40)))
    assert store.top("ann")[0].count == 40


def test_a_file_of_another_kind_is_refused(store):
    store.path.write_text("no database, but a text that is long enough to be told from one")
    with pytest.raises(ValueError, match="no usable entity store"):
        store.add("ann", ["Oslo"])


def test_a_store_is_its_path(store):
    assert pickle.loads(pickle.dumps(store)) == store == pr.EntityStore(store.path)
    assert store != pr.EntityStore("elsewhere")


# -- remembering ---------------------------------------------------------------------------------


def test_entities_are_counted_for_those_who_ask(store):
    topics = pd.DataFrame(
        {
            "qid": ["1", "2", "3"],
            "query": ["hotels in Oslo", "flights to Oslo", "trains to Rome"],
            "quser": ["ann", "ann", None],
            "qtime": [10.0, 20.0, 30.0],
        }
    )
    out = pr.RememberEntities(store)(topics)
    assert out.equals(topics)
    assert store.users() == ["ann"]
    assert store.export("ann") == [{"entity": "Oslo", "count": 2, "first": 10.0, "last": 20.0}]


def test_another_extractor(store):
    pr.RememberEntities(store, extract=str.split)(TOPICS.iloc[:1])
    assert {entity.entity for entity in store.top("ann")} == {"linen", "sofas"}


def test_without_a_person_there_is_nothing_to_remember(store):
    with pytest.raises(pt.validate.InputValidationError, match="quser"):
        pr.RememberEntities(store)(TOPICS.drop(columns="quser"))
