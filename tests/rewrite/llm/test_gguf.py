from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from pyterrier_rewrite.errors import LLMError
from pyterrier_rewrite.llm import VLLM, LlamaCpp, TransformersLLM
from pyterrier_rewrite.llm.local.gguf import parts, read_metadata, trained_context


def text(value: str) -> bytes:
    content = value.encode()
    return struct.pack("<Q", len(content)) + content


def entry(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def header(*entries: bytes) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries)) + b"".join(entries)


ARCHITECTURE = entry("general.architecture", 8, text("llama"))
WORDS = entry("words", 9, struct.pack("<IQ", 8, 2) + text("a") + text("bed"))
NUMBERS = entry("numbers", 9, struct.pack("<IQ3h", 3, 3, 1, 2, 3))
NESTED = entry("nested", 9, struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 8, 1) + text("a"))
LENGTH = entry("llama.context_length", 4, struct.pack("<I", 8192))
PRECISE = entry("precise", 12, struct.pack("<d", 0.25))
SURE = entry("sure", 7, b"\x01")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(header(ARCHITECTURE, WORDS, NUMBERS, NESTED, LENGTH, PRECISE, SURE))
    return path


def test_texts_and_numbers_are_read_and_lists_skipped(file: Path) -> None:
    metadata = read_metadata(file)
    assert metadata == {
        "general.architecture": "llama",
        "llama.context_length": 8192,
        "precise": 0.25,
        "sure": True,
    }
    assert trained_context(metadata) == 8192


@pytest.mark.parametrize("found", [{}, {"general.architecture": "llama"}])
def test_a_header_may_be_silent_about_the_context(found: dict[str, Any]) -> None:
    assert trained_context(found) is None


@pytest.mark.parametrize("kept", [6, 30, 60, 100, 150])
def test_a_header_cut_short_is_damage(kept: int, file: Path) -> None:
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(LLMError, match=r"model\.gguf is damaged or cut short; download it again"):
        read_metadata(file)


@pytest.mark.parametrize(
    "hostile",
    [
        entry("unknown kind", 99, b""),
        struct.pack("<Q", 2**62),  # a key of more bytes than there are
        entry("long", 9, struct.pack("<IQ", 10, 2**63)),
        entry("deep", 9, struct.pack("<IQ", 9, 1) * 5000),
        struct.pack("<Q", 2) + b"\xff\xff",  # no UTF-8
    ],
)
def test_a_hostile_header_is_damage(hostile: bytes, file: Path) -> None:
    file.write_bytes(header(hostile))
    with pytest.raises(LLMError, match="damaged"):
        read_metadata(file)


def test_other_files_are_none(tmp_path: Path) -> None:
    with pytest.raises(LLMError, match=r"expected a GGUF file at .*nowhere.*, found nothing"):
        read_metadata(tmp_path / "nowhere.gguf")
    with pytest.raises(LLMError, match="found a directory"):
        read_metadata(tmp_path)
    other = tmp_path / "model.safetensors"
    other.write_bytes(b"weights")
    with pytest.raises(LLMError, match=r"is not a GGUF file; convert the model"):
        read_metadata(other)


def test_parts_of_a_split_model(tmp_path: Path) -> None:
    first = tmp_path / "big-Q4-00001-of-00003.gguf"
    assert [part.name for part in parts(first)] == [f"big-Q4-0000{i}-of-00003.gguf" for i in "123"]
    assert parts(tmp_path / "small.gguf") == [tmp_path / "small.gguf"]


# -- identity ---------------------------------------------------------------------------------


def test_the_identity_follows_the_file(file: Path, tmp_path: Path) -> None:
    before = LlamaCpp(file)
    assert before.identity.startswith("llama.cpp:model.gguf#")
    assert before.identity.endswith(" context=4096")
    assert before == LlamaCpp(str(file), threads=1, batch_size=1)
    assert before != LlamaCpp(file, context=512)
    moved = tmp_path / "elsewhere" / "model.gguf"
    moved.parent.mkdir()
    moved.write_bytes(file.read_bytes())
    assert LlamaCpp(moved) == before
    moved.write_bytes(header(ARCHITECTURE))
    assert LlamaCpp(moved) != before


def test_every_part_counts(tmp_path: Path) -> None:
    first, second = (tmp_path / f"m-0000{i}-of-00002.gguf" for i in (1, 2))
    first.write_bytes(header())
    second.write_bytes(b"weights")
    before = LlamaCpp(first).identity
    second.write_bytes(b"weight5")
    assert LlamaCpp(first).identity != before


def test_a_directory_with_a_gguf_file_goes_by_its_contents(file: Path) -> None:
    chosen = TransformersLLM(file.parent, gguf_file="model.gguf")
    before, all_files = chosen.identity, TransformersLLM(file.parent).identity
    assert f"/{file.name}#" in before
    other = file.with_name("other.gguf")
    other.write_bytes(b"another quantization")
    assert TransformersLLM(file.parent, gguf_file="model.gguf").identity == before
    assert TransformersLLM(file.parent, gguf_file="other.gguf").identity != before
    assert TransformersLLM(file.parent).identity != all_files
    file.write_bytes(header(ARCHITECTURE))
    assert TransformersLLM(file.parent, gguf_file="model.gguf").identity != before


def test_a_gguf_file_of_the_hub_is_named() -> None:
    llm = TransformersLLM("maker/model", gguf_file="q4.gguf", revision="v2", dtype="float32")
    assert llm.identity == "transformers:maker/model/q4.gguf@v2 dtype=float32"


def test_a_file_given_to_another_backend_counts(file: Path) -> None:
    before = VLLM(file).identity
    file.write_bytes(header(ARCHITECTURE))
    assert VLLM(file).identity != before
