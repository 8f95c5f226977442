"""Rewriters as directories: weights, tokenizer, prompt, parser, formulation, and their history."""

from __future__ import annotations

import dataclasses
import importlib
import json
import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import pyterrier as pt

from .._version import __version__
from ..llm.local.loaded import load
from ..llm.local.transformers import TransformersLLM
from ..prompting.llm_rewriter import LLMRewriter
from ..prompting.prompt import Prompt
from ..stores.whole import write_whole

__all__ = ["SavedRewriter", "describe", "from_pretrained", "save_pretrained"]

MANIFEST: Final = "rewriter.json"
FORMAT: Final = 1
BASE: Final = "base"
"""Sub-folder of the model that a saved adapter was trained on, if it was a local one."""

_PACKAGE: Final = __name__.partition(".")[0]
_KEPT: Final = frozenset({".safetensors", ".json", ".jinja", ".model", ".txt"})
_NOT_THE_MODELS: Final = frozenset({MANIFEST, "pt_meta.json", "training.json"})
_ARGUMENTS_OF_THE_MACHINE: Final = frozenset({"llm", "verbose"})


class SavedRewriter(pt.Artifact):  # type: ignore[misc]  # pyterrier's classes are untyped
    """A saved rewriter as a PyTerrier artifact, to share like an index.

    Args:
        path: A directory that :func:`save_pretrained` wrote.

    Example:
        >>> artifact = pt.Artifact.load("rewriters/shop")  # doctest: +SKIP
        >>> artifact.rewriter() >> bm25  # doctest: +SKIP
    """

    ARTIFACT_TYPE = "query_rewriter"
    ARTIFACT_FORMAT = "llm"
    ARTIFACT_PACKAGE_HINT = "pyterrier-rewrite"

    def rewriter(self, **settings: Any) -> LLMRewriter:
        """Return the rewriter; see :func:`from_pretrained` for the settings."""
        return from_pretrained(self.path, **settings)

    @property
    def training(self) -> dict[str, Any]:
        """What the rewriter was trained on, with which reward and settings; empty if unknown."""
        found: dict[str, Any] = _manifest(Path(self.path))["training"]
        return found


def save_pretrained(
    rewriter: LLMRewriter, path: str | Path, *, training: Mapping[str, Any] | None = None
) -> SavedRewriter:
    """Save a rewriter on a local model, so that it rewrites the same elsewhere.

    Weights are stored as safetensors, everything else as JSON; nothing is pickled. An adapter on
    a hub model is stored without the hub model, one on a local model with it.

    Args:
        rewriter: A rewriter on a :class:`~pyterrier_rewrite.TransformersLLM`.
        path: A new or empty directory.
        training: How it was trained; None takes what :mod:`pyterrier_rewrite.training` left
            beside the weights.

    Returns:
        The directory as an artifact.

    Raises:
        TypeError: If the rewriter's model is not a TransformersLLM.
        ValueError: If ``path`` is not empty.
        LLMError: If the model cannot be loaded.

    Example:
        >>> save_pretrained(trained, "rewriters/shop")  # doctest: +SKIP
        >>> from_pretrained("rewriters/shop") >> bm25  # doctest: +SKIP
    """
    path = Path(path)
    llm = rewriter.llm
    if not isinstance(llm, TransformersLLM):
        raise TypeError(
            f"only a rewriter on a TransformersLLM has weights to save, found "
            f"{type(llm).__name__}; other rewriters are their arguments: keep the code"
        )
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ValueError(f"{path} exists and is not empty; save into a new directory")
    path.mkdir(parents=True, exist_ok=True)
    if llm.adapter is None:
        _save_model(llm, path)
    else:
        _copy(Path(llm.adapter), path)
        if Path(llm.model).is_dir():
            _save_model(llm, path / BASE)
    source = Path(llm.model if llm.adapter is None else llm.adapter) / "training.json"
    if training is None and source.is_file():
        training = json.loads(source.read_text(encoding="utf-8"))
    describe(rewriter, path, training=training or {})
    return SavedRewriter(path)


