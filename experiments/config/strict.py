"""What all models of configs have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Refuses keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def name_and_options(value: Any, word: str = "parameter") -> tuple[str, dict[str, Any]]:
    """Return name and options of ``name`` or ``{name: {option: value}}``.

    Args:
        value: What a config says.
        word: What an option is called in the error.

    Raises:
        ValueError: If it is something else.
    """
    if isinstance(value, str):
        return value, {}
    if isinstance(value, dict) and len(value) == 1:
        ((name, options),) = value.items()
        if options is None or isinstance(options, dict):
            return str(name), dict(options or {})
    raise ValueError(f"expected a name or {{name: {{{word}: value}}}}, found {value!r}")
