"""The errors and warnings of the library, and hints at what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RewriteError(Exception):
    """Something a rewriter needs went wrong: the text says what to do about it."""


class DamagedError(RewriteError):
    """A file is not as it was written, as after a full disk or a copy that broke off."""


class LLMError(RewriteError):
    """A language model or its server could not answer."""


class MissingExtraError(RewriteError, ImportError):
    """An optional dependency is missing; the text names the extra that brings it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed. It comes with pyterrier-rewrite[{extra}], which is not "
            f"on the package index yet: in a checkout, pip install '.[{extra}]'"
        )


class RewriteWarning(UserWarning):
    """Some queries keep their text, or the results of several queries of one were not joined."""


def near(name: str, known: Iterable[str]) -> str:
    """Return a hint at the name that was probably meant, and those there are."""
    names = list(known)
    folded = {other.casefold(): other for other in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    hint = f"; did you mean {folded[close[0]]!r}?" if close else ""
    return f"{hint} (there are {len(names)}: {', '.join(sorted(names))})"
