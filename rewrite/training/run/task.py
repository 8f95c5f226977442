"""A rewriter taken apart at its model: the prompts before it, the candidates after it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import pyterrier as pt

from ...columns import QCAND, QGEN, QGROUP, QGROUP_QUERY, QID, QUERY, QUSAGE, TEXT
from ...errors import RewriteWarning
from ...llm.base import LLM, Completions, Messages, Sampling
from ...prompting.llm_rewriter import LLMRewriter
from ...rankings.lists import top
from ...rewritten import as_candidates

_ROW: Final = "qrow_of_task"


@dataclass(frozen=True)
class Task:
    """The prompts of some topics, and the way from what a model writes to candidate queries.

    Both sides are the rewriter's own code, run with a script in the place of its model: what is
    trained is what is served, whatever a method does to its prompts, documents and answers.

    Attributes:
        rewriter: The rewriter.
        topics: The topics that have a prompt: queries that are empty, or lack feedback
            documents, never reach a model.
        prompts: One prompt a topic.
        feedback: The feedback documents, found once.
    """

    rewriter: LLMRewriter
    topics: pd.DataFrame
    prompts: list[Messages]
    feedback: pt.Transformer | None = None

    @classmethod
    def of(cls, rewriter: LLMRewriter, topics: pd.DataFrame) -> Task:
        """Render the prompts.

        Args:
            rewriter: The rewriter.
            topics: ``qid`` (unique), ``query`` and whatever the prompt needs.

        Raises:
            pt.validate.InputValidationError: If a column is missing.
            ValueError: If there are no topics, a qid occurs twice, no topic gives a prompt,
                feedback documents are needed and there is no pipeline to find them, or the rewriter
                asks its model more than once a query.
        """
        pt.validate.query_frame(topics, [QUERY])
        if not len(topics):
            raise ValueError("there is nothing to learn from: the data has no rows")
        topics = topics.reset_index(drop=True)
        if not topics[QID].is_unique:
            twice = topics[QID][topics[QID].duplicated()].iloc[0]
            raise ValueError(f"every qid should occur once, found {twice!r} twice; drop the copies")
        feedback = _found(rewriter, topics) if rewriter.fb_docs > 0 else None
        script = _Script()
        out = _ask(rewriter, script, feedback, topics.assign(**{_ROW: range(len(topics))}))
        out = out.drop_duplicates(_ROW)
        asked = out[[bool(texts) for texts in out[QGEN]]]
        if asked[QGEN].tolist() != [[str(i)] for i in range(len(script.prompts))]:
            raise ValueError(
                f"{type(rewriter).__name__} should ask its model once a query and keep the answer "
                "in qgen to be trained; train the part that does"
            )
        if not script.prompts:
            raise ValueError(
                f"none of the {len(topics)} topics gives a prompt: their queries are empty, or "
                "nothing was found for them"
            )
        kept = topics.iloc[asked[_ROW].tolist()].reset_index(drop=True)
        return cls(rewriter, kept, script.prompts, feedback)

    def candidates(
        self, rows: Sequence[int], generations: Sequence[str], *, cut: Sequence[bool] | None = None
    ) -> pd.DataFrame:
        """Parse generations and form candidate queries.

        Args:
            rows: For each generation the number of its topic.
            generations: What the model wrote.
            cut: Which were cut at the longest length; None says none.

        Returns:
            The rewriter's output, one candidate a generation: ``qcand`` is ``<group>~<i>`` with
            ``qgroup`` the topic's qid, and ``qstatus`` says which could not be read.
        """
        topics = self.topics.drop(columns=[QGROUP, QGROUP_QUERY], errors="ignore")
        named = as_candidates(topics.iloc[list(rows)].reset_index(drop=True))
        out = _ask(self.rewriter, _Script(generations, cut), self.feedback, named)
        return out.drop(columns=QUSAGE)


def _ask(
    rewriter: LLMRewriter, script: LLM, feedback: pt.Transformer | None, queries: pd.DataFrame
) -> pd.DataFrame:
    """Run the rewriter with a script instead of its model."""
    changes = {"llm": script, "feedback": feedback, "n": 1, "on_error": "keep"}
    known = rewriter.parameters()
    changed = rewriter.apply_attributes(**{k: v for k, v in changes.items() if k in known})
    changed.at_once = None  # the script is asked once
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RewriteWarning)  # qstatus says it, row by row
        out: pd.DataFrame = changed.transform(queries)
    return out


class _Script(LLM):
    """Answers with given texts in order, or with each prompt's number."""

    def __init__(
        self, texts: Sequence[str] | None = None, cut: Sequence[bool] | None = None
    ) -> None:
        self.texts = texts
        self.cut = cut
        self.prompts: list[Messages] = []

    @property
    def identity(self) -> str:
        return "script"

    def generate(self, prompts: Sequence[Messages], **sampling: Any) -> list[Completions]:
        if self.prompts:
            raise ValueError(
                "only a rewriter that asks its model once for a batch of queries can be trained; "
                "train the part that does"
            )
        self.prompts = list(prompts)
        texts = [str(i) for i in range(len(prompts))] if self.texts is None else self.texts
        cut = [False] * len(prompts) if self.cut is None else self.cut
        return [
            Completions([text], cut=short)
            for text, short, _ in zip(texts, cut, prompts, strict=True)
        ]

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        raise NotImplementedError


class _Found(pt.Transformer):  # type: ignore[misc]  # pyterrier's classes are untyped
    """Gives each candidate the documents that were found for its topic."""

    def __init__(self, documents: pd.DataFrame) -> None:
        self.documents = documents

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        pt.validate.query_frame(inp)
        group = QGROUP if QCAND in inp.columns else QID
        asked = pd.DataFrame({QID: inp[QID], _ROW: inp[group]})
        return asked.merge(self.documents.rename(columns={QID: _ROW}), on=_ROW).drop(columns=_ROW)


def _found(rewriter: LLMRewriter, topics: pd.DataFrame) -> _Found:
    if rewriter.feedback is None:
        raise ValueError(
            f"{type(rewriter).__name__} reads {rewriter.fb_docs} feedback documents a query; to be "
            "trained it needs the pipeline that finds them: feedback=bm25 >> index.text()"
        )
    results = rewriter.feedback.transform(topics)
    if TEXT not in results.columns:
        raise ValueError(
            f"the feedback pipeline should give the column 'text', found {sorted(results.columns)}"
            "; end it with the index's text loader: feedback=bm25 >> index.text()"
        )
    kept = [QID, *(c for c in results.columns if not c.startswith("q"))]
    return _Found(top(results[kept], rewriter.fb_docs))
