"""K-LaMP's entity store: what a person searched for, light, local, and theirs."""

from __future__ import annotations

import os
import time as clock
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...stores.sqlite import Database, Layout, open_database
from ...text.safe import safe_text

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
        if not self.path.exists():
            return []
        with self._open() as db:
            rows = db.execute(
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
        if not self.path.exists():
            return []
        with self._open() as db:
            return [
                user for (user,) in db.execute("select distinct user from entities order by user")
            ]

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