def describe(rewriter: LLMRewriter, path: Path, *, training: Mapping[str, Any]) -> None:
    """Write beside weights what else a rewriter is made of."""
    llm = rewriter.llm
    assert isinstance(llm, TransformersLLM)
    stored_base = llm.adapter is None or (path / BASE).is_dir()
    arguments: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name in rewriter.parameters():
        if name in _ARGUMENTS_OF_THE_MACHINE:
            continue
        value = getattr(rewriter, name)
        if name == "prompt" and value is not None:
            value = Prompt.load(value)  # its text, not its name
        try:
            arguments[name] = _encode(value)
        except TypeError:
            missing[name] = repr(value)
    manifest = {
        "format": FORMAT,
        "class": _name_of(type(rewriter)),
        "arguments": arguments,
        "missing": missing,
        "model": {
            "base": None if stored_base else str(llm.model),
            "revision": None if stored_base else llm.revision,
            "adapter": llm.adapter is not None,
            "dtype": llm.dtype,
        },
        "training": dict(training),
        "versions": _versions(),
        "files": _sizes(path),
    }
    meta = {
        "type": SavedRewriter.ARTIFACT_TYPE,
        "format": SavedRewriter.ARTIFACT_FORMAT,
        "package_hint": SavedRewriter.ARTIFACT_PACKAGE_HINT,
    }
    for name, content in ((MANIFEST, manifest), ("pt_meta.json", meta)):
        text = json.dumps(content, indent=1, ensure_ascii=False, default=str)
        write_whole(path / name, text + "\n")


def from_pretrained(
    path: str | Path,
    *,
    device: str | None = None,
    batch_size: int = 16,
    trust_remote_code: bool = False,
    rewriter_class: type[LLMRewriter] | None = None,
    **arguments: Any,
) -> LLMRewriter:
    """Load a rewriter that :func:`save_pretrained` or a training run saved.

    Weights are read at the first query.

    Args:
        path: The directory.
        device: As in :class:`~pyterrier_rewrite.TransformersLLM`.
        batch_size: As there.
        trust_remote_code: As there.
        rewriter_class: The class, if it is not one of this library.
        **arguments: The rewriter's arguments that take the place of the saved ones, or that could
            not be saved: pipelines, as in ``feedback=bm25 >> index.text()``, and classes of your
            own.

    Raises:
        ValueError: If the directory is none, not complete, of another kind or from a newer
            version, or if an argument is needed that could not be saved.
    """
    path = Path(path)
    saved = _manifest(path)
    cls = _class_of(saved["class"], rewriter_class)
    for name, shown in saved["missing"].items():
        if name not in arguments:
            raise ValueError(
                f"the rewriter in {path} was saved without its {name} ({shown:.200}), which only "
                f"your code can make; hand it over: from_pretrained(path, {name}=...)"
            )
    model = saved["model"]
    base = model["base"] or (path / BASE if model["adapter"] else path)
    llm = TransformersLLM(
        base,
        adapter=path if model["adapter"] else None,
        revision=model["revision"],
        dtype=model["dtype"],
        device=device,
        batch_size=batch_size,
        trust_remote_code=trust_remote_code,
    )
    try:
        stored = {name: _decode(value) for name, value in saved["arguments"].items()}
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path / MANIFEST} cannot be read: {error}; save it again") from error
    return cls(llm, **{**stored, **arguments})


# -- the model ------------------------------------------------------------------------------


def _save_model(llm: TransformersLLM, path: Path) -> None:
    source = Path(llm.model)
    if source.is_dir() and any(source.glob("*.safetensors")):
        _copy(source, path)
        return
    engine = load(
        llm.model,
        adapter=None,
        revision=llm.revision,
        device="cpu",
        dtype="auto",
        trust_remote_code=llm.trust_remote_code,
    )
    engine.model.save_pretrained(path)
    engine.tokenizer.save_pretrained(path)


def _copy(source: Path, path: Path) -> None:
    if not source.is_dir():
        raise ValueError(
            f"{str(source)!r} is on the hub; load it from a directory to save it with the rewriter"
        )
    path.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.iterdir()):
        if file.is_file() and file.suffix in _KEPT and file.name not in _NOT_THE_MODELS:
            shutil.copyfile(file, path / file.name)


def _sizes(path: Path) -> dict[str, int]:
    files = [*path.iterdir(), *(path / BASE).glob("*")]
    return {
        file.relative_to(path).as_posix(): file.stat().st_size
        for file in sorted(files)
        if file.is_file() and file.suffix in _KEPT and file.name not in _NOT_THE_MODELS
    }


