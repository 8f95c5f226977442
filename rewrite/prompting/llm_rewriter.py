"""The rewriter behind every prompted method: prompt, model, parser, formulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal

import pandas as pd
import pyterrier as pt

from ..base import DOCUMENTS, Rewriter, Rewritten
from ..columns import QUERY, skipped
from ..errors import LLMError
from ..llm.base import LLM, Completions, Messages, Sampling
from ..parsing.failures import is_failure
from ..parsing.loops import is_loop, without_loop
from ..parsing.parsers import Parser, Text, without_unfinished_item, without_unfinished_word
from ..parsing.words import says_something
from ..protocols import Analyzer
from ..ranges import Count, Natural, Portion, Positive, Weight
from ..text.analysis import has_content
from ..text.pool import Example
from .documents import show_documents
from .echoes import without_echoes, without_examples, without_pointing, without_tags
from .examples import ExampleSource
from .formulation import Formulation, Keep, Replace, Vector
from .outcome import NOTHING_USABLE, outcome, says_no_more
from .prompt import Prompt


@dataclass(frozen=True)
class Published:
    """What a method's paper says; each value can be replaced in the constructor.

    Attributes:
        prompt: Name of the prompt.
        parser: How a generation is read.
        formulation: How the new query is formed.
        n: Generations a query.
        temperature: 0 is greedy.
        top_p: Nucleus mass.
        max_tokens: Longest generation.
        stop: Texts that end a generation.
        fb_docs: Feedback documents in the prompt.
        include_original: Whether the original is kept among several queries.
    """

    prompt: str | Prompt | None = None
    parser: Parser = field(default_factory=Text)
    formulation: Formulation = field(default_factory=Replace)
    n: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    fb_docs: int = 0
    include_original: bool = False


class LLMRewriter(Rewriter):
    """Rewrites queries with a prompt.

    Every prompted method is this class with its published settings, so any part can be
    replaced by another. Arguments left at None take the published value.

    Input columns: ``qid``, ``query``; with ``fb_docs`` also documents, see
    :class:`~pyterrier_rewrite.Rewriter`. Output columns: the same, and ``query_toks`` or
    ``query_vec`` if the formulation writes it.

    Args:
        llm: The language model.
        prompt: A prompt, or its name (``family/name``, or ``file.yaml#name``). Its slots are
            ``query`` and, with feedback, ``documents``.
        parser: How a generation is read.
        formulation: How the new query is formed.
        n: Generations a query.
        temperature: 0 is greedy.
        top_p: Nucleus mass in (0, 1].
        max_tokens: Longest generation, in tokens.
        stop: Texts that end a generation.
        seed: Makes sampling repeatable; without one, a sampling rewriter equals only itself.
        examples: Few-shot examples in place of the prompt's own: a list for all queries, or a
            source that chooses for each, such as
            :class:`~pyterrier_rewrite.SimilarExamples`.
        feedback: Pipeline that finds feedback documents with their ``text``.
        fb_docs: Feedback documents a query.
        doc_tokens: Longest document in a prompt, in tokens (estimated), at least 1; longer ones
            are cut. See :func:`~pyterrier_rewrite.show_documents`.
        include_original: Keep the original among several queries.
        deadline: Seconds that a call of the rewriter may take, over 0, with all its requests and
            their tries; what is late keeps its text and says ``failed: deadline``. None sets no
            limit; see also :func:`~pyterrier_rewrite.time_limit`.
        on_error: ``"keep"`` the original text of a query that fails, or ``"raise"``.

    Example:
        >>> import pandas as pd
        >>> from pyterrier_rewrite import FakeLLM, LLMRewriter, Prompt
        >>> shorten = Prompt("mine/short", 1, (("user", "Shorten: {query}"),), ("query",))
        >>> rewriter = LLMRewriter(FakeLLM("red sofa"), prompt=shorten)
        >>> topics = pd.DataFrame([{"qid": "1", "query": "I need a sofa, a red one"}])
        >>> rewriter(topics)[["qid", "query", "query_0", "qstatus"]].values.tolist()
        [['1', 'red sofa', 'I need a sofa, a red one', 'ok']]
    """

    published: ClassVar[Published] = Published()

    at_once: int | None = 8192

    def __init__(
        self,
        llm: LLM,
        *,
        prompt: str | Prompt | None = None,
        parser: Parser | None = None,
        formulation: Formulation | None = None,
        n: Count | None = None,
        temperature: Weight | None = None,
        top_p: Portion | None = None,
        max_tokens: Count | None = None,
        stop: Sequence[str] | None = None,
        seed: int | None = None,
        examples: Sequence[Example] | ExampleSource | None = None,
        feedback: pt.Transformer | None = None,
        fb_docs: Natural | None = None,
        doc_tokens: Count = 512,
        include_original: bool | None = None,
        deadline: Positive | None = None,
        on_error: Literal["keep", "raise"] = "keep",
    ) -> None:
        published = self.published
        self.llm = llm
        self.prompt = published.prompt if prompt is None else prompt
        self.parser = published.parser if parser is None else parser
        self.formulation = published.formulation if formulation is None else formulation
        self.n = published.n if n is None else n
        self.temperature = published.temperature if temperature is None else temperature
        self.top_p = published.top_p if top_p is None else top_p
        self.max_tokens = published.max_tokens if max_tokens is None else max_tokens
        self.stop = published.stop if stop is None else stop
        self.seed = seed
        self.examples = examples
        self.feedback = feedback
        self.fb_docs = published.fb_docs if fb_docs is None else fb_docs
        self.doc_tokens = doc_tokens
        self.include_original = (
            published.include_original if include_original is None else include_original
        )
        self.deadline = deadline
        self.on_error = on_error

    def check(self) -> None:
        """Raise if model, prompt, parser, formulation or sampling cannot work."""
        super().check()
        if not isinstance(self.llm, LLM):
            raise TypeError(
                "llm should be a language model, such as OpenAILLM('qwen3:8b', base_url=…), found "
                f"{self.llm!r}"
            )
        if not isinstance(self.formulation, Formulation):
            found = self.formulation
            raise TypeError(f"formulation should be one, such as Repeat(5), found {found!r}")
        if not callable(self.parser):
            raise TypeError(f"parser should be one, such as Text(), found {self.parser!r}")
        if self.prompt is not None and not isinstance(self.examples, ExampleSource):
            self.template()
        Sampling(self.n, self.temperature, self.top_p, self.max_tokens, tuple(self.stop))

    @property
    def writes(self) -> tuple[str, ...]:
        """The query forms that the formulation writes."""
        return self.formulation.writes

    @property
    def several(self) -> bool:
        """Whether the formulation makes several queries."""
        return self.formulation.several

    @property
    def analyzer(self) -> Analyzer:
        """The formulation's analyzer, if it has one."""
        return getattr(self.formulation, "analyzer", super().analyzer)

    def original_vector(self, text: str) -> Vector | None:
        """Return the formulation's vector of an unchanged query."""
        return self.formulation.original_vector(text)

    def template(self) -> Prompt:
        """Return the prompt, loaded and with its examples."""
        if self.prompt is None:
            raise ValueError(f"{type(self).__name__} needs a prompt=")
        template = Prompt.load(self.prompt)
        if isinstance(self.examples, ExampleSource):
            raise ValueError(
                f"{type(self).__name__} shows the same examples to every query: expected "
                f"examples=[{{…}}, …], found {self.examples!r}"
            )
        return template if self.examples is None else template.with_examples(self.examples)

    def templates(self, queries: pd.DataFrame) -> list[Prompt]:
        """Return the prompt of each query, with its examples."""
        if not isinstance(self.examples, ExampleSource):
            return [self.template()] * len(queries)
        template = Prompt.load(self.prompt or "")
        return [template.with_examples(its) for its in self.examples.for_queries(queries)]

    def slots(self, queries: pd.DataFrame) -> list[dict[str, str]]:
        """Return what each query's prompt is filled with; methods with other slots override it."""
        filled = [{"query": query} for query in queries[QUERY].tolist()]
        if self.fb_docs > 0:
            for values, documents in zip(filled, queries[DOCUMENTS], strict=True):
                values["documents"] = self.show(documents)
        return filled

    def messages(self, queries: pd.DataFrame) -> list[Messages]:
        """Render one prompt a query."""
        rows = zip(self.templates(queries), self.slots(queries), strict=True)
        return [template.render(**values) for template, values in rows]

    def show(self, documents: Sequence[Mapping[str, Any]]) -> str:
        """Show feedback documents in a prompt, each within ``doc_tokens``."""
        return show_documents(documents, doc_tokens=self.doc_tokens)

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Ask the model once for the whole batch, then parse and form."""
        answers = self.generate(self.messages(queries), parser=self.parser)
        parts = list(map(self.parse, answers, queries[QUERY].tolist()))
        asked = [[answer] for answer in answers]
        return self.formed(queries, parts, asked, unusable="no usable text in the answer")

    def formed(
        self,
        queries: pd.DataFrame,
        parts: Sequence[Sequence[str]],
        answers: Sequence[Sequence[Completions]],
        *,
        unusable: str = NOTHING_USABLE,
    ) -> list[Rewritten]:
        """Form the new queries.

        Args:
            queries: One row a query.
            parts: For each query what it is formed of; if nothing, or function words only, it
                stays as it is.
            answers: For each query every answer of the model, in the order of the requests.
            unusable: What to say of a query without parts whose requests did not fail.
        """
        texts = queries[QUERY].tolist()
        if not isinstance(self.formulation, Keep):
            parts = [
                [part for part in its if has_content(part) or not has_content(text)]
                for its, text in zip(parts, texts, strict=True)
            ]
        rows = zip(answers, self.formulation.form_batch(texts, parts), texts, strict=True)
        found = [outcome(its, new, unusable, query=text) for its, new, text in rows]
        if isinstance(self.formulation, Keep | Replace):
            return found
        for its, text in zip(found, texts, strict=True):
            if its.queries and all(says_no_more(new, text) for new in its.queries):
                its.queries, its.status = [], skipped("unchanged")
        return found

    def generate(
        self, prompts: Sequence[Messages], *, parser: Parser | None = None
    ) -> list[Completions]:
        """Send prompts with this rewriter's sampling settings.

        Args:
            prompts: One a request.
            parser: What will read the answers: if it reads lists and the model is to be held to
                a JSON schema, the parser's is asked for; not where turns of the assistant show
                how an answer looks, since small models then write neither.
        """
        shown = any(message["role"] == "assistant" for prompt in prompts for message in prompt)
        free = shown or not self.llm.constrains
        try:
            return self.llm.generate(
                prompts,
                n=self.n,
                temperature=self.temperature,
                top_p=self.top_p,
                max_tokens=self.max_tokens,
                stop=tuple(self.stop),
                seed=self.seed,
                schema=None if free else getattr(parser, "schema", None),
            )
        except LLMError as error:
            if self.on_error == "raise":
                raise
            # what earlier steps brought is used
            return [Completions([], error=str(error)) for _ in prompts]

    def parse(self, answer: Completions, query: str = "") -> list[str]:
        """Read the parts of all generations of one answer.

        Args:
            answer: What the model wrote.
            query: What it was asked about: an answer that begins like it is no refusal, and one
                that repeats it no echo.
        """
        told = {"query": query} if getattr(self.parser, "takes_query", False) else {}
        parts = [
            part if part == text.strip() else self._own(part, query)
            for text in self.heard(answer, query)
            for part in without_unfinished_item(self.parser(text, **told), cut=answer.cut)
        ]
        return [part for part in parts if says_something(part)]

    def heard(self, answer: Completions, query: str = "") -> list[str]:
        """Return what the generations of one answer say, for a parser to read.

        Half words at the limit are left out, and loops, error messages, and what only repeats
        the prompt.
        """
        texts = map(without_unfinished_word, answer.texts) if answer.cut else answer.texts
        return [
            "" if is_loop(text) or is_failure(text, query) else self._own(text, query)
            for text in texts
        ]

    def _own(self, text: str, query: str) -> str:
        """Return what a text says of its own, once."""
        text = without_tags(without_echoes(without_loop(text), self.own_words(), query))
        text = without_pointing(text, query, shown=self.fb_docs > 0)
        prompt = Prompt.load(self.prompt) if self.prompt and self.examples is None else None
        return without_examples(text, prompt.example_lines, query) if prompt else text

    def own_words(self) -> frozenset[str]:
        """Return what the prompts say themselves: an answer that repeats it says nothing."""
        names = _names_of_prompts(type(self))  # type: ignore[arg-type]  # classes can be hashed
        prompts = [getattr(self, name) for name in names]
        said = [Prompt.load(prompt).own_words for prompt in prompts if prompt]
        return said[0] if len(said) == 1 else frozenset[str]().union(*said)

    @classmethod
    def default(cls, name: str) -> Any:
        """Return the published value of an argument, where there is one."""
        return getattr(cls.published, name, super().default(name))

    @property
    def repeatable(self) -> bool:
        """Whether the model is asked greedily, or with a seed."""
        return self.temperature == 0 or self.seed is not None


@lru_cache(maxsize=256)
def _names_of_prompts(rewriter: type[LLMRewriter]) -> tuple[str, ...]:
    return tuple(name for name in rewriter.parameters() if name.endswith("prompt"))
