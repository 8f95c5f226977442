"""Fixtures that several test files share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tiny
from tests.server import LoopbackServer

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
def llm_server() -> Iterator[LoopbackServer]:
    """Run a scripted OpenAI-compatible server on this machine."""
    with LoopbackServer() as server:
        yield server
