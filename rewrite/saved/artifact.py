"""Rewriters as directories: weights, tokenizer, prompt, parser, formulation, and their history."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyterrier as pt

from ..llm.local.loaded import load
from ..llm.local.transformers import TransformersLLM
from ..prompting.llm_rewriter import LLMRewriter
from ..prompting.prompt import Prompt
from ..stores.whole import write_whole
from .manifest import BASE, FORMAT, MANIFEST, inside, is_models, read_manifest, sizes, versions
from .values import decode, encode, find, name_of

__all__ = ["SavedRewriter", "describe", "from_pretrained", "save_pretrained"]

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
        found: dict[str, Any] = read_manifest(inside(Path(self.path)))["training"]
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
            arguments[name] = encode(value)
        except TypeError:
            missing[name] = repr(value)
    manifest = {
        "format": FORMAT,
        "class": name_of(type(rewriter)),
        "arguments": arguments,
        "missing": missing,
        "model": {
            "base": None if stored_base else str(llm.model),
            "revision": None if stored_base else llm.revision,
            "adapter": llm.adapter is not None,
            "dtype": llm.dtype,
            "gguf_file": None if stored_base else llm.gguf_file,
        },
        "training": dict(training),
        "versions": versions(),
        "files": sizes(path),
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
        path: The directory, or that of a training: ``output_dir`` of a method, whose best
            weights so far are taken, or ``--out`` of ``pt-rewrite train``.
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
    path = inside(Path(path))
    saved = read_manifest(path)
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
        gguf_file=model.get("gguf_file"),  # not there before GGUF files could be read
        device=device,
        batch_size=batch_size,
        trust_remote_code=trust_remote_code,
    )
    try:
        stored = {name: decode(value) for name, value in saved["arguments"].items()}
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path / MANIFEST} cannot be read: {error}; save it again") from error
    return cls(llm, **{**stored, **arguments})


def _save_model(llm: TransformersLLM, path: Path) -> None:
    source = Path(llm.model)
    if llm.gguf_file is None and source.is_dir() and any(source.glob("*.safetensors")):
        _copy(source, path)
        return
    engine = load(
        llm.model,
        adapter=None,
        revision=llm.revision,
        device="cpu",
        dtype=llm.dtype if llm.gguf_file else "auto",  # blocks have no format to keep
        trust_remote_code=llm.trust_remote_code,
        gguf_file=llm.gguf_file,
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
        if is_models(file):
            shutil.copyfile(file, path / file.name)


def _class_of(name: str, given: type[LLMRewriter] | None) -> type[LLMRewriter]:
    if given is not None:
        return given
    try:
        cls = find(name)
    except TypeError as error:
        raise ValueError(
            f"the saved rewriter is a {name}: {error}; hand its class over: "
            "from_pretrained(path, rewriter_class=...)"
        ) from error
    if not issubclass(cls, LLMRewriter):
        raise ValueError(f"expected a saved LLMRewriter, found {name}")
    return cls
