"""Conversations as they are handed out: the files of CAsT, iKAT, QReCC and TopiOCQA."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from ..columns import QCONVERSATION, QHISTORY, QID, QPTKB, QREWRITE, QTURN, QUERY
from ..rewritten import objects
from ..text.files import FileError, TextFile, from_json
from .history import ROLES, History, clean, exchange, message

TURNS = ("turn", "turns", "responses")
UTTERANCE = ("raw_utterance", "utterance", "user_utterance", "question", "cur_utt_text", "query")
RESPONSE = ("response", "passage", "answer", "truth_answer")
REWRITE = (
    QREWRITE,
    "manual_rewritten_utterance",
    "resolved_utterance",
    "truth_rewrite",
    "rewrite",
    "oracle_utt_text",
    "oracle_rewrite",
)
CONTEXT = (QHISTORY, "context", "ctx_utts_text", "history")
PLACES = (
    (QCONVERSATION, QTURN),
    ("sample_id",),
    ("conversation_no", "turn_no"),
    ("conversation_id", "turn_id"),
    ("conv_id", "turn_id"),
    ("qid",),
    ("id",),
)
"""Where a turn that stands alone says its conversation and its number: in one key, or in two.

Keys are compared in lower case: QReCC is handed on in several spellings.
"""


def read_conversations(
    path: str | PathLike[str], *, error: type[ValueError] = FileError
) -> pd.DataFrame:
    """Read conversations from the JSON file of a collection, or from JSONL (an object a line).

    Understood by their keys are TREC CAsT 2019 to 2022 (one conversation after another; of 2022
    also the trees and the flattened paths, where a turn that several paths share comes once),
    TREC iKAT 2023 to 2025, QReCC (as handed out, and with the keys of SCAI-QReCC) and TopiOCQA,
    both also as ConvGQR prepares them (``sample_id``, ``cur_utt_text``), with keys in upper or
    lower case and ids in one key (``qid``, ``id``) or two (``conversation_id``, ``turn_id``);
    and topics in our own columns, as ``DataFrame.to_json(orient="records")`` writes them.
    Where the file has what the system answered, the history has it too. A turn that stands
    alone and has no context of its own comes after the earlier turns of its conversation.

    Args:
        path: The file, plain or ``.gz``.
        error: What to raise.

    Returns:
        ``qid`` (``<conversation>_<turn>``, as in the judgements), ``query`` (the raw utterance,
        an empty text where it is missing), ``qconversation``, ``qturn`` (depth, from 1),
        ``qhistory``, ``qrewrite`` (the reference, the first of a list, None where missing),
        ``qptkb`` (what is known of the person).

    Raises:
        ValueError: If the file is not there, no JSON or of none of these formats, or a turn
            comes twice or out of order.
    """
    file = TextFile(Path(path).expanduser(), error)
    content = _lowered(_content(file))
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        raise file.wrong("expected a list of conversations or of turns", "check the format")
    try:
        rows = list(_turns(content))
    except ValueError as problem:
        raise file.wrong(str(problem), "correct the file") from problem
    if not rows:
        raise file.wrong("no turn", "expected at least one")
    if not any(row[QUERY] for row in rows):
        raise file.wrong("no turn says what was asked", f"expected one of the keys {UTTERANCE}")
    topics: dict[str, dict[str, Any]] = {}
    for row in rows:
        first = topics.setdefault(row[QID], row)  # paths share their beginnings
        if (first[QUERY], first[QHISTORY]) != (row[QUERY], row[QHISTORY]):
            twice = f"turn {row[QID]!r} comes twice and differs"
            raise file.wrong(twice, "give each conversation a number of its own")
    frame: pd.DataFrame = pd.DataFrame(list(topics.values()))
    frame[QREWRITE] = objects([row[QREWRITE] for row in topics.values()])  # None, not NaN
    return frame


def _content(file: TextFile) -> Any:
    """Return the JSON value of a file, or the list of those that stand a line each."""
    try:
        content = from_json("\n".join(line for _, line in file.lines()))
    except ValueError as problem:
        if file.starts_with("{"):
            return [record for _, record in file.objects()]
        remedy = "expected one JSON list, or one JSON object a line; is the file whole?"
        raise file.wrong(f"not valid JSON ({problem})", remedy) from problem
    return [content] if isinstance(content, dict) else content


def _turns(content: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    if all(_place(entry) and not any(name in entry for name in TURNS) for entry in content):
        yield from _flat(content)
        return
    for topic in content:
        turns = next((topic[name] for name in TURNS if name in topic), None)
        if "number" not in topic or not isinstance(turns, list):
            raise ValueError(
                "expected conversations with 'number' and 'turn' (TREC CAsT), 'turns' or "
                "'responses' (TREC iKAT), or turns with 'Conversation_no' and 'Turn_no', "
                "'sample_id' or 'qid' (QReCC, TopiOCQA), "
                f"found the keys {sorted(topic)}; a table with a row a turn is one for with_history"
            )
        walk = _tree if any("participant" in turn for turn in turns) else _path
        facts = topic.get("ptkb") or {}
        known = list(facts.values()) if isinstance(facts, Mapping) else list(facts)
        for row in walk(str(topic["number"]), turns):
            yield {**row, QPTKB: known}


def _path(conversation: str, turns: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the turns of one conversation, told from its beginning."""
    history: History = []
    seen: set[str] = set()
    last = 0
    for depth, turn in enumerate(turns, 1):
        label = str(turn.get("number", turn.get("turn_id", depth)))
        number = int(label) if label.isdigit() else last
        if label in seen or number < last:
            problem = "comes twice" if label in seen else f"comes after turn {last}"
            raise ValueError(f"conversation {conversation!r}: turn {label} {problem}")
        last = number
        seen.add(label)
        yield _row(conversation, label, depth, history, turn)
        history = [*history, *_said(conversation, label, turn)]