def _manifest(path: Path) -> dict[str, Any]:
    """Read and check the manifest.

    Raises:
        ValueError: If the directory is not a complete saved rewriter.
    """
    if not path.is_dir():
        raise ValueError(f"expected the directory of a saved rewriter, found none at {path}")
    file = path / MANIFEST
    if not file.is_file():
        raise ValueError(
            f"{path} is not a saved rewriter: it has no {MANIFEST}. Save one with save_pretrained, "
            "or name the folder best of a training run"
        )
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        number = found["format"]
        sizes = found["files"]
        complete = {"class", "arguments", "missing", "model", "training"} <= found.keys()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{file} is damaged ({error!r}); fetch or save the rewriter again") from (
            error
        )
    if number != FORMAT or not complete:
        raise ValueError(
            f"{file} has the format {number!r}, this version ({__version__}) reads {FORMAT}; "
            "update pyterrier-rewrite or save the rewriter again"
        )
    for name, size in sizes.items():
        there = path / name
        actual = there.stat().st_size if there.is_file() else None
        if actual != size:
            state = "is missing" if actual is None else f"has {actual} bytes instead of {size}"
            raise ValueError(f"{path} is not complete: {name} {state}; fetch or save it again")
    if not any(name.endswith(".safetensors") for name in sizes):
        raise ValueError(f"{path} holds no weights (*.safetensors); fetch or save it again")
    manifest: dict[str, Any] = found
    return manifest


def _versions() -> dict[str, str]:
    versions = {"python": sys.version.split()[0], "pyterrier-rewrite": __version__}
    for package in ("torch", "transformers", "peft", "trl"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


# -- values as JSON -------------------------------------------------------------------------


def _encode(value: object) -> Any:
    """Turn a value into JSON.

    Raises:
        TypeError: If it is neither plain nor made of this library's dataclasses.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return [_encode(entry) for entry in value]
    if isinstance(value, tuple):
        return {"tuple": [_encode(entry) for entry in value]}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {"dict": {key: _encode(entry) for key, entry in value.items()}}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if not _ours(type(value).__module__):
            raise TypeError(f"{type(value).__name__} is not a class of this library")
        fields = {
            f.name: _encode(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init
        }
        return {"class": _name_of(type(value)), "fields": fields}
    raise TypeError(f"{type(value).__name__} is neither plain nor a value of this library")


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if "tuple" in value:
        return tuple(_decode(entry) for entry in value["tuple"])
    if "dict" in value:
        return {key: _decode(entry) for key, entry in value["dict"].items()}
    cls = _find(value["class"])
    if not dataclasses.is_dataclass(cls):
        raise TypeError(f"{value['class']} is no value that a rewriter is made of")
    return cls(**{key: _decode(entry) for key, entry in value["fields"].items()})


def _name_of(cls: type) -> str:
    """Return ``package:Class``, with the outermost package that offers the class."""
    module = cls.__module__
    if _ours(module):
        parts = module.split(".")
        for length in range(1, len(parts)):
            package = ".".join(parts[:length])
            if getattr(importlib.import_module(package), cls.__name__, None) is cls:
                return f"{package}:{cls.__name__}"
    return f"{module}:{cls.__qualname__}"


def _find(name: str) -> type:
    module, _, attribute = name.partition(":")
    if not _ours(module):
        raise TypeError(f"{name} is not a class of this library")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise TypeError(f"this version has no {name}") from error
    if not isinstance(found, type) or not _ours(found.__module__):
        raise TypeError(f"{name} is not a class of this library")
    return found


def _class_of(name: str, given: type[LLMRewriter] | None) -> type[LLMRewriter]:
    if given is not None:
        return given
    try:
        cls = _find(name)
    except TypeError as error:
        raise ValueError(
            f"the saved rewriter is a {name}: {error}; hand its class over: "
            "from_pretrained(path, rewriter_class=...)"
        ) from error
    if not issubclass(cls, LLMRewriter):
        raise ValueError(f"expected a saved LLMRewriter, found {name}")
    return cls


def _ours(module: str) -> bool:
    return module == _PACKAGE or module.startswith(f"{_PACKAGE}.")
