"""One query, one rewriter: the rewrite, its cost, and what the engine finds before and after."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pyterrier_rewrite.columns import QCONVERSATION, QHISTORY, QID, QTURN, QUERY
from pyterrier_rewrite.conversation.history import ROLES, clean, message
from pyterrier_rewrite.errors import RewriteError

from ..build.names import fb_docs, needs, rewriters
from ..build.workbench import Workbench
from ..config.errors import ConfigError, check_known
from ..config.schema import ExperimentConfig


def show_trial(
    method: str,
    query: str,
    console: Console,
    *,
    parameters: dict[str, Any],
    collection: Any,
    model: str | None,
    base_url: str | None,
    local: bool,
    results: int,
    history: Sequence[str] = (),
) -> None:
    """Rewrite a query and print what happened; no judgement is needed.

    Args:
        method: The rewriter's name.
        query: The query.
        console: Where to print.
        parameters: Of the rewriter.
        collection: As in configs.
        model: Name or path of a model, for a method that asks one.
        base_url: Where it is served.
        local: Whether it is run here.
        results: Documents to show.
        history: What was said before, oldest first: the person's, or ``assistant: …``.

    Raises:
        ConfigError: If the method, a parameter or the model is missing or wrong.
    """
    known = rewriters()
    check_known("there is no method", method, known)
    if not query.strip():
        raise ConfigError("the query is empty")
    wanted = known[method]
    llms = _llms(method, model, base_url, local) if "LLM" in needs(wanted) else {}
    if fb_docs(wanted):
        parameters = {"feedback": ["bm25", "text"], **parameters}
    systems = {method: [{method: parameters}]}
    content = {"name": "try", "collection": collection, "llms": llms, "systems": systems}
    config = ExperimentConfig.model_validate(content)
    workbench = Workbench(config, verbose=console.is_terminal)
    topics = pd.DataFrame([{QID: "1", QUERY: query, **_turn(history)}])
    try:
        (rewriter,) = workbench.system(method)
    except ConfigError as error:  # it names a place in a config that the user never saw
        there, given = f"systems.{method}.0.{method}", r"\g<0>; give it by --set \1=VALUE"
        said = str(error).replace(f"{there}.", f"{method}.").replace(f"{there}:", f"{method}:")
        said = re.sub(r"the parameter '(\w+)' is missing", given, said)
        raise ConfigError(said) from error
    lacking = [column for column in rewriter.needs if column not in topics]
    if lacking:
        raise ConfigError(
            f"{method} reads the column {', '.join(map(repr, lacking))} beside the query, which "
            f"only topics have: pt-rewrite run a config with systems: {{mine: [{method}, bm25]}}"
        )
    rewritten = rewriter.transform(topics)
    _print_rewrite(rewritten, console)
    (status, *_) = rewritten["qstatus"]
    if status.startswith("failed"):
        raise RewriteError(f"{method} could not rewrite the query, {status}")
    engine = workbench.index.bm25(num_results=results, k1=config.index.k1, b=config.index.b)
    loader = workbench.index.text()
    _print_documents("before", loader(engine(topics)), console)
    for row in rewritten.index:
        title = "after" if len(rewritten) == 1 else f"after, query {row + 1}"
        found = loader(engine(rewritten.loc[[row]].reset_index(drop=True)))
        _print_documents(title, found, console)


def _turn(history: Sequence[str]) -> dict[str, Any]:
    """Return the columns of a turn of a conversation; none without a conversation."""
    if not history:
        return {}
    said = []
    for text in history:
        role, colon, content = text.partition(":")
        spoken = colon and role.strip().lower() in ROLES
        said.append(message(role.strip().lower(), content) if spoken else message(ROLES[0], text))
    turns = sum(one["role"] == ROLES[0] for one in said)
    return {QHISTORY: clean(said, "--history"), QCONVERSATION: "1", QTURN: turns + 1}


def _llms(method: str, model: str | None, base_url: str | None, local: bool) -> dict[str, Any]:
    if model is None:
        raise ConfigError(
            f"{method} needs a language model: give --model NAME with --base-url URL (a server "
            "that speaks OpenAI's protocol), --model FILE.gguf, or --model PATH --local"
        )
    if base_url is None and model.endswith(".gguf"):
        return {"model": {"type": "llama.cpp", "model": model}}
    if local:
        return {"model": {"type": "transformers", "model": model}}
    if base_url is None and "OPENAI_API_KEY" not in os.environ:
        raise ConfigError("give --base-url URL, or --local, or set OPENAI_API_KEY for OpenAI")
    return {"model": {"type": "openai", "model": model, "base_url": base_url}}


def _print_rewrite(rewritten: pd.DataFrame, console: Console) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for row in rewritten.to_dict("records"):
        table.add_row("query", escape(row["query_0"]))
        table.add_row("rewrite", escape(row["query"]))
        if "query_toks" in row:
            weights = sorted(row["query_toks"].items(), key=lambda item: -item[1])
            shown = "  ".join(f"{term} {weight:.3g}" for term, weight in weights)
            table.add_row("terms", escape(shown))
        table.add_row("status", escape(row["qstatus"]))
        usage = row["qusage"]
        table.add_row(
            "cost",
            f"{usage['requests']} requests ({usage['cached']} cached), "
            f"{usage['prompt_tokens']} + {usage['completion_tokens']} tokens, "
            f"{usage['seconds']:.2f} s",
        )
    console.print(table)


def _print_documents(title: str, results: pd.DataFrame, console: Console) -> None:
    table = Table(title=title, title_justify="left", box=None, show_header=False, pad_edge=False)
    for row in results.to_dict("records"):
        text = textwrap.shorten(row["text"], 110, placeholder=" …")
        table.add_row(f"{row['rank'] + 1}", f"{row['score']:.2f}", row["docno"], escape(text))
    console.print(table if len(results) else f"{title}: nothing found")
