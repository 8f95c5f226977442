"""Every prompted method takes every kind of formulation."""

from __future__ import annotations

import numpy as np
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.testing import check_rewriter
from tests.house.test_contract import REWRITERS


class Lengths:
    """The smallest encoder."""

    def encode(self, texts):
        return np.array([[len(text), sum(map(ord, text))] for text in texts], dtype=float)

    def __eq__(self, other):
        return isinstance(other, Lengths)

    __hash__ = None


FORMULATIONS = {
    "terms": pr.AsTerms(pr.Interleave()),
    "vector": pr.MeanVector(Lengths()),
    "several": pr.Several((1, 0.5)),
}
METHODS = {
    type(rewriter): name
    for name, rewriter in ((name, make()) for name, make in REWRITERS.items())
    if isinstance(rewriter, pr.LLMRewriter)
}


@pytest.mark.parametrize("formulation", FORMULATIONS)
@pytest.mark.parametrize("name", METHODS.values())
def test_method_and_formulation(name, formulation):
    rewriter = REWRITERS[name]()
    check_rewriter(rewriter.apply_attributes(formulation=FORMULATIONS[formulation]))


@pytest.mark.parametrize(
    "formulation",
    [
        pr.Replace(),
        pr.AdaptiveRepeat(),
        pr.Interleave(),
        pr.WeightedTerms(0.3),
        pr.AsTerms(pr.AdaptiveRepeat()),
    ],
    ids=lambda formulation: type(formulation).__name__,
)
def test_every_formulation(formulation):
    rewriter = REWRITERS["Query2Doc"]()
    check_rewriter(rewriter.apply_attributes(formulation=formulation))
