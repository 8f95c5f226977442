"""GenQREnsemble and GenQRFusion: keywords from ten wordings of one instruction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pandas as pd

from ..base import Rewritten
from ..columns import QUERY
from ..llm.base import LLM, Messages
from ..prompting.echoes import own_words
from ..prompting.formulation import Repeat, Several
from ..prompting.llm_rewriter import LLMRewriter
from ..prompting.prompt import Prompt
from .genqr import GenQR


class GenQREnsemble(LLMRewriter):
    """Appends the keywords that a model suggests on ten paraphrases of an instruction.

    Ten requests a query, one an instruction, each by nucleus sampling (``top_p`` .92). The new
    query is ``query + all keywords``; a keyword that comes up several times stays so often, which
    is its weight. :class:`GenQREnsembleRF` shows feedback documents too, :class:`GenQRFusion`
    makes a query of each instruction's keywords.

    Input columns: ``qid``, ``query``. Output columns: see
    :class:`~pyterrier_rewrite.LLMRewriter`.

    Args:
        llm: The language model.
        instructions: The instructions, at least one; or the name of a prompt whose messages are
            the instructions.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`; the prompt has
            the slots ``instruction`` and ``query``.

    Raises:
        ValueError: On use, if there is no instruction.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, GenQREnsemble
        >>> llm = FakeLLM(["sofa, settee", "sofa, divan"])
        >>> asks = ["Name synonyms.", "Name related terms."]
        >>> GenQREnsemble(llm, instructions=asks).search("couch")["query"][0]
        'couch sofa settee sofa divan'
    """

    reference = (
        "Dhole & Agichtein. GenQREnsemble: Zero-Shot LLM Ensemble Prompting for Generative Query "
        "Reformulation. ECIR 2024"
    )
    published = replace(GenQR.published, prompt="genqr/ensemble")

    def __init__(
        self,
        llm: LLM,
        *,
        instructions: str | Prompt | Sequence[str] = "genqr/instructions",
        **settings: Any,
    ) -> None:
        super().__init__(llm, **settings)
        self.instructions = instructions

    def wordings(self) -> list[str]:
        """Return the instructions, loaded."""
        if isinstance(self.instructions, (str, Prompt)):
            messages = Prompt.load(self.instructions).render()
            return [message["content"] for message in messages]
        if not self.instructions:
            raise ValueError("instructions should hold at least one instruction, found none")
        return list(self.instructions)

    def messages(self, queries: pd.DataFrame) -> list[Messages]:
        """Render one prompt an instruction, query by query."""
        wordings = self.wordings()
        return [
            template.render(instruction=wording, **values)
            for template, values in zip(self.templates(queries), self.slots(queries), strict=True)
            for wording in wordings
        ]

    def own_words(self) -> frozenset[str]:
        """Return what the prompt says itself, with every instruction."""
        return _with(super().own_words(), tuple(self.wordings()))

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Ask with every instruction; the keywords of one instruction are one part."""
        answers = self.generate(self.messages(queries), parser=self.parser)
        size = len(answers) // len(queries)
        groups = [answers[at : at + size] for at in range(0, len(answers), size)]
        keywords = [
            [" ".join(self.parse(answer, text)) for answer in group]
            for group, text in zip(groups, queries[QUERY], strict=True)
        ]
        parts = [[text for text in its if text] for its in keywords]
        return self.formed(queries, parts, groups)


@lru_cache(maxsize=64)
def _with(own: frozenset[str], wordings: tuple[str, ...]) -> frozenset[str]:
    return own | own_words(wordings)


class GenQREnsembleRF(GenQREnsemble):
    """Appends keywords on ten paraphrases of an instruction, in view of five feedback documents.

    All else as :class:`GenQREnsemble`.

    Input columns: ``qid``, ``query`` and, without ``feedback``, ``docno`` and ``text``; queries
    without results are then lost upstream.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, GenQREnsembleRF
        >>> from pyterrier_rewrite.testing import sample_results
        >>> rewriter = GenQREnsembleRF(FakeLLM("sofa"), instructions=["Name synonyms."])
        >>> rewriter(sample_results())["query"][0]
        'red couch for two sofa'
    """

    published = replace(GenQREnsemble.published, prompt="genqr/ensemble-rf", fb_docs=5)


class GenQRFusion(GenQREnsemble):
    """Makes a query of the keywords of each of ten instructions, to be fused.

    As :class:`GenQREnsemble`, but the queries are ``query + keywords of one instruction``. Fuse
    their rankings: ``GenQRFusion(llm) >> bm25 >> RRF()``.

    Output columns: also ``qgroup`` and ``qweight``, one row an instruction.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, GenQRFusion
        >>> llm = FakeLLM(["sofa", "divan"])
        >>> asks = ["Name synonyms.", "Name related terms."]
        >>> list(GenQRFusion(llm, instructions=asks).search("couch")["query"])
        ['couch sofa', 'couch divan']
    """

    reference = (
        "Dhole, Chandradevan & Agichtein. Generative Query Reformulation Using Ensemble "
        "Prompting, Document Fusion, and Relevance Feedback. 2024"
    )
    published = replace(GenQREnsemble.published, formulation=Several(formulation=Repeat(1)))


class GenQRFusionRF(GenQRFusion):
    """Makes a query of the keywords of each instruction, in view of five feedback documents.

    All else as :class:`GenQRFusion`.

    Input columns: ``qid``, ``query`` and, without ``feedback``, ``docno`` and ``text``; queries
    without results are then lost upstream.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, GenQRFusionRF
        >>> from pyterrier_rewrite.testing import sample_results
        >>> rewriter = GenQRFusionRF(FakeLLM("sofa"), instructions=["Name synonyms."])
        >>> rewriter(sample_results())["query"][0]
        'red couch for two sofa'
    """

    published = replace(GenQRFusion.published, prompt="genqr/ensemble-rf", fb_docs=5)
