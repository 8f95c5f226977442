"""What stands in for models and their answers where a training is rehearsed."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from pyterrier_rewrite import LLMRewriter
from pyterrier_rewrite.llm import LLM, FakeLLM, TransformersLLM
from pyterrier_rewrite.training.run.columns import CHOSEN, COMPLETION, GOOD, REJECTED, TARGET

Data = Callable[..., pd.DataFrame]
"""Makes a method's data of the rewriter; by a stand-in for its model, of some topics, if asked."""


def rehearsed(data: Data, rewriter: LLMRewriter, topics: pd.DataFrame) -> pd.DataFrame:
    """Return a method's data of some topics, made up where a model would have to write them."""
    stand_in = FakeLLM(lambda prompt, sample: f"{prompt[-1]['content']} {sample}")
    frame = data(rewriter, topics=topics, llm=stand_in)
    if len(frame) and not stand_in.calls:
        return frame
    texts = dict.fromkeys((TARGET, CHOSEN, REJECTED, COMPLETION), topics["query"])
    return pd.concat([topics.assign(**texts, **{GOOD: good}) for good in (True, False)])


def check_model(llm: LLM) -> None:
    """Raise if a local model is not there; whether a server is, only a request tells."""
    if isinstance(llm, TransformersLLM):
        llm.load(device="cpu", weights=False)
