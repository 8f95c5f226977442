"""Fixtures of the tests of training."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pyterrier_rewrite import LLMRewriter
from tests.support.training import eight_topics, local


@pytest.fixture
def topics() -> pd.DataFrame:
    return eight_topics()


@pytest.fixture
def rewriter(tiny_causal: Path) -> LLMRewriter:
    return local(tiny_causal)
