"""An index that is not as it was built says so: no wrong results, and no process that dies."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyterrier_rewrite.errors import DamagedError
from pyterrier_rewrite.pipelines import DenseIndex, PisaIndex
from tests.support.pisa import DOCS, build, frame

OTHER = [{**doc, "text": doc["text"].upper()[::-1] + " cat dog"} for doc in DOCS]
FILES = {
    "pisa": ("inv.docs", "inv.freqs", "inv.sizes", "fwd.termlex", "fwd.doclex", "store.sqlite"),
    "dense": ("vectors.npy", "docnos.txt"),
}
SETTING = "bm25 k1=1.2 b=0.75"
BLOCKS = f"{SETTING}/bm25.k1-1.2.b-0.75.q0.bmw.64.block_simdbp"
BOUNDS = f"{SETTING}/bm25.k1-1.2.b-0.75.q0.bmw.64"


class Letters:
    def encode(self, texts: list[str]) -> np.ndarray:
        return np.array([[text.count(letter) for letter in "acdgs"] for text in texts], dtype=float)


def make(kind: str, path: Path, corpus: Any = DOCS) -> Any:
    if kind == "pisa":
        return build(path, corpus)
    return DenseIndex.build(path, corpus, model=Letters(), verbose=False)


def ask(kind: str, path: Path) -> list[Any]:
    """Use all that an index has to offer."""
    queries = frame("cat dog", "bird sang running")
    if kind == "pisa":
        index = PisaIndex(path)
        found = (index.bm25() >> index.text())(queries)
        counts = index.statistics.collection_frequencies(["cat", "bird"])
        return [found.to_numpy().tolist(), counts, index.bm25(k1=2.0)(queries).to_numpy().tolist()]
    found = DenseIndex(path, model=Letters()).retriever()(queries)
    return [found.to_numpy().tolist()]


def flip(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]


DAMAGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "empty": lambda content, _: b"",
    "cut": lambda content, rng: content[: rng.randrange(len(content))],
    "longer": lambda content, rng: content + rng.randbytes(8),
    "zeros": lambda content, _: bytes(len(content)),
    "flipped": flip,
}


@pytest.fixture(scope="module", params=["pisa", "dense"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def whole(kind: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    path = make(kind, tmp_path_factory.mktemp("whole") / "index").path
    return path, ask(kind, path)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_an_error(
    kind: str, whole: tuple[Path, list[Any]], damage: str, tmp_path: Path
) -> None:
    rng = random.Random(damage)
    for name in FILES[kind]:
        for attempt in range(8):
            copy = tmp_path / f"{name} {attempt}"
            shutil.copytree(whole[0], copy, symlinks=True)
            shutil.rmtree(copy / SETTING, ignore_errors=True)  # so that all of it is read
            content = (copy / name).read_bytes()
            (copy / name).write_bytes(DAMAGES[damage](content, rng))
            with pytest.raises(DamagedError, match=f"{name} is damaged .*build it anew"):
                ask(kind, copy)


def test_a_lost_file_is_an_error(kind: str, whole: tuple[Path, list[Any]], tmp_path: Path) -> None:
    for name in FILES[kind]:
        copy = shutil.copytree(whole[0], tmp_path / name, symlinks=True)
        shutil.rmtree(copy / SETTING, ignore_errors=True)
        (copy / name).unlink()
        with pytest.raises(DamagedError, match=f"{name} is damaged .*No such file"):
            ask(kind, copy)


def test_a_file_of_another_index_is_an_error(
    kind: str, whole: tuple[Path, list[Any]], tmp_path: Path
) -> None:
    other = make(kind, tmp_path / "other", OTHER[:-1]).path
    for name in FILES[kind]:
        copy = shutil.copytree(whole[0], tmp_path / name, symlinks=True)
        shutil.rmtree(copy / SETTING, ignore_errors=True)
        shutil.copy(other / name, copy / name)
        with pytest.raises(DamagedError, match=f"{name} is damaged"):
            ask(kind, copy)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_description_is_an_error(
    kind: str, whole: tuple[Path, list[Any]], damage: str, tmp_path: Path
) -> None:
    rng = random.Random(damage)
    for attempt in range(40):
        copy = tmp_path / str(attempt)
        shutil.copytree(whole[0], copy, symlinks=True)
        content = (copy / "pt_meta.json").read_bytes()
        damaged = DAMAGES[damage](content, rng)
        (copy / "pt_meta.json").write_bytes(damaged)
        try:
            same = json.loads(damaged) == json.loads(content)  # white space, say
        except ValueError:
            same = False
        if same:
            assert ask(kind, copy) == whole[1]
            continue
        with pytest.raises((DamagedError, ValueError), match=r"is damaged|was not built by"):
            ask(kind, copy)


@pytest.mark.parametrize("name", [BLOCKS, BOUNDS, f"{SETTING}/sealed.json"])
@pytest.mark.parametrize("damage", [*DAMAGES, "lost"])
def test_what_is_made_of_an_index_is_made_anew(name: str, damage: str, tmp_path: Path) -> None:
    path = build(tmp_path / "index").path
    expected = PisaIndex(path).bm25()(frame("cat dog", "bird sang"))
    copy = shutil.copytree(path, tmp_path / "copy", symlinks=True)
    if damage == "lost":
        (copy / name).unlink()
    else:
        content = (copy / name).read_bytes()
        (copy / name).write_bytes(DAMAGES[damage](content, random.Random(1)))
    found = PisaIndex(copy).bm25()(frame("cat dog", "bird sang"))
    pd.testing.assert_frame_equal(found, expected)
    if not name.endswith(".json"):
        assert (copy / name).read_bytes() == (path / name).read_bytes()


def test_bounds_of_another_index_are_not_used(tmp_path: Path) -> None:
    one, other = build(tmp_path / "one"), build(tmp_path / "other", OTHER)
    expected = one.bm25()(frame("cat dog"))
    other.bm25()(frame("cat dog"))
    copy = shutil.copytree(one.path, tmp_path / "copy", symlinks=True)
    shutil.rmtree(copy / SETTING)
    shutil.copytree(other.path / SETTING, copy / SETTING, symlinks=True)
    pd.testing.assert_frame_equal(PisaIndex(copy).bm25()(frame("cat dog")), expected)


def test_an_index_of_before_there_were_checksums_says_so(tmp_path: Path) -> None:
    path = build(tmp_path / "i").path
    facts = json.loads((path / "pt_meta.json").read_text())
    facts = {key: value for key, value in facts.items() if key not in ("files", "checksum")}
    (path / "pt_meta.json").write_text(json.dumps(facts))
    with pytest.raises(DamagedError, match=r"an earlier version .* build it anew"):
        PisaIndex(path).bm25()(frame("cat"))
    with pytest.raises(ValueError, match="is another one"):
        PisaIndex.open_or_build(path, DOCS, fields=("text",), verbose=False)
    assert "files" not in json.loads((path / "pt_meta.json").read_text())  # nothing was lost
    anew = PisaIndex.open_or_build(path, DOCS, verbose=False)
    assert len(anew.bm25()(frame("cat"))) > 0


def test_damage_can_be_built_over(kind: str, whole: tuple[Path, list[Any]], tmp_path: Path) -> None:
    copy = shutil.copytree(whole[0], tmp_path / "i", symlinks=True)
    for name in (*FILES[kind], "pt_meta.json"):
        (copy / name).write_bytes(b"?")
    build_again = {"overwrite": True, "verbose": False}
    if kind == "pisa":
        PisaIndex.open_or_build(copy, DOCS, **build_again)
    else:
        DenseIndex.open_or_build(copy, DOCS, model=Letters(), **build_again)
    assert ask(kind, copy) == whole[1]


CHILD = """
import sys
from pyterrier_rewrite.errors import DamagedError
from pyterrier_rewrite.pipelines import PisaIndex

for path in sys.argv[1:]:
    try:
        print(len(PisaIndex(path).bm25().search("cat dog bird")))
    except DamagedError:
        print("damaged")
"""


def test_the_process_lives(tmp_path: Path) -> None:
    path = build(tmp_path / "i").path
    whole = len(PisaIndex(path).bm25().search("cat dog bird"))
    copies, expected = [], []
    for name in ("fwd.termlex", "fwd.doclex", BLOCKS, BOUNDS):
        for damage in DAMAGES.values():
            copies.append(tmp_path / str(len(copies)))
            shutil.copytree(path, copies[-1], symlinks=True)
            target = copies[-1] / name
            target.write_bytes(damage(target.read_bytes(), random.Random(2)))
            expected.append("damaged" if name.startswith("fwd.") else str(whole))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *map(str, copies)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.split()) == (0, expected), done.stderr
