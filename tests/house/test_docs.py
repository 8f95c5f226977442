"""README and the documentation: what they print runs, or says why not; links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.house.blocks import SHELL, blocks, inline_commands, pages
from tests.house.commands import check
from tests.house.run_page import run_page
from tests.support.paths import ROOT
from tests.support.server import LoopbackServer, Reply, completion

LANGUAGES = ("python", *SHELL)
WITH_CODE = [page for page in pages() if {b.language for b in blocks(page)} & set(LANGUAGES)]


def _said(_: object, number: int) -> Reply:
    return Reply(body=completion(f"small couch for two, number {number}"))


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    with LoopbackServer() as server:
        server.replies = _said
        yield server.url


@pytest.mark.parametrize("page", WITH_CODE)
def test_what_a_page_prints_runs_or_says_why_not(page, tmp_path, monkeypatch, server_url, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PT_REWRITE_HOME", str(tmp_path / "home"))
    assert {"README.md", "docs/own-rewriter.md", "docs/prompts.md"} <= set(WITH_CODE)
    run_page(page, monkeypatch, server_url)
    told = capsys.readouterr().out
    for block in blocks(page):
        assert (f"{block.where} is not run: {block.reason}" in told) == bool(block.reason)


@pytest.mark.parametrize("page", pages())
def test_commands_in_a_pages_text_exist(page):
    for words in inline_commands(page):
        check(words)


@pytest.fixture(scope="module")
def reference() -> Any:
    """What the extension that makes the reference knows."""
    code = (
        "import api, facts, json, methods, scan; from library import rewriters; "
        "pages = {**methods.pages(), **facts.pages(), **api.pages(), 'index': api.index()}; "
        "used = {c: {k: sorted(v) for k, v in w.items()} for c, w in scan.columns_used().items()}; "
        "snippets = {name: methods.cards.snippet(name, cls) for name, cls in rewriters().items()}; "
        "print(json.dumps({'pages': [*pages], 'texts': [*pages.values()], 'snippets': snippets, "
        "'columns': used, 'unexplained': facts.unexplained()}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / "docs/_ext")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_links_in_the_documentation_lead_somewhere(reference):
    there = {f"docs/reference/{name}.rst" for name in reference["pages"]}
    for name in pages():
        page = ROOT / name
        prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)#]+)\)", prose):
            path = os.path.relpath(page.parent / target, ROOT)
            found = target.startswith("https://") or path in there or (ROOT / path).exists()
            assert found, (page, target)


def test_yaml_in_the_documentation_is_a_valid_config(tmp_path):
    from pyterrier_rewrite.experiments.config import TrainConfig, load_config, read_config

    file, seen = tmp_path / "config.yaml", set()
    for block in (block for page in pages() for block in blocks(page)):
        if block.language == "yaml" and not re.search(r"^prompts:", block.text, re.M):
            trains = re.search(r"^training:", block.text, re.M)
            read = partial(read_config, TrainConfig) if trains else load_config
            file.write_text(block.text)
            read(file)
            seen.add(block.page)
    assert {"docs/configs.md", "docs/training.md"} <= seen


def test_the_config_of_every_method_is_valid(reference, tmp_path):
    from pyterrier_rewrite.experiments.config import load_config

    file = tmp_path / "config.yaml"
    for name, text in reference["snippets"].items():
        file.write_text(f"name: {name}\ncollection: shop\n{text}\n")
        assert name in load_config(file).systems


def test_every_public_name_has_a_place_in_the_reference(reference):
    import pyterrier_rewrite
    from pyterrier_rewrite import pipelines, rewards, training

    documented = " ".join(reference["texts"])
    for package in (pyterrier_rewrite, pipelines, rewards, training):
        for name in set(package.__all__) - {"__version__"}:
            # a class or function with its docstring, a type with what it stands for
            assert re.search(rf":: [\w.]*\b{name}\n|\* - ``{name}``\n +- ``", documented), name


def test_the_reference_knows_who_writes_and_reads_a_column(reference):
    used = reference["columns"]
    assert "pyterrier_rewrite.LimitHistory" in used["qhistory"]["writes"]
    assert "pyterrier_rewrite.CHIQ" in used["qhistory"]["reads"]
    assert "pyterrier_rewrite.RM3" in used["query_toks"]["writes"]
    assert "pyterrier_rewrite.pipelines.BM25" in used["query_toks"]["reads"]
    assert "pyterrier_rewrite.rewards.AnswerReward" in used["qanswers"]["reads"]
    assert "pyterrier_rewrite.SimulatedAnswer" in used["qneed"]["reads"]
    # a column that nobody is known to read or write is a column that the scan does not see
    assert not [column for column, who in used.items() if not who["writes"] + who["reads"]]


def test_every_key_of_a_config_is_explained(reference):
    assert reference["unexplained"] == []


@pytest.mark.parametrize(
    ("html", "loaded"),
    [
        ('<script src="https://cdn.example.org/a.js"></script>', True),
        ("<img alt='' src=//example.org/a.png>", True),
        ('<link rel="stylesheet" href="https://example.org/a.css" />', True),
        ("@import url('https://example.org/a.css');", True),
        ("a { background: url(https://example.org/a.png) }", True),
        ('<a href="https://example.org/">there</a>', False),
        ('<script src="_static/a.js"></script><link rel="icon" href="a.png">', False),
        ('<link rel="canonical" href="https://example.org/page.html" />', False),
        ("a { background: url(\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org'\") }", False),
    ],
)
def test_a_build_sees_what_a_page_loads_from_elsewhere(html, loaded):
    found = runpy.run_path(str(ROOT / "docs/_ext/offline.py"))["loaded_from_elsewhere"](html)
    assert bool(found) == loaded
