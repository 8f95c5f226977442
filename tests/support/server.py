"""The scripted server of the benchmarks, for tests: ``llm_server`` is one that runs."""

from __future__ import annotations

from pyterrier_rewrite.experiments.benchmarks.loopback import LoopbackServer, Reply, completion

__all__ = ["LoopbackServer", "Reply", "completion"]
