"""The tutorials run from their first cell to their last: offline, quietly, in an empty folder."""

from __future__ import annotations

import re
import runpy
import sys
import warnings

import pytest

from tests.support.paths import ROOT

CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?::[^\n]*\n\n?)*(.*?)^```$", re.M | re.S)
"""A cell without its options, which are lines such as ``:tags: [remove-stderr]``."""

TUTORIALS = ROOT / "docs/tutorials"
TELLS = {
    "rewriter-in-front-of-my-engine": [
        "which were asked before\n",
        "\nTrue\n",  # the pickled pipeline finds the same
        "RewriteWarning - LLMRewriter: 2 of 2 queries failed",
    ],
    "compare-methods-on-my-collection": [
        "estimate: no request was made\n",
        "PastQueries against RM3: p = ",
        "\\begin{tabular}{lrrr}\n",
        "\n| my method | ",
    ],
    "train-on-my-judgements-or-clicks": [
        "\nwarm start is ",  # better or not: weights differ between processors
        "\ntrained is worse than PastQueries ",
        "\nTrue\n",  # the saved rewriter writes the same
    ],
}
"""What a tutorial prints, if it did what it says."""


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    """An empty working directory, and an interpreter that is as it was, afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PT_REWRITE_HOME", str(tmp_path / "home"))
    yield tmp_path
    sys.modules.pop("my_methods", None)


def test_every_tutorial_is_known():
    assert {page.stem for page in TUTORIALS.glob("*.md")} == set(TELLS)


@pytest.mark.parametrize("name", TELLS)
def test_a_tutorial_runs(name, empty_folder, capfd):
    page = TUTORIALS / f"{name}.md"
    text = page.read_text(encoding="utf-8")
    space = {"__name__": "tutorial"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for cell in CELL.finditer(text):
            above = text.count("\n", 0, cell.start(1))  # so that an error tells the page's line
            exec(compile("\n" * above + cell[1], str(page), "exec"), space)
    told = capfd.readouterr()
    for expected in TELLS[name]:
        assert expected in told.out
    assert told.err == "", "a reader would see this between the results"
    assert not [str(w.message) for w in caught if not issubclass(w.category, DeprecationWarning)]


@pytest.mark.parametrize("name", TELLS)
def test_a_tutorial_is_a_notebook_too(name, tmp_path):
    import nbformat

    write_ipynb = runpy.run_path(str(ROOT / "docs/_ext/notebooks.py"))["write_ipynb"]
    page, files = TUTORIALS / f"{name}.md", [tmp_path / "new" / "a.ipynb", tmp_path / "b.ipynb"]
    for file in files:
        write_ipynb(page, file)
    notebook = nbformat.read(files[0], as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert code == [cell.strip() for cell in CELL.findall(page.read_text(encoding="utf-8"))]
    assert notebook.metadata.kernelspec.name == "python3"
    assert files[0].read_bytes() == files[1].read_bytes()
