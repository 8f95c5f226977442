"""HyDE: search with the vectors of documents that a model makes up."""

from __future__ import annotations

from ..prompting.formulation import Repeat
from ..prompting.llm_rewriter import LLMRewriter, Published


class HyDE(LLMRewriter):
    """Writes hypothetical documents and searches for documents like them.

    Eight passages of at most 512 tokens, at temperature .7. As published it is a dense method:
    ``HyDE(llm, formulation=MeanVector(index)) >> index.retriever()`` searches with the mean of
    the vectors of the query and the eight passages. Without a formulation the sparse variant
    takes their text, and the query eight times, so that the passages do not drown it.

    Input columns: ``qid``, ``query``. Output columns: the same, and ``query_vec`` with
    :class:`~pyterrier_rewrite.MeanVector`; see
    :class:`~pyterrier_rewrite.Rewriter` for the others.

    Args:
        llm: The language model.
        prompt: The collection's task: ``"hyde/web"`` (default), ``"hyde/science"`` (claims),
            ``"hyde/medicine"``, ``"hyde/finance"``, ``"hyde/argument"`` (counter-arguments),
            ``"hyde/news"``, ``"hyde/entity"`` or ``"hyde/product"``.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, HyDE, Repeat
        >>> rewriter = HyDE(FakeLLM(["A sofa.", "A settee."]), n=2, formulation=Repeat(1))
        >>> rewriter.search("couch")["query"][0]
        'couch A sofa. A settee.'
    """

    reference = (
        "Gao, Ma, Lin & Callan. Precise Zero-Shot Dense Retrieval without Relevance Labels. "
        "ACL 2023"
    )
    published = Published(
        prompt="hyde/web", n=8, temperature=0.7, max_tokens=512, formulation=Repeat(8)
    )
