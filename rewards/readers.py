"""Rewards that a model gives as it reads."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Final

import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import DOCNO, QANSWERS, QGROUP, QID, QUERY, QUERY_0, SCORE, TEXT
from pyterrier_rewrite.errors import LLMError
from pyterrier_rewrite.llm.base import LLM, Completions
from pyterrier_rewrite.parsing.parsers import Text
from pyterrier_rewrite.prompting.documents import show_documents
from pyterrier_rewrite.prompting.prompt import Prompt
from pyterrier_rewrite.ranges import Count
from pyterrier_rewrite.rankings.asking import Requests

from .answers import answers_of, contains, exact_match, f1
from .asking import run, search_top, warn_no_verdict
from .candidates import groups_of
from .reward import Reward
from .scoring import Marks, each_mark

__all__ = ["AnswerReward", "RankingFeedback"]


READ: Final = Prompt(
    "rewards/read",
    2,
    (
        (
            "user",
            "Answer the question in a few words, from the documents below where they hold the "
            "answer. Give the answer only.\n\n{documents}\n\n"
            "Question: {query}\nAnswer:",
        ),
    ),
    ("documents", "query"),
)
"""Prompt of the reader."""


@dataclass(frozen=True)
class AnswerReward(Reward):
    """``exact match + w · F1 + v · hit`` of a reader's answer on the documents of the rewrite.

    The reader, any language model, answers the **original** query. Its answer is compared with
    each reference answer as SQuAD's script does, and the best counts. Hit is +1 if one of the
    documents holds an answer, −1 if none does. No verdict where a query has no reference answer,
    or where engine or reader fail.

    Documents are quoted, as in every prompt, so that none can instruct the reader to give a
    reward: each stands whole between tags that its text cannot contain.

    Input columns: as :class:`SearchFeedback`, ``query_0``, and ``qanswers`` (a list of texts).

    Args:
        engine: What follows the rewriter when it serves, with texts:
            ``index.bm25(num_results=5) >> index.text()``.
        reader: The language model that answers, greedily.
        num_docs: Top documents that it reads, at least 1.
        f1_weight: The weight w.
        hit_weight: The weight v.
        max_tokens: Longest answer.
        prompt: Prompt of the reader, with the slots ``documents`` and ``query``.
        columns: Other columns that the engine reads.

    Raises:
        ValueError: If the documents have no ``text``.

    Example:
        >>> found = pd.DataFrame([["0", "d1", 1.0, "Paris is the capital of France."]])
        >>> found = found.set_axis(["qid", "docno", "score", "text"], axis=1)
        >>> from pyterrier_rewrite import FakeLLM
        >>> reward = AnswerReward(pt.Transformer.from_df(found), FakeLLM("Paris, France"))
        >>> row = {"qid": "q", "query": "France capital", "query_0": "What is France's capital?"}
        >>> reward.score(pd.DataFrame([{**row, "qanswers": ["Paris"]}]))  # 0 + 2/3 + 1
        {'q': 1.6666666666666665}

    Reference: Ma et al. Query Rewriting for Retrieval-Augmented Large Language Models. EMNLP 2023.
    """

    engine: pt.Transformer
    reader: LLM
    num_docs: Count = field(default=5, kw_only=True)
    f1_weight: float = field(default=1.0, kw_only=True)
    hit_weight: float = field(default=1.0, kw_only=True)
    max_tokens: int = field(default=32, kw_only=True)
    prompt: str | Prompt = field(default=READ, kw_only=True)
    columns: Sequence[str] = field(default=(), kw_only=True)

    needs = (QUERY_0, QANSWERS)

    def marks(self, candidates: pd.DataFrame) -> Marks:
        """Search, read, and compare."""
        groups = groups_of(candidates)
        marks: Marks = dict.fromkeys(groups)
        first = candidates.drop_duplicates(QGROUP).set_index(QGROUP)
        question = first[QUERY_0].to_dict()
        golds = {group: answers_of(cell) for group, cell in first[QANSWERS].items()}
        read = {name: group for name, group in groups.items() if golds[group]}
        if len(read) < len(groups):
            missing = sorted(group for group, answers in golds.items() if not answers)
            warn_no_verdict(
                f"{len(missing)} queries such as {missing[0]!r} have no {QANSWERS}",
                len(groups) - len(read),
            )
        documents = self._documents(candidates) if read else None
        if documents is None:
            return marks
        replies = self._read([(documents[name], question[group]) for name, group in read.items()])
        for (name, group), reply in zip(read.items(), replies, strict=True):
            if reply is not None:
                marks[name] = self._mark(reply, documents[name], golds[group])
        return marks

    def _mark(self, reply: str, documents: list[str], golds: list[str]) -> float:
        hit = any(contains(text, gold) for text in documents for gold in golds)
        exact = max(exact_match(reply, gold) for gold in golds)
        overlap = max(f1(reply, gold) for gold in golds)
        return exact + self.f1_weight * overlap + self.hit_weight * (1 if hit else -1)

    def _documents(self, candidates: pd.DataFrame) -> dict[str, list[str]] | None:
        requests = Requests.of_candidates(candidates, self.columns)
        searched = search_top(self.engine, requests, self.num_docs)
        if searched is None:
            return None
        found, rows = searched
        if TEXT not in found.results.columns:
            raise ValueError(
                f"AnswerReward reads documents, but its engine gives {list(found.results.columns)}"
                " without 'text'; end it with the index's text loader: bm25 >> index.text()"
            )
        texts = found.results[TEXT].tolist()
        names = groups_of(candidates)
        return {n: [texts[row] for row in its] for n, its in zip(names, rows, strict=True)}

    def _read(self, tasks: list[tuple[list[str], str]]) -> list[str | None]:
        prompt = Prompt.load(self.prompt)
        prompts = [prompt.render(documents=_quoted(texts), query=query) for texts, query in tasks]
        try:
            answers = self.reader.generate(prompts, max_tokens=self.max_tokens)
        except (LLMError, OSError) as error:
            answers = [Completions([], error=str(error))] * len(tasks)
        failed = [answer.error for answer in answers if answer.error is not None]
        if failed:
            warn_no_verdict(f"the reader failed ({failed[0]})", len(failed))
        parse = Text()
        return [
            None if answer.error is not None else " ".join(parse(answer.texts[0]))
            for answer in answers
        ]


def _quoted(documents: list[str]) -> str:
    if not documents:
        return "There are no documents."
    return show_documents([{TEXT: text} for text in documents], doc_tokens=sys.maxsize)


@dataclass(frozen=True)
class RankingFeedback(Reward):
    """Mean score that a reranker gives the documents of the rewrite for the **original** query.

    ``mean over the top documents d of S(rewrite) of rerank(original query, d)``: a rewrite that
    drifts finds documents that do not answer the original query. It needs no judgements. Each
    pair of original query and document is reranked once a batch.

    Input columns: as :class:`SearchFeedback`, and ``query_0``.

    Args:
        engine: What follows the rewriter when it serves, with the texts that the reranker reads:
            ``index.bm25(num_results=5) >> index.text()``.
        reranker: A transformer from results with ``qid``, ``query``, ``docno`` and texts to
            ``score``, such as ``CrossEncoderReranker``.
        num_docs: Top documents that count, at least 1.
        nothing_found: Mark of a rewrite that finds nothing: the low end of the reranker's scale.
        columns: Other columns that the engine reads.

    Raises:
        ValueError: If the reranker leaves documents out.

    Example:
        >>> engine = index.bm25(num_results=5) >> index.text()  # doctest: +SKIP
        >>> reward = RankingFeedback(engine, CrossEncoderReranker(model))  # doctest: +SKIP

    Reference: Mao et al. RaFe: Ranking Feedback Improves Query Rewriting for RAG. Findings of
    EMNLP 2024.
    """

    engine: pt.Transformer
    reranker: pt.Transformer
    num_docs: Count = field(default=5, kw_only=True)
    nothing_found: float = field(default=0.0, kw_only=True)
    columns: Sequence[str] = field(default=(), kw_only=True)

    needs = (QUERY_0,)

    def threshold(self, candidates: pd.DataFrame) -> float:
        """Return μ, the mean over all feedback data: a candidate is good above it, else bad.

        Raises:
            ValueError: If no candidate has a verdict.
        """
        marks = [mark for mark in self.score(candidates).values() if mark is not None]
        if not marks:
            raise ValueError("there is no mean: no candidate has a verdict")
        return fmean(marks)

    def good(self, candidates: pd.DataFrame, *, threshold: float) -> dict[str, bool | None]:
        """Say which candidates are good, for preferences and KTO; None is no verdict.

        Args:
            candidates: The candidates.
            threshold: As :meth:`threshold` returns it for all feedback data.
        """
        return each_mark(self.score(candidates), lambda mark: mark > threshold)

    def marks(self, candidates: pd.DataFrame) -> Marks:
        """Search, rerank every distinct pair, and take the means."""
        groups = groups_of(candidates)
        marks: Marks = dict.fromkeys(groups)
        requests = Requests.of_candidates(candidates, self.columns)
        searched = search_top(self.engine, requests, self.num_docs)
        if searched is None:
            return marks
        found, rows = searched
        wanted: dict[tuple[str, str], int] = {}
        lists: dict[str, list[tuple[str, str]]] = {}
        for (name, group), its in zip(groups.items(), rows, strict=True):
            lists[name] = [(group, found.docnos[row]) for row in its]
            for pair, row in zip(lists[name], its, strict=True):
                wanted.setdefault(pair, row)
        scores = self._rerank(candidates, found.results, wanted) if wanted else {}
        if scores is None:
            return marks
        for name, pairs in lists.items():
            marks[name] = fmean([scores[p] for p in pairs]) if pairs else self.nothing_found
        return marks

    def _rerank(
        self, candidates: pd.DataFrame, results: pd.DataFrame, wanted: dict[tuple[str, str], int]
    ) -> dict[tuple[str, str], float] | None:
        texts = dict(zip(candidates[QGROUP].tolist(), candidates[QUERY_0].tolist(), strict=True))
        of_document = [column for column in results.columns if not column.startswith("q")]
        pairs = results.iloc[list(wanted.values())][of_document].reset_index(drop=True)
        pairs.insert(0, QID, [group for group, _ in wanted])
        pairs.insert(1, QUERY, [texts[group] for group, _ in wanted])
        reranked = run(self.reranker, pairs)
        if reranked is None:
            return None
        keys = zip(reranked[QID].tolist(), reranked[DOCNO].tolist(), strict=True)
        scores = dict(zip(keys, reranked[SCORE].tolist(), strict=True))
        missing = [pair for pair in wanted if pair not in scores]
        if missing:
            raise ValueError(
                f"the reranker should score every document, but {self.reranker!r} left out "
                f"{len(missing)} of {len(wanted)}, such as {missing[0]}; does it cut the ranking?"
            )
        return scores
