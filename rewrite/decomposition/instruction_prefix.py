"""Instruction prefixes: say to a dense model what kind of document is wanted, or who asks."""

from __future__ import annotations

from typing import Final, Literal

import pandas as pd

from ..base import NewQuery, Rewriter, Rewritten
from ..columns import QUERY, QUERY_VEC
from ..protocols import Encoder
from ..text.safe import safe_text

FORMS: Final = {
    "tart": "{instruction} [SEP] {query}",
    "e5": "Instruct: {instruction}\nQuery: {query}",
    "plain": "{instruction} {query}",
}
"""How a family of models was trained to read instruction and query."""


class InstructionPrefix(Rewriter):
    """Puts a task instruction, or a user's background, before the query; no language model.

    For instruction-following dense models; a sparse engine would search for the instruction's
    words. Without an encoder the whole stands in ``query``, where every white space is a space.
    With one, the exact form is encoded into ``query_vec`` and the text stays as it was, so that
    sparse and dense search can follow side by side.

    Input columns: ``qid``, ``query``, and the column of ``instruction_from``. Output columns: the
    same, and ``query_vec`` with an encoder; see :class:`~pyterrier_rewrite.Rewriter`.

    Args:
        instruction: The instruction, such as ``"Retrieve a tool that does what is asked."``; for
            queries that bring none of their own.
        instruction_from: A query column with an instruction or a background of each query, such
            as ``qbackground``. A query with neither is left alone.
        form: ``"tart"`` (``instruction [SEP] query``), ``"e5"`` (``Instruct: … Query: …``, also
            of Qwen, Mistral and Linq models), ``"plain"``, or a text of your own with
            ``{instruction}`` and ``{query}``.
        encoder: Encodes queries: anything with ``encode(list[str]) -> array``, such as a dense
            index, which should then add no prefix of its own.
        on_error: ``"keep"`` the original text of a query that fails, or ``"raise"``.

    Raises:
        ValueError: On use, if ``form`` is none, or the column is missing.

    Example:
        >>> from pyterrier_rewrite import InstructionPrefix
        >>> InstructionPrefix("Find a tool for this.").search("umbrella today?")["query"][0]
        'Find a tool for this. [SEP] umbrella today?'
    """

    reference = (
        "Asai et al. Task-aware Retrieval with Instructions. Findings of ACL 2023; Oh et al. "
        "INSTRUCTIR: A Benchmark for Instruction Following of Information Retrieval Models. 2024"
    )

    def __init__(
        self,
        instruction: str = "",
        *,
        instruction_from: str | None = None,
        form: str = "tart",
        encoder: Encoder | None = None,
        on_error: Literal["keep", "raise"] = "keep",
    ) -> None:
        self.instruction = instruction
        self.instruction_from = instruction_from
        self.form = form
        self.encoder = encoder
        self.on_error = on_error

    @property
    def writes(self) -> tuple[str, ...]:
        """``query_vec`` with an encoder."""
        return () if self.encoder is None else (QUERY_VEC,)

    def check(self) -> None:
        """Raise if an argument cannot work."""
        super().check()
        self._template()

    def skip(self, queries: pd.DataFrame) -> list[str | None]:
        """Leave a query alone that has no instruction."""
        return [None if its else "no instruction" for its in self._instructions(queries)]

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Put each query into the form, and encode all of them at once."""
        texts = queries[QUERY].tolist()
        prefixed = list(map(self._prefixed, self._instructions(queries), texts))
        if self.encoder is None:
            return [Rewritten([NewQuery(text)]) for text in prefixed]
        vectors = self.encoder.encode(prefixed)
        return [
            Rewritten([NewQuery(text, vec=vector)])
            for text, vector in zip(texts, vectors, strict=True)
        ]

    def _instructions(self, queries: pd.DataFrame) -> list[str]:
        if self.instruction_from is None:
            return [self.instruction] * len(queries)
        if self.instruction_from not in queries.columns:
            raise ValueError(
                f"instruction_from names the column {self.instruction_from!r}, but the queries "
                f"have {sorted(queries.columns)}"
            )
        return [
            own if isinstance(own, str) and own.strip() else self.instruction
            for own in queries[self.instruction_from]
        ]

    def _template(self) -> tuple[str, str, str]:
        """Return what stands before the instruction, before the query, and after both."""
        template = FORMS.get(self.form, self.form)
        before, slot, rest = template.partition("{instruction}")
        between, second, after = rest.partition("{query}")
        if not (slot and second):
            raise ValueError(
                f"form should be one of {', '.join(FORMS)} or a text with {{instruction}} and, "
                f"after it, {{query}}; found {self.form!r}"
            )
        return before, between, after

    def _prefixed(self, instruction: str, query: str) -> str:
        before, between, after = self._template()
        return f"{before}{safe_text(instruction)}{between}{query}{after}"
