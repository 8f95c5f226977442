"""Q2D, Q2E, CoT: the eight prompts of "Query Expansion by Prompting Large Language Models"."""

from __future__ import annotations

from dataclasses import replace

from ..parsing.parsers import ReasonedText, Terms
from ..prompting.formulation import Repeat
from ..prompting.llm_rewriter import LLMRewriter, Published

_REFERENCE = (
    "Jagerman, Zhuang, Qin, Wang & Bendersky. Query Expansion by Prompting Large Language "
    "Models. 2023"
)


class Q2D(LLMRewriter):
    """Appends a passage that answers the query; the prompt shows four examples.

    One generation, and ``query × 5 + passage``, as in all eight variants. :class:`Q2DZS` shows
    no examples, :class:`Q2DPRF` three feedback documents.

    Input columns: ``qid``, ``query``. Output columns: see
    :class:`~pyterrier_rewrite.LLMRewriter`.

    Args:
        llm: The language model.
        examples: Your own examples, ``[{"query": …, "passage": …}, …]``.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, Q2D
        >>> Q2D(FakeLLM("Sofas seat two.")).search("couch")["query"][0]
        'couch couch couch couch couch Sofas seat two.'
    """

    reference = _REFERENCE
    published = Published(prompt="jagerman/q2d", formulation=Repeat(5))


class Q2DZS(Q2D):
    """Appends a passage that answers the query; the prompt shows no examples (Q2D/ZS).

    All else as :class:`Q2D`.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, Q2DZS
        >>> Q2DZS(FakeLLM("Sofas seat two.")).search("couch")["query"][0]
        'couch couch couch couch couch Sofas seat two.'
    """

    published = replace(Q2D.published, prompt="jagerman/q2d-zs")


class Q2DPRF(Q2D):
    """Appends a passage that answers the query in view of the top three documents (Q2D/PRF).

    The documents take the place of the examples; all else as :class:`Q2D`.

    Input columns: ``qid``, ``query`` and, without ``feedback``, ``docno`` and ``text``; queries
    without results are then lost upstream.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, Q2DPRF
        >>> from pyterrier_rewrite.testing import sample_results
        >>> Q2DPRF(FakeLLM("Sofas seat two."))(sample_results())["query"][0][-33:]
        'red couch for two Sofas seat two.'
    """

    published = replace(Q2D.published, prompt="jagerman/q2d-prf", fb_docs=3)


class Q2E(LLMRewriter):
    """Appends keywords; the prompt shows four examples.

    One generation, and ``query × 5 + keywords``. :class:`Q2EZS` shows no examples,
    :class:`Q2EPRF` three feedback documents.

    Input columns: ``qid``, ``query``. Output columns: see
    :class:`~pyterrier_rewrite.LLMRewriter`.

    Args:
        llm: The language model.
        examples: Your own examples, ``[{"query": …, "keywords": …}, …]``.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, Q2E
        >>> Q2E(FakeLLM("Keywords: sofa, settee")).search("couch")["query"][0]
        'couch couch couch couch couch sofa settee'
    """

    reference = _REFERENCE
    published = Published(prompt="jagerman/q2e", parser=Terms(), formulation=Repeat(5))


class Q2EZS(Q2E):
    r"""Appends keywords; the prompt shows no examples (Q2E/ZS).

    All else as :class:`Q2E`.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, Q2EZS
        >>> Q2EZS(FakeLLM("- sofa\n- settee")).search("couch")["query"][0]
        'couch couch couch couch couch sofa settee'
    """

    published = replace(Q2E.published, prompt="jagerman/q2e-zs")


class Q2EPRF(Q2E):
    """Appends keywords that a model names in view of the top three documents (Q2E/PRF).

    The documents take the place of the examples; all else as :class:`Q2E`.

    Input columns: ``qid``, ``query`` and, without ``feedback``, ``docno`` and ``text``; queries
    without results are then lost upstream.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, Q2EPRF
        >>> from pyterrier_rewrite.testing import sample_results
        >>> Q2EPRF(FakeLLM("sofa, settee"))(sample_results())["query"][0][-29:]
        'red couch for two sofa settee'
    """

    published = replace(Q2E.published, prompt="jagerman/q2e-prf", fb_docs=3)


class CoT(LLMRewriter):
    """Appends an answer to the query with the reasons before it (chain of thought).

    One generation, and ``query × 5 + reasons and answer``. :class:`CoTPRF` shows three feedback
    documents.

    Input columns: ``qid``, ``query``. Output columns: see
    :class:`~pyterrier_rewrite.LLMRewriter`.

    Args:
        llm: The language model.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Example:
        >>> from pyterrier_rewrite import CoT, FakeLLM
        >>> CoT(FakeLLM("Couches seat many, so: a sofa.")).search("couch")["query"][0]
        'couch couch couch couch couch Couches seat many, so: a sofa.'
    """

    reference = _REFERENCE
    published = Published(prompt="jagerman/cot", parser=ReasonedText(), formulation=Repeat(5))


class CoTPRF(CoT):
    """Appends an answer with the reasons before it, in view of the top three documents (CoT/PRF).

    All else as :class:`CoT`.

    Input columns: ``qid``, ``query`` and, without ``feedback``, ``docno`` and ``text``; queries
    without results are then lost upstream.

    Example:
        >>> from pyterrier_rewrite import CoTPRF, FakeLLM
        >>> from pyterrier_rewrite.testing import sample_results
        >>> CoTPRF(FakeLLM("So: a sofa."))(sample_results())["query"][0][-29:]
        'red couch for two So: a sofa.'
    """

    published = replace(CoT.published, prompt="jagerman/cot-prf", fb_docs=3)
