from __future__ import annotations

import copy
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite.pipelines import PisaIndex
from pyterrier_rewrite.pipelines.engines.pisa import native as _pisa
from tests.support.pisa import build, frame, scores


def test_rank_cutoff_is_fused(index: PisaIndex) -> None:
    assert (index.bm25() % 1).compile() == index.bm25(num_results=1)
    assert (index.bm25(num_results=5) % 10).compile() == index.bm25(num_results=5)
    inp = frame("cat", "dog")
    pd.testing.assert_frame_equal((index.bm25() % 1)(inp), index.bm25(num_results=1)(inp))


def test_bm25_is_a_value(index: PisaIndex) -> None:
    bm25 = index.bm25(k1=0.9, num_results=7, threads=2)
    assert bm25 == index.bm25(k1=0.9, num_results=7, verbose=True)
    assert hash(bm25) == hash(index.bm25(k1=0.9, num_results=7))
    assert bm25 != index.bm25(num_results=7)
    assert bm25 != PisaIndex("elsewhere").bm25(k1=0.9, num_results=7)
    assert f"BM25({index!r}, k1=0.9, num_results=7" in repr(bm25)
    bm25(frame("cat"))
    for other in (copy.deepcopy(bm25), pickle.loads(pickle.dumps(bm25))):
        assert other == bm25
        assert scores(other(frame("cat"))) == scores(bm25(frame("cat")))
    changed = pt.inspect.transformer_apply_attributes(bm25, b=0.1)
    assert (changed.b, changed.k1, changed.num_results) == (0.1, 0.9, 7)


def test_inspection_opens_nothing() -> None:
    bm25 = PisaIndex("nowhere").bm25()
    assert pt.inspect.transformer_inputs(bm25) == [["qid", "query"]]
    outputs = pt.inspect.transformer_outputs(bm25, ["qid", "query"])
    assert outputs == ["qid", "query", "docno", "score", "rank"]
    with pytest.raises(pt.validate.InputValidationError):
        bm25(pd.DataFrame({"qid": ["1"]}))
    with pytest.raises(FileNotFoundError, match=r"PisaIndex\.build"):
        bm25.search("cat")


def test_schematic_needs_no_network(index: PisaIndex) -> None:
    drawn = pt.schematic.transformer_schematic(index.bm25() >> index.text())
    labels = [step["label"] for step in drawn["transformers"]]
    assert labels == ["BM25", "TextLoader"]


def test_equal_transformers_open_one_context(index: PisaIndex) -> None:
    _pisa.context.cache_clear()
    for threads in range(1, 21):
        index.bm25(threads=1, verbose=False, num_results=threads)(frame("cat"))
    assert _pisa.context.cache_info().misses == 1


def test_a_read_only_index_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = build(tmp_path / "i")
    before = sorted(p.name for p in index.path.iterdir())
    make = _pisa.tempfile.mkdtemp

    def read_only(*args: Any, **kwargs: Any) -> str:
        if kwargs.get("dir") == index.path:
            raise PermissionError("read-only file system")
        return str(make(*args, **kwargs))

    monkeypatch.setattr(_pisa.tempfile, "mkdtemp", read_only)
    assert len(index.bm25().search("cat")) == 2
    assert sorted(p.name for p in index.path.iterdir()) == before


def test_an_index_can_be_moved(tmp_path: Path) -> None:
    index = build(tmp_path / "i")
    expected = index.bm25()(frame("cat"))
    index.path.rename(tmp_path / "j")
    pd.testing.assert_frame_equal(PisaIndex(tmp_path / "j").bm25()(frame("cat")), expected)


def test_a_copy_without_links_is_searched(tmp_path: Path) -> None:
    index = build(tmp_path / "i")
    expected = index.bm25()(frame("cat"))
    shutil.copytree(index.path, tmp_path / "j", symlinks=True)
    for link in (tmp_path / "j").glob("bm25*/fwd.*"):
        link.unlink()
    pd.testing.assert_frame_equal(PisaIndex(tmp_path / "j").bm25()(frame("cat")), expected)


SENT = """
import pickle, sys
pipeline, inp = pickle.load(sys.stdin.buffer)
sys.stdout.buffer.write(pickle.dumps(pipeline(inp)))
"""


def test_a_pipeline_runs_in_another_process(index: PisaIndex, tmp_path: Path) -> None:
    pipeline, inp = index.bm25() >> index.text(), frame("cat", "dog")
    done = subprocess.run(
        [sys.executable, "-c", SENT],
        input=pickle.dumps((pipeline, inp)),
        capture_output=True,
        check=True,
        cwd=tmp_path,
    )
    pd.testing.assert_frame_equal(pickle.loads(done.stdout), pipeline(inp))


def test_import_is_light() -> None:
    code = (
        "import sys, pyterrier_rewrite.pipelines;"
        "sys.exit(any(m in sys.modules for m in ('pyterrier_pisa', 'torch', 'jnius')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
