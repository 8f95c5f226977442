"""Queries made up for documents, kept if the document comes back (Promptagator's round trip)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyterrier as pt

from ...columns import DOCNO, LABEL, QID, QUERY, TEXT
from ...errors import LLMError
from ...llm.base import LLM
from ...parsing.parsers import Text
from ...prompting.prompt import Prompt
from ...ranges import Count, Portion, Weight, check_ranges
from ...rankings.lists import top
from ...text.pool import Example
from ...text.safe import safe_text


def synthetic_queries(
    llm: LLM,
    documents: pd.DataFrame,
    pipeline: pt.Transformer,
    *,
    n: Count = 1,
    k: Count = 1,
    examples: Sequence[Example] | None = None,
    prompt: str | Prompt = "synthetic/few-shot",
    temperature: Weight = 0.7,
    top_p: Portion = 1.0,
    max_tokens: Count = 64,
    max_chars: Count = 2000,
    seed: int | None = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up queries for documents, and keep those that find their document.

    A way to topics and judgements where a collection has none: train on them as on real ones.

    Args:
        llm: Writes the queries.
        documents: ``docno`` (unique) and ``text``.
        pipeline: Engine of the round trip, from queries to results.
        n: Queries a document, at least 1.
        k: A query is kept if its document is among the first ``k`` results, at least 1.
        examples: Pairs ``{"document": …, "query": …}`` of your collection, in place of the
            prompt's own; two to eight are usual.
        prompt: A prompt with the slot ``document``, or its name.
        temperature: 0 is greedy, and all ``n`` are the same.
        top_p: Nucleus mass in (0, 1].
        max_tokens: Longest query.
        max_chars: A longer document is cut in the prompt.
        seed: Makes sampling repeatable.

    Returns:
        Topics (``qid``, ``query``) and judgements (``qid``, ``docno``, ``label`` 1). The qid is
        ``<docno>~<i>``; a document of which no query is kept is missing.

    Raises:
        pt.validate.InputValidationError: If a column is missing.
        ValueError: If a number is out of its range, or a docno occurs twice.
        LLMError: If the model answers no document at all.

    Example:
        >>> import pandas as pd
        >>> import pyterrier as pt
        >>> from pyterrier_rewrite import FakeLLM
        >>> from pyterrier_rewrite.training.data.synthetic import synthetic_queries
        >>> docs = pd.DataFrame([{"docno": "d1", "text": "a sofa in anthracite"}])
        >>> found = pd.DataFrame([["d1~1", "d1", 0]], columns=["qid", "docno", "rank"])
        >>> engine = pt.Transformer.from_df(found)
        >>> topics, qrels = synthetic_queries(FakeLLM("dark grey couch"), docs, engine)
        >>> topics.values.tolist(), qrels.values.tolist()
        ([['d1~1', 'dark grey couch']], [['d1~1', 'd1', 1]])

    Reference:
        Dai et al. Promptagator: Few-shot Dense Retrieval From 8 Examples. ICLR 2023.
    """
    check_ranges(synthetic_queries, locals())
    pt.validate.columns(documents, includes=[DOCNO, TEXT])
    if not documents[DOCNO].is_unique:
        twice = documents[DOCNO][documents[DOCNO].duplicated()].iloc[0]
        raise ValueError(f"every docno should occur once, found {twice!r} twice; drop the copies")
    template = Prompt.load(prompt)
    if examples is not None:
        template = template.with_examples(examples)
    answers = llm.generate(
        [template.render(document=safe_text(text)[:max_chars]) for text in documents[TEXT]],
        n=n,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        stop=("\n",),
        seed=seed,
    )
    if answers and all(answer.error for answer in answers):
        raise LLMError(f"no document got a query: {answers[0].error}")
    parse = Text()
    rows = []
    for docno, answer in zip(documents[DOCNO], answers, strict=True):
        written = [safe_text(part) for text in answer.texts for part in parse(text)]
        for number, query in enumerate(dict.fromkeys(filter(None, written)), 1):
            rows.append((f"{docno}~{number}", query, docno, 1))
    made = pd.DataFrame(rows, columns=[QID, QUERY, DOCNO, LABEL])
    best = made if made.empty else top(pipeline.transform(made[[QID, QUERY]]), k)
    found = set(zip(best[QID], best[DOCNO], strict=True))
    back = [pair in found for pair in zip(made[QID], made[DOCNO], strict=True)]
    kept = made.loc[back].reset_index(drop=True)
    return kept[[QID, QUERY]], kept[[QID, DOCNO, LABEL]]