def _tree(conversation: str, turns: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the user's turns of a tree, each with the path that leads to it."""
    paths: dict[str | None, tuple[int, History]] = {None: (0, [])}
    for turn in turns:
        label, parent = str(turn["number"]), turn.get("parent")
        if label in paths or parent not in paths:
            problem = "comes twice" if label in paths else f"comes before its parent {parent}"
            raise ValueError(f"conversation {conversation!r}: turn {label} {problem}")
        depth, history = paths[parent]
        if turn.get("participant") == "User":
            depth += 1
            yield _row(conversation, label, depth, history, turn)
        paths[label] = (depth, [*history, *_said(conversation, label, turn)])


def _flat(content: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield turns that each stand alone, with what was said before in a context of their own."""
    places = [_checked_place(turn) for turn in content]
    told: dict[str, dict[int, History]] = {}
    for (conversation, number), turn in zip(places, content, strict=True):
        said = told.setdefault(conversation, {})
        said.setdefault(number, _said(conversation, str(number), turn))
    seen: set[str] = set()
    for (conversation, number), turn in zip(places, content, strict=True):
        if any(name in turn for name in CONTEXT):
            history = _context(conversation, number, turn)
        else:
            before = sorted(at for at in told[conversation] if at < number)
            history = [each for at in before for each in told[conversation][at]]
        row = _row(conversation, str(number), number, history, turn)
        if QCONVERSATION in turn and turn.get(QID) is not None:
            row[QID] = str(turn[QID])  # a frame of ours names its turns itself
        if row[QID] in seen:
            raise ValueError(f"conversation {conversation!r}: turn {number} comes twice")
        seen.add(row[QID])
        yield {**row, QPTKB: turn.get(QPTKB) or []}


def _context(conversation: str, number: int, turn: Mapping[str, Any]) -> History:
    """Return what a turn says was said before it: texts in turn, or messages."""
    context: Any = next((turn[name] for name in CONTEXT if turn.get(name)), [])
    if not isinstance(context, list):
        raise ValueError(
            f"conversation {conversation!r}: expected the context of turn {number} as a list of "
            f"what was said in turn, found {context!r:.80}"
        )
    said = [
        entry if isinstance(entry, Mapping) else message(ROLES[at % 2], entry)
        for at, entry in enumerate(context)
    ]
    return clean(said, f"the context of turn {number} of conversation {conversation!r}")


def _checked_place(turn: Mapping[str, Any]) -> tuple[str, int]:
    conversation, label = _place(turn) or ("", "")
    if not label.isdecimal():
        raise ValueError(f"conversation {conversation!r}: turn {label} should be a whole number")
    return conversation, int(label)


def _place(turn: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the conversation and the number of a turn that stands alone, if it says them."""
    for keys in PLACES:
        if all(turn.get(key) is not None for key in keys):
            values = [str(turn[key]) for key in keys]
            conversation, _, label = "_".join(values).rpartition("_")
            if conversation:
                return conversation, label
    return None


def _lowered(value: Any) -> Any:
    """Return JSON with the keys of its objects in lower case."""
    if isinstance(value, list):
        return [_lowered(entry) for entry in value]
    if isinstance(value, dict):
        return {key.lower(): _lowered(entry) for key, entry in value.items()}
    return value


def _row(
    conversation: str, label: str, depth: int, history: History, turn: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        QID: f"{conversation}_{label}",
        QUERY: _first(turn, UTTERANCE) or "",
        QCONVERSATION: conversation,
        QTURN: depth,
        QHISTORY: history,
        QREWRITE: _first(turn, REWRITE),
    }


def _said(conversation: str, label: str, turn: Mapping[str, Any]) -> History:
    where = f"turn {label} of conversation {conversation!r}"
    return exchange(_first(turn, UTTERANCE), _first(turn, RESPONSE), where)


def _first(turn: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """Return the first of some fields that is there, as text; of a list its first entry."""
    name = next((name for name in names if turn.get(name) is not None), None)
    found = None if name is None else turn[name]
    if isinstance(found, list):
        found = next(iter(found), None)
    if isinstance(found, list | dict):
        raise ValueError(f"expected {name!r} as a text, found {found!r:.80}")
    return None if found is None else str(found)
