"""``pt-rewrite bench``: a command a benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from .options import from_yaml

bench = typer.Typer(help="Measure speed and effectiveness, a command each.", no_args_is_help=True)


@bench.command()
def overhead(
    queries: Annotated[int, typer.Option(min=1, help="Queries in the frame.")] = 100_000,
) -> None:
    """Queries a second through Query2Doc with a model that answers at once."""
    from ..benchmarks.overhead import print_overhead

    print_overhead(Console(), queries=queries)


@bench.command()
def server(
    requests: Annotated[int, typer.Option(min=1, help="Requests a round.")] = 2000,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests in flight.")] = 256,
    latency: Annotated[float, typer.Option(min=0, help="Seconds a request.")] = 0.05,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each way.")] = 5,
) -> None:
    """OpenAILLM against the bare client: many at once, and one query at a time."""
    from ..benchmarks.server import print_server

    print_server(
        Console(), requests=requests, concurrency=concurrency, latency=latency, rounds=rounds
    )


@bench.command()
def soak(
    queries: Annotated[int, typer.Option(min=1, help="Queries.")] = 2000,
    share: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the requests that fail.")
    ] = 0.3,
) -> None:
    """Queries against a server that fails in seventeen ways: none may be lost or spoilt."""
    from ..benchmarks.soak import print_soak

    print_soak(Console(), queries=queries, share=share)


@bench.command()
def rewards(
    candidates: Annotated[int, typer.Option(min=1, help="Candidate queries.")] = 2048,
    products: Annotated[int, typer.Option(min=100, help="Documents in the index.")] = 100_000,
) -> None:
    """Candidates a second through SearchFeedback beside the engine alone."""
    from ..benchmarks.rewards import print_rewards

    print_rewards(Console(), candidates=candidates, products=products)


@bench.command()
def expansion(
    collection: Annotated[
        str | None,
        typer.Option(
            "--collection", "-c", help="As in configs; by default irds:vaswani, or the shop."
        ),
    ] = None,
    topics: Annotated[int, typer.Option(min=1, help="Queries, the first ones.")] = 93,
    latency: Annotated[float, typer.Option(min=0, help="Seconds a request.")] = 0.05,
) -> None:
    """Every prompted method against a loopback server, in under two minutes."""
    from ..benchmarks.expansion import print_expansion

    wanted = collection and from_yaml(collection, "--collection")
    print_expansion(Console(), collection=wanted, topics=topics, latency=latency)


@bench.command()
def conversation(
    conversations: Annotated[int, typer.Option(min=1, help="Conversations of ten turns.")] = 1000,
    model: Annotated[
        str | None,
        typer.Option("--model", help="Token classifier; by default one of MiniLM's size."),
    ] = None,
) -> None:
    """Turns a second through QuReTeC beside its bare model, and through HQE."""
    from ..benchmarks.conversation import print_conversation

    print_conversation(Console(), conversations=conversations, model=model)


@bench.command()
def conversation_quality(
    folders: Annotated[list[Path], typer.Argument(help="Collections: BEIR folders.")],
    model: Annotated[str | None, typer.Option(help="Encoder to train QuReTeC from.")] = None,
    rewrites: Annotated[Path | None, typer.Option(help="Folder of rewrites to compare.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the reports.")] = Path("runs/conversation"),
    folds: Annotated[int, typer.Option(min=2, help="Parts of the conversations.")] = 5,
    epochs: Annotated[float, typer.Option(min=0, help="Passes over the training turns.")] = 5,
    bfloat16: Annotated[bool, typer.Option("--bfloat16", help="Train in bfloat16.")] = False,
) -> None:
    """How well conversational rewriters find, cross-validated over conversations."""
    from ..benchmarks.conversation_quality import run

    dtype: Literal["float32", "bfloat16"] = "bfloat16" if bfloat16 else "float32"
    run(folders, model=model, rewrites=rewrites, out=out, folds=folds, epochs=epochs, dtype=dtype)


@bench.command()
def local(
    model: Annotated[Path, typer.Argument(help="A GGUF file.")],
    prompts: Annotated[int, typer.Option(min=4, help="Half alone, half in a batch.")] = 32,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 32,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    at_once: Annotated[int, typer.Option(min=1, help="Answers written at once.")] = 8,
) -> None:
    """Tokens a second of one model through LlamaCpp, llama.cpp's server and transformers."""
    from ..benchmarks.local import print_local

    print_local(
        Console(), model, prompts=prompts, max_tokens=max_tokens, threads=threads, at_once=at_once
    )


@bench.command()
def scratch(
    parameters: Annotated[int, typer.Option(min=200_000, help="Most parameters.")] = 1_300_000,
) -> None:
    """A small rewriter from scratch: milliseconds a query, queries a second."""
    from ..benchmarks.scratch import print_scratch

    print_scratch(Console(), parameters=parameters)
