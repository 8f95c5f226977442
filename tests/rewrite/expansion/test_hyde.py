"""HyDE: its call pattern, and the mean of nine vectors."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.testing import FakeLLM

TOPICS = pd.DataFrame({"qid": ["1", "2"], "query": ["couch", "{lamp}"]})
TASKS = ["web", "science", "medicine", "finance", "argument", "news", "entity", "product"]


class Table:
    """Encodes texts by a table; documents get 100 more in the first dimension."""

    vectors: ClassVar = {
        "couch": (9.0, 0.0),
        "one": (0.0, 9.0),
        "two": (0, 18),
        "{lamp}": (1.0, 1.0),
    }

    def encode(self, texts, *, documents=False):
        return np.array([self.vectors[text] for text in texts]) + np.array([100.0 * documents, 0])


@pytest.mark.parametrize("task", TASKS)
def test_one_request_a_query_for_eight_passages(task):
    llm = FakeLLM("A passage.")
    out = pr.HyDE(llm, prompt=f"hyde/{task}")(TOPICS)
    ((prompts, sampling),) = llm.calls
    assert [[m["role"] for m in prompt] for prompt in prompts] == [["user"], ["user"]]
    assert ": couch\n" in prompts[0][0]["content"]
    assert ": {lamp}\n" in prompts[1][0]["content"]
    assert (sampling.n, sampling.temperature, sampling.max_tokens) == (8, 0.7, 512)
    assert [usage["requests"] for usage in out["qusage"]] == [1, 1]
    assert len(out["qgen"][0]) == 8


def test_every_task_has_an_instruction_of_its_own():
    shown = {pr.Prompt.load(f"hyde/{task}").render(query="x")[0]["content"] for task in TASKS}
    assert len(shown) == len(TASKS)


def test_the_vector_is_the_mean_of_query_and_passages():
    # passages one, two, one, two, …: 4 × (100, 9) + 4 × (100, 18) + the query (9, 0), over 9
    llm = FakeLLM(["one", "two"])
    out = pr.HyDE(llm, formulation=pr.MeanVector(Table()))(TOPICS)
    assert out["query_vec"][0].tolist() == pytest.approx([809 / 9, 108 / 9])
    assert out["query_vec"][1].tolist() == pytest.approx([801 / 9, 109 / 9])
    assert out["query"].tolist() == ["couch", "{lamp}"]


def test_what_is_unusable_does_not_count():
    llm = FakeLLM(["one", "I'm sorry, but I cannot help with that.", "..."])
    out = pr.HyDE(llm, n=3, formulation=pr.MeanVector(Table()))(TOPICS.head(1))
    assert out["query_vec"][0].tolist() == pytest.approx([109 / 2, 9 / 2])


def test_the_sparse_variant_takes_the_text():
    out = pr.HyDE(FakeLLM(["one", "two"]))(TOPICS.head(1))
    assert out["query"][0] == " ".join(["couch"] * 8 + ["one", "two"] * 4)
