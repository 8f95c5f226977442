"""The rewrite step of Rewrite-Retrieve-Read: the searches that answer a question."""

from __future__ import annotations

from ..parsing.parsers import Marked
from ..prompting.formulation import Replace
from ..prompting.llm_rewriter import LLMRewriter, Published


class RewriteRetrieveRead(LLMRewriter):
    """Replaces a question by what one would type to answer it.

    One generation, greedy, with three examples: one or several searches, ``;`` between them and
    ``**`` at the end. They replace the question as one text; with ``formulation=Several()`` each
    is a query of its own, for a fusion behind. Retrieving and reading are yours:
    ``RewriteRetrieveRead(llm) >> bm25 >> reader``.

    Input columns: ``qid``, ``query``. Output columns: the same; see
    :class:`~pyterrier_rewrite.Rewriter` for the others.

    Args:
        llm: The language model.
        prompt: ``"rewrite-retrieve-read/few-shot"`` (default; your own examples by
            ``examples=[{"query": …, "searches": "…; …"}, …]``) or
            ``"rewrite-retrieve-read/zero-shot"``.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, RewriteRetrieveRead, Several
        >>> llm = FakeLLM("author of The Trial; Franz Kafka birthplace **")
        >>> question = "where was the author of The Trial born"
        >>> RewriteRetrieveRead(llm).search(question)["query"][0]
        'author of The Trial Franz Kafka birthplace'
        >>> RewriteRetrieveRead(llm, formulation=Several()).search(question)["query"].tolist()
        ['author of The Trial', 'Franz Kafka birthplace']
    """

    reference = "Ma et al. Query Rewriting in Retrieval-Augmented Large Language Models. EMNLP 2023"
    published = Published(
        prompt="rewrite-retrieve-read/few-shot", parser=Marked(), formulation=Replace()
    )
