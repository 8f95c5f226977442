"""One way to name any collection, as configs do."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Final

from .base import Collection, CollectionError, did_you_mean
from .beir import Beir
from .irds import Irds
from .trec import Conversations, Trec

KINDS: Final[Mapping[str, Callable[..., Collection]]] = {
    "irds": Irds,
    "beir": Beir,
    "trec": Trec,
    "conversations": Conversations,
}

Spec = str | PathLike[str] | Mapping[str, Any] | Collection


def load_collection(spec: Spec) -> Collection:
    """Return the collection that a text or a mapping names.

    Args:
        spec: The path of a BEIR folder, an ir-datasets id (``"vaswani"``, ``"irds:vaswani"``), or
            a mapping with one of the keys ``irds``, ``beir``, ``trec`` and ``conversations`` and
            the options of :class:`Irds`, :class:`Beir`, :class:`Trec` or :class:`Conversations`,
            beside that key or under it. A
            collection is given back as it is.

    Returns:
        A PyTerrier dataset.

    Raises:
        CollectionError: If the kind or an option is unknown, or the collection is not there.

    Example:
        >>> load_collection("vaswani")
        Irds('vaswani')
        >>> load_collection({"beir": "nfcorpus", "split": "dev"})  # doctest: +SKIP
        >>> load_collection({"trec": {"topics": "t.txt", "qrels": "q.txt"}})  # doctest: +SKIP
    """
    if isinstance(spec, Collection):
        return spec
    if isinstance(spec, Mapping):
        return _load_mapping(spec)
    if isinstance(spec, str | PathLike):
        return _load_name(spec)
    raise CollectionError(
        f"expected a collection as a name, a path or a mapping, found {spec!r:.80}; {_expected()}"
    )


def _load_name(spec: str | PathLike[str]) -> Collection:
    path = Path(spec).expanduser()
    looks_like_path = not isinstance(spec, str) or spec.startswith((".", "/", "~"))
    if looks_like_path or (path.is_dir() and not str(spec).startswith("irds:")):
        return Beir(path)
    try:
        return Irds(str(spec))
    except CollectionError as error:
        raise CollectionError(f"{error}; and there is no folder {str(spec)!r} here") from None


def _load_mapping(spec: Mapping[str, Any]) -> Collection:
    kinds = [kind for kind in KINDS if kind in spec]
    if len(kinds) != 1:
        found = ", ".join(map(repr, kinds or spec)) or "an empty mapping"
        hint = "" if kinds else did_you_mean(KINDS, *spec)
        raise CollectionError(f"{_expected()}; found {found}{hint}")
    kind = kinds[0]
    target, options = spec[kind], {key: value for key, value in spec.items() if key != kind}
    allowed = list(inspect.signature(KINDS[kind]).parameters)
    if isinstance(target, Mapping):
        options = {**target, **options}
    elif isinstance(target, str | PathLike):
        options = {allowed[0]: target, **options}
    else:
        raise CollectionError(f"expected {kind!r} as a text or a mapping, found {target!r:.80}")
    unknown = [key for key in options if key not in allowed]
    if unknown or (kind != "trec" and allowed[0] not in options):
        found = ", ".join(map(repr, unknown)) or f"no {allowed[0]!r}"
        raise CollectionError(
            f"a collection of kind {kind!r} takes {', '.join(allowed)}; "
            f"found {found}{did_you_mean(allowed, *unknown)}"
        )
    return KINDS[kind](**options)


def _expected() -> str:
    return f"a collection's mapping has exactly one of the keys {', '.join(KINDS)}"
