"""Query text without query-language operators."""

from __future__ import annotations

import re
from typing import Final

import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import QUERY
from pyterrier_rewrite.text.safe import safe_text
from pyterrier_rewrite.value import ValueTransformer

_OPERATOR: Final = re.compile(
    r"\bapplypipeline:\w*"  # switches stemming and stop words off
    r"|\^\d+(?:\.\d+)?"  # weight of a term
    r"|#\w+(?=[:(])"  # Indri-like operator: #1(…), #combine:0=0.5(…)
    r"|[^\w\s]|_",  # fields, phrases, required and excluded terms, groups, ranges
    re.IGNORECASE,
)


class PlainText(ValueTransformer):
    """Takes the operators of Terrier's query language out of queries, leaving their words.

    A rewriter's text comes from a model or a document, where ``:`` or ``-`` mean nothing to a
    search engine; Terrier's parser would fail on them or search for something else.

    Input columns: ``query`` and any others.

    Output columns: those of the input; ``query`` holds words and single spaces only, and is
    empty where there was no word.

    Example:
        >>> PlainText()(pd.DataFrame({"qid": ["1"], "query": ['title:"cat food"^2 -dog']}))
          qid               query
        0   1  title cat food dog
    """

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Clean every query of a frame; see the class."""
        pt.validate.columns(inp, includes=[QUERY], context=self)
        plain = [plain_text(text) for text in inp[QUERY]]
        out: pd.DataFrame = inp.assign(**{QUERY: pd.Series(plain, index=inp.index, dtype="str")})
        return out


def plain_text(text: str) -> str:
    """Return the words of a text, without any operator of Terrier's query language."""
    return " ".join(_OPERATOR.sub(" ", safe_text(text)).split())
