"""Next queries, from a session and from what a person cares about."""

from __future__ import annotations

import os
import time as clock
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyterrier as pt

from ..columns import QTIME, QUERY, QUSER
from ..llm.base import LLM, Completions, Messages
from ..parsing.parsers import Queries
from ..prompting.formulation import Several
from ..prompting.llm_rewriter import Published
from ..prompting.prompt import Prompt
from ..ranges import Count
from ..stores.sqlite import Database, Layout, open_database
from ..text.entities import entities_in
from ..text.quoting import quoted
from ..text.safe import safe_text
from ..value import ValueTransformer
from .history import histories, limit_history
from .prompted import ConversationalRewriter

_LAYOUT = Layout(
    "entity store",
    0x7074_7265,  # ptre
    (
        """create table entities (
    user text not null, entity text not null, count integer not null, first real not null,
    last real not null, primary key (user, entity)
) without rowid
""",
    ),
    private=True,
    error=ValueError,
)


@dataclass(frozen=True)
class Entity:
    """One thing that a person searched for.

    Attributes:
        entity: Its name, as it was first written.
        count: In how many searches it stood.
        first: When it was first searched for, in seconds since 1970.
        last: When it was last searched for.
    """

    entity: str
    count: int
    first: float
    last: float


class EntityStore:
    """Counts the entities of each person's searches in a SQLite file that the user owns.

    Entity, count, first and last time: nothing else is kept, no query, no result. Nothing is
    recorded unless :class:`RememberEntities` stands in a pipeline or :meth:`add` is called. A
    person's entries can be exported and erased; what is erased is overwritten in the file. A new
    file can be read by its owner only.

    Args:
        path: The file; made at the first entry.

    Example:
        >>> import tempfile
        >>> store = EntityStore(Path(tempfile.mkdtemp()) / "entities.sqlite")
        >>> store.add("ann", ["Jaguar", "Brazil"], time=1.0)
        >>> store.add("ann", ["jaguar"], time=2.0)
        >>> [(entry.entity, entry.count, entry.last) for entry in store.top("ann")]
        [('Jaguar', 2, 2.0), ('Brazil', 1, 1.0)]
        >>> store.erase("ann"), store.export("ann")
        (2, [])

    Reference: Baek et al. Knowledge-Augmented Large Language Models for Personalized Contextual
    Query Suggestion. WWW 2024.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def add(self, user: str, entities: Iterable[str], *, time: float | None = None) -> None:
        """Count the entities of one search.

        Args:
            user: Id of the person.
            entities: The entities; one that comes twice counts once. Names that differ in case
                only are the same.
            time: When, in seconds since 1970; None for now.
        """
        when = clock.time() if time is None else time
        names: dict[str, str] = {}
        for name in map(safe_text, entities):
            names.setdefault(name.casefold(), name)
        names.pop("", None)
        if not names:
            return
        with self._open() as db:
            known = {
                name.casefold(): name
                for (name,) in db.execute("select entity from entities where user = ?", (user,))
            }
            db.execute_many(
                "insert into entities values (?, ?, 1, ?, ?) on conflict do update set "
                "count = count + 1, first = min(first, excluded.first), "
                "last = max(last, excluded.last)",
                [(user, known.get(key, name), when, when) for key, name in names.items()],
            )

    def top(self, user: str, count: int = 10) -> list[Entity]:
        """Return a person's entities, those searched most often first, then the latest."""
        rows = self._found(
            "select entity, count, first, last from entities where user = ? "
            "order by count desc, last desc, entity limit ?",
            (user, count),
        )
        return [Entity(*row) for row in rows]

    def export(self, user: str) -> list[dict[str, Any]]:
        """Return everything that is kept of a person, ready for JSON."""
        return [asdict(entity) for entity in self.top(user, -1)]

    def erase(self, user: str) -> int:
        """Erase everything that is kept of a person; return how many entries that was."""
        if not self.path.exists():
            return 0
        with self._open() as db:
            db.execute("delete from entities where user = ?", (user,))
            return int(db.execute("select changes()")[0][0])

    def users(self) -> list[str]:
        """Return the ids of the persons of whom something is kept."""
        rows = self._found("select distinct user from entities order by user")
        return [user for (user,) in rows]

    def _found(self, question: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return the rows that the file holds; without a file there are none."""
        if not self.path.exists():
            return []
        with self._open() as db:
            return db.execute(question, values)

    @contextmanager
    def _open(self) -> Iterator[Database]:
        with open_database(self.path, _LAYOUT) as file, file.transaction():
            yield file

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EntityStore) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return f"EntityStore({str(self.path)!r})"


class SuggestQueries(ConversationalRewriter):
    r"""Suggests next queries from the queries of a session (HRED's task).

    One generation, greedy, that lists five queries. With a store of entities, and a person in
    ``quser``, the model also sees the ten things that this person searched for most often
    (K-LaMP); without, nothing about a person is read. Nothing is ever recorded here, see
    :class:`RememberEntities`.

    Input columns: ``qid``, ``query`` (the last of the session) and, where there are any,
    ``qhistory`` (of which the user's messages are the session) and ``quser``. Output columns:
    ``qid`` (``<qid>~1``, …), ``query`` (a suggestion), ``qgroup``, ``qgroup_query``, ``qweight``;
    see :class:`~pyterrier_rewrite.Rewriter`.

    Args:
        llm: The language model; a small trained one will do.
        count: Suggestions a session, at least 1.
        entities: The store; None for suggestions that are not personal.
        top: Most entities in the prompt, at least 1.
        personal_prompt: The prompt for a person with entities, with the slots ``session``,
            ``entities`` and ``count``; ``prompt`` is that for everybody else, with ``session``
            and ``count``.
        history_tokens: Most tokens of the session in the prompt, at least 1, estimated.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Raises:
        ValueError: On use, if ``count`` or ``top`` is below 1.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, SuggestQueries
        >>> suggest = SuggestQueries(FakeLLM("red sofa bed\nsofa delivery"), count=2)
        >>> suggest.search("red sofa")["query"].tolist()
        ['red sofa bed', 'sofa delivery']
    """

    reference = (
        "Sordoni et al. A Hierarchical Recurrent Encoder-Decoder for Generative Context-Aware "
        "Query Suggestion. CIKM 2015; Baek et al. Knowledge-Augmented Large Language Models for "
        "Personalized Contextual Query Suggestion. WWW 2024"
    )
    published = Published(prompt="suggestion/session", parser=Queries(), formulation=Several())

    def __init__(
        self,
        llm: LLM,
        *,
        count: Count = 5,
        entities: EntityStore | None = None,
        top: Count = 10,
        personal_prompt: str | Prompt = "suggestion/personal",
        **settings: Any,
    ) -> None:
        super().__init__(llm, **settings)
        self.count = count
        self.entities = entities
        self.top = top
        self.personal_prompt = personal_prompt

    def slots(self, queries: pd.DataFrame) -> list[dict[str, str]]:
        """Fill in the session, how many queries to give, and what is known of the person."""
        filled = []
        rows = zip(queries[QUERY], histories(queries), self._known(queries), strict=True)
        for query, history, known in rows:
            searched = limit_history(history, tokens=self.history_tokens, responses=False)
            lines = [quoted(text) for text in [*(m["content"] for m in searched), query]]
            values = {"session": "\n".join(lines), "count": str(self.count)}
            filled.append({**values, "entities": known} if known else values)
        return filled

    def messages(self, queries: pd.DataFrame) -> list[Messages]:
        """Render one prompt a session, personal where something is known of the person."""
        personal = Prompt.load(self.personal_prompt)
        rows = zip(self.templates(queries), self.slots(queries), strict=True)
        return [(personal if "entities" in its else own).render(**its) for own, its in rows]

    def parse(self, answer: Completions, query: str = "") -> list[str]:
        """Return at most ``count`` suggestions: models like to give more."""
        return super().parse(answer, query)[: self.count]

    def _known(self, queries: pd.DataFrame) -> list[str]:
        """Return what is known of the person of each row, as it stands in a prompt."""
        if self.entities is None or QUSER not in queries.columns:
            return [""] * len(queries)
        shown: dict[str, str] = {}
        for user in queries[QUSER].unique():
            if isinstance(user, str):
                top = self.entities.top(user, self.top)
                shown[user] = "\n".join(f"{quoted(e.entity)} ({e.count} times)" for e in top)
        return [shown.get(user, "") for user in queries[QUSER]]


class RememberEntities(ValueTransformer):
    """Counts the entities of each query for the person who asks; the frame passes through.

    The only thing that writes into an :class:`~pyterrier_rewrite.EntityStore` by
    itself: leave it out, and nothing is kept. Every run counts again.

    Input columns: ``qid``, ``query``, ``quser`` (rows without one are not counted) and, where
    there is one, ``qtime`` (seconds since 1970; now by default). Output columns: the same.

    Args:
        entities: The store.
        extract: Returns the entities of a query; by default numbers and capitalised names, see
            :func:`~pyterrier_rewrite.text.entities.entities_in`.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> store = EntityStore(Path(tempfile.mkdtemp()) / "entities.sqlite")
        >>> searches = pd.DataFrame({"qid": ["1"], "query": ["how fast is a Jaguar"],
        ...     "quser": ["ann"]})
        >>> pipeline = RememberEntities(store)
        >>> out = pipeline(searches)
        >>> store.top("ann")[0].entity
        'Jaguar'
    """

    def __init__(
        self, entities: EntityStore, *, extract: Callable[[str], Iterable[str]] | None = None
    ) -> None:
        self.entities = entities
        self.extract = extract

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Count, and hand the frame through."""
        pt.validate.query_frame(inp, extra_columns=[QUERY, QUSER], context=self)
        extract = entities_in if self.extract is None else self.extract
        times = inp.get(QTIME, [None] * len(inp))
        for query, user, time in zip(inp[QUERY], inp[QUSER], times, strict=True):
            if isinstance(user, str) and isinstance(query, str):
                when = None if time is None or time != time else float(time)
                self.entities.add(user, extract(query), time=when)
        return inp
