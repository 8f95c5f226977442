"""The scripted server of the benchmarks, for tests: ``llm_server`` is one that runs."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from pyterrier_rewrite.experiments.benchmarks.loopback import LoopbackServer, Reply, completion

__all__ = ["LoopbackServer", "Reply", "completion", "nobody"]


@contextmanager
def nobody(port: int = 0) -> Iterator[str]:
    """Give the URL of a port where nobody answers, and keep the port from everybody else.

    A port that is free may be another test's a moment later, which would get our requests.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/v1"
