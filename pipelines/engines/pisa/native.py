"""What the rest of the folder uses of PISA itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pyterrier_rewrite.errors import DamagedError, RewriteError
from pyterrier_rewrite.extras import need
from pyterrier_rewrite.stores.sealed import (
    CHECKSUM,
    FILES,
    check_files,
    read_sealed,
    write_sealed,
)
from pyterrier_rewrite.stores.whole import ABANDONED, METADATA

STEMMERS: Final = ("porter2", "krovetz", "none")
STOP_LISTS: Final = ("terrier", "lucene", "none")

_ENCODING: Final = "block_simdbp"
_LEXICONS: Final = ("fwd.termlex", "fwd.doclex")
INPUTS: Final = ("inv.docs", "inv.freqs", "inv.sizes", *_LEXICONS)
"""Files of an index that PISA reads: all of them for new parameters, later the lexicons alone."""

_SEAL: Final = "sealed.json"


def extension() -> Any:
    """Return PISA's extension module.

    Raises:
        MissingExtraError: If pyterrier-pisa is not installed.
    """
    return need("pyterrier_pisa._pisathon", "pisa")


@lru_cache(maxsize=8)
def stop_words(name: str) -> tuple[str, ...]:
    """Return the words of one of :data:`STOP_LISTS`."""
    if name == "none":
        return ()
    from pyterrier_pisa.stopwords import _STOPWORDS

    return tuple(_STOPWORDS[name])


def run(function: str, arguments: object) -> None:
    """Run one of PISA's programs in a process of its own; see :mod:`.worker`.

    Raises:
        RewriteError: If PISA gives up; the text ends with PISA's own words.
    """
    worker = Path(__file__).with_name("worker.py")
    command = [sys.executable, str(worker), extension().__file__, function, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        words = " ".join((done.stdout + done.stderr).split())[-500:]
        raise RewriteError(
            f"PISA could not finish {function!r} (exit status {done.returncode}); is the disk "
            f"full? PISA said: {words}"
        )


def index(texts: Path, folder: Path, *, stemmer: str, threads: int) -> None:
    """Index a file with one ``<docno> <text>`` a line into a folder."""
    run("index", [str(texts), str(folder), _pisa_stemmer(stemmer), 100_000, threads])


@lru_cache(maxsize=64)
def context(folder: Path, stamp: object, stemmer: str, stops: str, k1: float, b: float) -> Any:
    """Return the context for BM25 over an index, one a process for equal arguments.

    PISA keeps upper bounds of the scores for each setting of the parameters. They are made on
    the first use, in a folder that appears under its name only when it is complete. PISA checks
    nothing and ends the process over a damaged file, so all that it will read is checked first.

    Args:
        folder: The index.
        stamp: Changes when the index is built anew.
        stemmer: One of :data:`STEMMERS`.
        stops: One of :data:`STOP_LISTS`.
        k1: BM25's k1.
        b: BM25's b.

    Raises:
        DamagedError: If the index is not as it was built.
    """
    pisa = extension()
    found = pisa.RetrievalContext()
    settings: dict[str, Any] = {
        "encoding": _ENCODING,
        "scorer_name": "bm25",
        "stemmer": _pisa_stemmer(stemmer),
        "bm25_k1": k1,
        "bm25_b": b,
    }
    with tempfile.TemporaryDirectory(prefix="pisa-") as scratch:
        model = _model_folder(folder, settings, Path(scratch))
        words = Path(scratch, "stops")
        words.write_text("\n".join(stop_words(stops)) + "\n")
        stop_file = str(words) if stops != "none" else ""
        pisa.prepare_index(found, index_dir=str(model), stop_fname=stop_file, **settings)
    return found


def _model_folder(folder: Path, settings: dict[str, Any], scratch: Path) -> Path:
    """Return a folder with all that one setting needs; ``scratch`` serves a read-only index."""
    model = folder / f"bm25 k1={settings['bm25_k1']} b={settings['bm25_b']}"
    index = read_sealed(folder / METADATA)
    facts = {"index": index.get(CHECKSUM), **settings}
    check_files(folder, index, _LEXICONS)
    if _is_whole(model, facts):
        return model
    check_files(folder, index, INPUTS)
    shutil.rmtree(model, ignore_errors=True)
    for left in folder.glob(".model-*"):
        if time.time() - left.stat().st_mtime > ABANDONED:
            shutil.rmtree(left, ignore_errors=True)
    try:
        work = Path(tempfile.mkdtemp(prefix=".model-", dir=folder))
    except OSError:
        work = model = scratch / "model"
        work.mkdir()
    try:
        for name in INPUTS:
            os.symlink(os.path.relpath(folder / name, work), work / name)
        run("prepare", {"index_dir": str(work), **settings})
        made = sorted(path.name for path in work.iterdir() if not path.is_symlink())
        write_sealed(work / _SEAL, facts, made)
        if work != model:
            work.rename(model)
    except BaseException as error:
        shutil.rmtree(work, ignore_errors=True)
        if not (isinstance(error, OSError) and model.is_dir()):  # another process was faster
            raise
    return model


def _is_whole(model: Path, facts: dict[str, Any]) -> bool:
    """Say whether a folder was made for this index and setting, and nothing was lost since."""
    try:
        found = read_sealed(model / _SEAL)
        check_files(model, found, found.get(FILES, ()))
        linked = all((model / name).samefile(model.parent / name) for name in INPUTS)
    except (DamagedError, OSError):  # a copy may have lost the links
        return False
    return linked and all(found.get(key) == value for key, value in facts.items())


def _pisa_stemmer(stemmer: str) -> str:
    return "" if stemmer == "none" else stemmer


@lru_cache(maxsize=500_000)
def stem(term: str, stemmer: str) -> str:
    """Return PISA's stem of one term of ASCII letters and digits."""
    # cached because PISA's tokenizer leaks every term that it returns (63 bytes each)
    stems = extension().tokenize(term, _pisa_stemmer(stemmer))
    return stems[0] if stems else term


def check_choice(name: str, value: str, choices: Iterable[str]) -> None:
    """Raise a ``ValueError`` unless ``value`` is one of ``choices``."""
    if value not in choices:
        raise ValueError(f"{name} should be one of {', '.join(choices)}, found {value!r}")
