"""One model trained by several processes."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from pyterrier_rewrite.training.run.monitor import read_table
from tests.support.training import python

pytestmark = pytest.mark.usefixtures("one_thread")


WORLD = """
import os
import sys
import torch
from pathlib import Path
from tests.support.training import ByText, eight_topics, local, validation
from pyterrier_rewrite.training import grpo

torch.set_num_threads(1)
model, out = sys.argv[1:]
topics = eight_topics()
trained = grpo(
    local(Path(model)), topics, ByText(len), output_dir=out, steps=4, queries_per_step=4,
    group_size=4, learning_rate=3e-3, checkpoint_every=2, validation=validation(topics, every=2),
    verbose=False,
)
assert torch.distributed.get_world_size() == 2
norm = sum(p.double().abs().sum() for p in trained.llm.loaded().model.parameters())
seen = [torch.zeros_like(norm) for _ in range(2)]
torch.distributed.all_gather(seen, norm)
assert seen[0] == seen[1], seen
Path(out, f"rank-{torch.distributed.get_rank()}").touch()
torch.distributed.barrier()
torch.distributed.destroy_process_group()
os._exit(0)  # all is checked; torch's threads can abort an interpreter that shuts down
"""


@pytest.mark.slow
def test_two_processes_train_one_model(tiny_causal: Path, tmp_path: Path) -> None:
    import json

    script = tmp_path / "world.py"
    script.write_text(textwrap.dedent(WORLD))
    out = tmp_path / "run"
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
    done = python(str(script), str(tiny_causal), str(out), launcher=torchrun)
    assert done.returncode == 0, done.stderr
    assert (out / "rank-0").exists()
    assert (out / "rank-1").exists()
    assert json.loads((out / "best" / "training.json").read_text())["processes"] == 2
    assert [row["step"] for row in read_table(out / "training.csv")] == [0, 1, 2, 3, 4]
