"""The reference from docstrings: every public name on one page, pages by what a name is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field

from docstrings import plain, summary
from library import PACKAGES, exports, package, public, rewriters
from rst import literal, page, table, title, toctree

import pyterrier_rewrite as pr
from pyterrier_rewrite import pipelines


def subclass(*kinds: type) -> Callable[[object], bool]:
    """Return a test for classes made from one of these."""
    return lambda thing: inspect.isclass(thing) and issubclass(thing, kinds)


def named(*names: str) -> Callable[[object], bool]:
    """Return a test for names."""
    return lambda thing: getattr(thing, "__name__", "") in names


@dataclass(frozen=True)
class Topic:
    """A page of the reference: the names of some packages, or those that pass a test."""

    name: str
    title: str
    intro: str
    test: Callable[[object], bool] = field(default=lambda _: True)
    packages: tuple[str, ...] = PACKAGES


FUSION = (pipelines.RRF, pipelines.CombSUM, pipelines.Interleave, pipelines.EntropyFusion)
RERANKING = (pipelines.CrossEncoderReranker, pipelines.DenseReranker)

TOPICS = (
    Topic(
        "contract",
        "The contract, and checking it",
        "What every rewriter promises, and what one of your own is made of: :doc:`/own-rewriter`.",
        named(
            "Rewriter",
            "NewQuery",
            "Rewritten",
            "LLMRewriter",
            "Published",
            "check_rewriter",
            "hostile_queries",
            "sample_topics",
            "sample_results",
        ),
    ),
    Topic(
        "llms",
        "Language models",
        "How they are used: :doc:`/models`.",
        packages=(".llm",),
    ),
    Topic(
        "prompts",
        "Prompts and examples",
        "How they are used: :doc:`/prompts`.",
        named(
            "Prompt",
            "ExamplePool",
            "ExampleSource",
            "ExamplesById",
            "RandomExamples",
            "SimilarExamples",
            "show_documents",
        ),
    ),
    Topic("parsers", "Parsers", "How an answer is read.", named("Text", "Terms", "Queries")),
    Topic(
        "formulations",
        "Formulations",
        "How the new query is formed from what was read.",
        subclass(pr.Formulation),
    ),
    Topic(
        "guards",
        "Guards",
        "Behind a rewriter: they put the original query back, or take repetitions out.",
        packages=(".guards",),
    ),
    Topic(
        "conversations",
        "Conversations",
        "Histories, stores and trained models around the rewriters: :doc:`/conversation`.",
        packages=(".conversation",),
    ),
    Topic(
        "saved",
        "Saved rewriters",
        "See :doc:`/saved-rewriters`.",
        named("SavedRewriter", "save_pretrained", "from_pretrained"),
    ),
    Topic("fusion", "Fusion", "Rankings joined.", subclass(*FUSION), (".pipelines",)),
    Topic(
        "reranking",
        "Reranking",
        "Rankings anew.",
        subclass(*RERANKING, pipelines.BiEncoderReranker),
        (".pipelines",),
    ),
    Topic(
        "engines",
        "Engines and ready pipelines",
        "How they are used: :doc:`/engines`.",
        packages=(".pipelines",),
    ),
    Topic(
        "rewards",
        "Rewards",
        "How they are used: :doc:`/rewards`.",
        packages=(".rewards",),
    ),
    Topic(
        "training",
        "Training",
        "How it is done: :doc:`/training`.",
        packages=(".training",),
    ),
    Topic("others", "Other names", "What terms and texts are, and what engines and models offer."),
)


def pages() -> dict[str, str]:
    """Return the pages of this kind, and the index of all names, by file name."""
    found = {topic.name: reference(topic, names) for topic, names in divided().items()}
    found["names"] = names_page()
    return found


def documented_elsewhere(name: str, thing: object) -> bool:
    """Say whether a name has its place on one of the other pages."""
    if inspect.isclass(thing) and issubclass(thing, BaseException):
        return True
    if ".experiments." in name:
        return True
    return any(thing is cls for cls in rewriters().values())


def divided() -> dict[Topic, list[str]]:
    """Return the names of each page; the first that takes a name has it."""
    found: dict[Topic, list[str]] = {topic: [] for topic in TOPICS}
    for name, thing in public().items():
        if not documented_elsewhere(name, thing):
            topic = next(topic for topic in TOPICS if takes(topic, thing))
            found[topic].append(name)
    return found


def takes(topic: Topic, thing: object) -> bool:
    """Say whether a page takes a name."""
    if not topic.test(thing):
        return False
    return any(
        thing is getattr(package(name), key) for name in topic.packages for key in exports(name)
    )


def reference(topic: Topic, names: list[str]) -> str:
    """Return a page of the reference."""
    pieces = []
    for name in sorted(names, key=lambda name: name.rpartition(".")[2].lower()):
        if inspect.isclass(public()[name]):
            pieces.append(f".. autoclass:: {name}\n   :members:\n   :show-inheritance:\n")
        else:
            pieces.append(f".. autofunction:: {name}\n")
    return page(title(topic.title), topic.intro, *pieces)


def names_page() -> str:
    """Return the index of all public names, a table a package."""
    pieces = []
    for name in PACKAGES:
        rows = []
        for key in sorted(exports(name), key=str.lower):
            thing = getattr(package(name), key)
            full = next((known for known, value in public().items() if value is thing), None)
            if full is None:
                rows.append((literal(key), literal(repr(thing))))
                continue
            role = "class" if inspect.isclass(thing) else "func"
            rows.append((f":{role}:`{key} <{full}>`", plain(summary(thing))))
        module = f"pyterrier_rewrite{name}"
        pieces += [
            f".. py:module:: {module}\n",
            title(literal(module), "-"),
            summary(package(name)) + "\n",
            table(("name", "is"), rows, "25 75"),
        ]
    return page(
        title("All public names"),
        "What the packages export. A name that several packages export is one and the same.",
        *pieces,
    )


def index() -> str:
    """Return the front page of the reference."""
    return page(
        title("Reference"),
        "Made from the library itself: what stands here is what the installed version does.",
        title("Look up", "-"),
        toctree(["methods/index", "columns", "errors", "config", "collections", "names"]),
        title("By topic", "-"),
        toctree([topic.name for topic in TOPICS]),
    )
