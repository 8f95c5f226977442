"""What a model says, without what it thinks, its control tokens and the turns it makes up."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Final

from .tags import is_mentioned
from .words import stems, words

LONGEST: Final = 50_000
"""Characters of a generation that are read; no answer is longer."""

_MARK: Final = re.compile(r"[<\[◁⟨【][|｜]?\s?(/?)([A-Za-z][\w:.▁ -]{0,40}?)\s?[|｜]?[>\]▷⟩】]")
_SPECIAL: Final = re.compile(
    r"<[|｜][^<>|｜\n]{1,40}[|｜]>|</?s>|<(?:start|end)_of_(?:turn|text)>|<(?:eos|bos|pad|unk)>"
    r"|\[/?INST\]|\[TOOL_CALLS\]|<\|\w{1,30}>|<\w{1,30}\|>|<extra_id_\d+>"
    r"|[<\[](?:END|EOT|EOS|STOP|START|BEGIN)[\]>]"
)
_ROLE: Final = re.compile(
    r"\s*(?:assistant|model|bot|user|system|human|tool|answer)\s*(?:\n|\Z)", re.I
)
_THOUGHTS: Final = ("think", "thinking", "thought", "reasoning", "analysis")
_THOUGHT_ROLE: Final = re.compile(rf"\s*(?:{'|'.join(_THOUGHTS)})[ \t]*\n", re.I)
_CHANNEL: Final = re.compile(
    r"<\|channel\|>([^<]{0,200})(?:<\|constrain\|>[^<]{0,40})?<\|message\|>"
)
_BARE_MESSAGE: Final = re.compile(r"<\|start\|>assistant<\|message\|>([^<]*)")
_CHANNEL_END: Final = re.compile(r"<\|(?:end|return|call|start|channel)\|>|\Z")
BARE_CHANNEL: Final = re.compile(r"\s*(?:(?:analysis|commentary)(?=[A-Z\d\"'“*])|assistantfinal)")
_BRACKETS: Final = re.compile(r"\[(/?)([A-Za-z]\w{1,30})\]")
_TOOL_TOKEN: Final = re.compile(r"<[|｜]tool[^<>|｜\n]{1,40}[|｜]>")
_BOX: Final = re.compile(r"\\(?:boxed|fbox|emph|text\w{0,4}|math\w{2,4})\s*\{")
_BOX_SPACE: Final = re.compile(r"\\[ ,;:]|~")
_WRITTEN_BREAK: Final = re.compile(
    r"(?<=[^\s\\])(?<!\\n)(?:(?:\\n)+(?=\s*\Z|\d{1,2}[.)] |[-*•] )|(?:\\n){2,}(?=\S))"
)
_SEPARATOR: Final = re.compile(r"[ \t]?(?:\[SEP\]|<sep>)[ \t]?", re.I)
_LAST_TAG: Final = re.compile(r"<([A-Za-z][\w-]{0,30})>[^<>]*</\1>\s*\Z")
_BYTES: Final = re.compile(r"<0x[0-9A-F]{2}>|(?<=\w)[ĊĠ]+|(?<=[^\W_])▁(?=\w)(?![^<\n]{0,40}[|｜]>)")
_NEWLINES: Final = ("<0x0A>", "Ċ")
_HIDDEN: Final = re.compile(
    r"```(\w{4,20})\n[^`]*```"
    r"|<details[^<>]{0,200}>\s*<summary>([^<]{0,80})</summary>([^<]*)</details>"
    r"|<unused\d{1,3}>thought\b[^<]*(?:<unused\d{1,3}>|\Z)"
    r"|<\|channel>thought\b(?s:.*?)(?:<channel\|>|\Z)"
)
_TOLD: Final = re.compile(r"\s*Thinking\.\.\.\n(?s:.*?)\n\.\.\.done thinking\.")
_PROMPT: Final = re.compile(r"\s*\[INST\][^\[]*\[/INST\]")
_ASSISTANT: Final = re.compile(r"\A\s*assistant[ \t]*\n", re.I)
_NEXT_ROLE: Final = re.compile(
    r"\n(?:user\n[^\n]*\n(?:assistant|model)\n|assistant\n\n|#{2,4} (?:instruction|input):?\n)",
    re.I,
)
_TRAILING: Final = re.compile(r"(?<=\w)[ \t]#{2,}\s*\Z")
# Markdown gives a NUL another sign, and half a pair of surrogates cannot be written
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]+")
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.S)


def spoken(generation: str) -> str:
    r"""Return what was said, in the shape in which it was said.

    Example:
        >>> spoken("<think>They want a seat.</think>red sofa<|im_end|>\n<|im_start|>user\nblue?")
        'red sofa'
    """
    text = _CONTROL.sub(" ", generation[:LONGEST])
    # most answers are plain text, and a look for a character is cheaper than a pattern
    if "<|channel|>" in text:
        text = _said_in_channels(text)
    elif BARE_CHANNEL.match(text):  # the same, its tokens lost on the way
        text = text.rpartition("assistantfinal")[2] if "assistantfinal" in text else ""
    elif told := _TOLD.match(text):
        text = text[told.end() :]
    text = _BYTES.sub(lambda token: " \n"[token[0] in _NEWLINES], text)
    if "[" in text or "<" in text:
        text = _SEPARATOR.sub("\n", text)
    if "\\n" in text:
        text = _WRITTEN_BREAK.sub("\n", text)
    if any(bracket in text for bracket in "<[◁⟨【`"):
        text = _HIDDEN.sub(_shown, text)
    if any(bracket in text for bracket in "<[◁⟨【"):
        text = _first_turn(_without_thoughts(_COMMENT.sub(" ", text)))
    if "[/" in text:
        text = _BRACKETS.sub(r"<\1\2>", text)
    turn = _NEXT_ROLE.search(text) if "\n" in text else None
    if turn and any(map(str.isalnum, text[: turn.start()])):
        text = text[: turn.start()]
    said = _TRAILING.sub("", _ASSISTANT.sub("", _unboxed(text)))
    return textwrap.dedent(said.strip("\n\r")).strip()  # a list may be indented as a whole


def _shown(block: re.Match[str]) -> str:
    """Return nothing of a block that is headed as thought: a fence, or what unfolds on a page."""
    said = words(block[1] or block[2] or "thought")
    if any(map(stems("thought").match, said)):
        return " "
    return f"\n{block[2].strip(' :')}:\n{block[3]}" if block[2] else block[0]


def _said_in_channels(text: str) -> str:
    final, calls = "", ""
    marks = list(_CHANNEL.finditer(text))
    for mark in marks:
        body = text[mark.end() : _CHANNEL_END.search(text, mark.end()).start()]  # type: ignore[union-attr]
        name, _, rest = mark[1].strip().partition(" ")
        if name == "final" or not (name in (*_THOUGHTS, "commentary") or rest):
            final = body
        elif "to=" in rest:
            calls = body
    if not final and (bare := _BARE_MESSAGE.search(text)):
        final = bare[1]
    return final or calls or text.partition("<|channel|>")[0]


def _without_thoughts(text: str) -> str:
    """Take thoughts out; one that was not ended is the rest, one that was not begun all before."""
    kept: list[str] = []
    start, inside = 0, ""
    for mark in _MARK.finditer(text):
        name = [word for word in words(mark[2].replace("▁", "_")) if word != "of"]
        ends = bool(mark[1]) or "end" in (name[:1] + name[-1:])
        base = " ".join(word for word in name if word not in ("begin", "start", "end"))
        if not base or (inside and base != inside):
            continue
        if not any(stems("thought").match(word) for word in base.split()):
            continue
        if is_mentioned(mark):
            continue
        opens = mark[0] == "[THINK]" and not text[: mark.start()].strip()  # Mistral's own
        if mark[0][0] in "[【" and not ends and f"[/{mark[2]}]" not in text and not opens:
            continue  # a word in brackets
        if inside and ends:
            inside, start = "", mark.end()
        elif ends:
            kept, start = [], mark.end()
        elif not inside:
            kept.append(text[start : mark.start()])
            inside = base
    if inside:  # never ended; what stands in a tag at the very end is no thought
        answer = _LAST_TAG.search(text, max(start, text.rfind("<", start, text.rfind("</"))))
        return " ".join([*kept, answer[0] if answer else ""])
    return " ".join([*kept, text[start:]])


def _first_turn(text: str) -> str:
    text = _PROMPT.sub("", text, count=1) if _PROMPT.match(text) else text
    text = _TOOL_TOKEN.sub("\n", text)
    for piece in _split(text):
        if _THOUGHT_ROLE.match(piece):
            continue
        said = _ROLE.sub("", piece, count=1) if _ROLE.match(piece) else piece
        if any(character.isalnum() for character in said):
            return said
    return ""


def _split(text: str) -> Iterator[str]:
    """Yield what stands between control tokens; a sentence may speak of one."""
    start = 0
    for mark in _SPECIAL.finditer(text):
        if is_mentioned(mark) and not mark.string[mark.end() + 1 : mark.end() + 2].isupper():
            continue
        yield text[start : mark.start()]
        start = mark.end()
    yield text[start:]


def _unboxed(text: str) -> str:
    r"""Return what stands in the last ``\boxed{\text{…}}``, or the text."""
    if not (match := _BOX.match(text, max(text.rfind("\\boxed"), text.rfind("\\fbox"), 0))):
        return text
    depth, start = 1, match.end()
    end = start
    while end < len(text) and depth:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    if match.start() == 0 and not match[0].startswith(("\\boxed", "\\fbox")) and text[end:].strip():
        return text
    inner = text[start : end if depth else end - 1].strip(" $")
    while match := _BOX.match(inner):
        inner = inner[match.end() :].rstrip("} ")
    return _BOX_SPACE.sub(" ", inner.replace("\\\\", "\n"))
