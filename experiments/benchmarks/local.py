"""Tokens a second of one GGUF file, run in three ways: ``pt-rewrite bench local``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Final

from rich.console import Console
from rich.table import Table

from pyterrier_rewrite.llm import LLM, LlamaCpp, Messages, OpenAILLM, TransformersLLM
from pyterrier_rewrite.llm.local.gguf import read_metadata
from pyterrier_rewrite.llm.local.llama_server import settings, start
from pyterrier_rewrite.prompting.prompt import Prompt

from ..shop import Shop

CONTEXT: Final = 1024
"""Tokens a prompt and its completion have room for."""


@dataclass(frozen=True)
class Rates:
    """What one way of running a model reaches.

    Attributes:
        way: How it is run.
        loading: Seconds until the first token of the first answer.
        alone: Tokens written a second, one prompt after the other.
        batched: Tokens written a second, all prompts in one call.
    """

    way: str
    loading: float
    alone: float
    batched: float


def measure_local(
    model: Path, *, prompts: int, max_tokens: int, threads: int, at_once: int
) -> Iterator[Rates]:
    """Yield what LlamaCpp, its server over HTTP, and TransformersLLM reach, as each is done.

    Prompts are Query2Doc's on queries of the generated shop, read before the first token of
    each answer; that time counts.

    Args:
        model: The GGUF file.
        prompts: How many, at least 4.
        max_tokens: Longest answer in tokens.
        threads: CPU threads, of torch too.
        at_once: Completions written at once in the batch.

    Raises:
        LLMError: If there is no such file, or it is not a GGUF.
    """
    import torch

    template = Prompt.load("query2doc/zero-shot")
    queries = Shop(500).get_topics("train")["query"].head(prompts)
    asked = [template.render(query=query) for query in queries]
    read_metadata(model)
    started = perf_counter()
    server = start(settings(model, context=CONTEXT, slots=at_once, threads=threads))
    served = OpenAILLM(model.name, base_url=f"{server.listening_address}/v1", concurrency=at_once)
    yield _rates("OpenAILLM, llama.cpp's server", served, asked, max_tokens, started)
    del server
    started = perf_counter()
    local = LlamaCpp(model, context=CONTEXT, batch_size=at_once, threads=threads)
    yield _rates("LlamaCpp", local, asked, max_tokens, started)
    local.close()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        started = perf_counter()
        whole = TransformersLLM(model.parent, gguf_file=model.name, batch_size=at_once)
        rates = _rates("TransformersLLM", whole, asked, max_tokens, started)
        dtype = str(whole.loaded().model.dtype).removeprefix("torch.")
        yield replace(rates, way=f"{rates.way}, {dtype}")
    finally:
        torch.set_num_threads(before)


def _rates(
    way: str, llm: LLM, prompts: Sequence[Messages], max_tokens: int, started: float
) -> Rates:
    llm.generate(prompts[:1], max_tokens=1)
    loading = perf_counter() - started
    half = len(prompts) // 2  # none is asked twice, or its beginning would be remembered
    alone = _rate(llm, [[prompt] for prompt in prompts[1:half]], max_tokens)
    return Rates(way, loading, alone, _rate(llm, [prompts[half:]], max_tokens))


def _rate(llm: LLM, batches: Sequence[Sequence[Messages]], max_tokens: int) -> float:
    """Return the tokens written a second."""
    started = perf_counter()
    answers = [answer for batch in batches for answer in llm.generate(batch, max_tokens=max_tokens)]
    return sum(answer.completion_tokens for answer in answers) / (perf_counter() - started)


def print_local(
    console: Console, model: Path, *, prompts: int, max_tokens: int, threads: int, at_once: int
) -> None:
    """Measure and print."""
    table = Table("", "loading, s", "tokens/s alone", f"tokens/s, {at_once} at once")
    for rates in measure_local(
        model, prompts=prompts, max_tokens=max_tokens, threads=threads, at_once=at_once
    ):
        numbers = (rates.loading, rates.alone, rates.batched)
        table.add_row(rates.way, *(f"{number:.1f}" for number in numbers))
    console.print(table)
    console.print(f"{model.name}, {prompts} prompts, {max_tokens} tokens, threads: {threads}")
