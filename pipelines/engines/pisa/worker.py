"""Runs PISA's indexing programs; a script, started in a process of its own.

PISA writes its log to stdout and its progress to stderr with no way to stop it, and ends the
whole process where it cannot go on (a full disk, a corpus without a term). In a process of its
own neither reaches the user. The script loads the extension alone, which takes milliseconds.

Usage: ``python worker.py <path of the extension> <function> <JSON arguments>``
"""

from __future__ import annotations

import importlib.util
import json
import sys


def main(library: str, function: str, arguments: str) -> None:
    """Call ``index`` or ``prepare`` of the extension at ``library``."""
    spec = importlib.util.spec_from_file_location("_pisathon", library)
    assert spec is not None
    assert spec.loader is not None
    pisa = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pisa)
    given = json.loads(arguments)
    if function == "index":
        pisa.index(*given)
    else:
        pisa.prepare_index(pisa.RetrievalContext(), **given)


if __name__ == "__main__":
    main(*sys.argv[1:])
