"""GenQR and GenPRF: expand a query by keywords."""

from __future__ import annotations

from dataclasses import replace

from ..parsing.parsers import Terms
from ..prompting.formulation import Repeat
from ..prompting.llm_rewriter import LLMRewriter, Published


class GenQR(LLMRewriter):
    """Appends keywords that a model suggests on one instruction.

    One generation by nucleus sampling (``top_p`` .92); the new query is ``query + keywords``.
    :class:`GenPRF` shows feedback documents too.

    Input columns: ``qid``, ``query``. Output columns: see
    :class:`~pyterrier_rewrite.LLMRewriter`.

    Args:
        llm: The language model.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, GenQR
        >>> GenQR(FakeLLM("sofa, settee")).search("couch")["query"][0]
        'couch sofa settee'
    """

    reference = (
        "Wang, MacAvaney, Macdonald & Ounis. Generative Query Reformulation for Effective Adhoc "
        "Search. 2023"
    )
    published = Published(
        prompt="genqr/keywords", parser=Terms(), formulation=Repeat(1), temperature=1.0, top_p=0.92
    )


class GenPRF(GenQR):
    """Appends keywords that a model suggests in view of five feedback documents.

    All else as :class:`GenQR`, which the same paper proposes.

    Input columns: ``qid``, ``query`` and, without ``feedback``, ``docno`` and ``text``; queries
    without results are then lost upstream.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, GenPRF
        >>> from pyterrier_rewrite.testing import sample_results
        >>> GenPRF(FakeLLM("sofa, settee"))(sample_results())["query"][0]
        'red couch for two sofa settee'
    """

    published = replace(GenQR.published, prompt="genqr/keywords-prf", fb_docs=5)
