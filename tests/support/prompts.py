"""What prompts look like."""

from __future__ import annotations

from pyterrier_rewrite.llm.base import Message, Messages
from pyterrier_rewrite.prompting.documents import NOTE


def below_note(prompt: Messages) -> list[Message]:
    """Return a prompt that shows documents without the note, which must be in a system message."""
    system, *rest = prompt
    assert system == {"role": "system", "content": f"You are a helpful assistant.\n\n{NOTE}"}
    assert not any(NOTE in message["content"] for message in rest)
    return rest
