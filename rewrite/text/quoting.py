"""Other people's text in a prompt, shown so that it stays text."""

from __future__ import annotations

import re
from typing import Final

from .safe import safe_text

# What could pass for a delimiter of ours, or for a control token of a chat template
# (<|im_end|>, </s>, <start_of_turn>, <<SYS>>, [INST]).
_TAG = re.compile(r"<(?=[\w/|｜!<▁]|\s+/|\s+(?i:document)\b)|\[(?=\s*/?\s*[A-Z_]{3,}\])")
_INSTEAD: Final = {"<": "‹", "[": "("}


def quoted(text: str) -> str:
    """Return a text on one line that can pass for no delimiter of ours and no control token."""
    return _TAG.sub(lambda match: _INSTEAD[match[0]], safe_text(text))
