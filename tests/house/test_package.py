"""The package as others get it: what the wheel holds, what an import loads, who imports whom."""

from __future__ import annotations

import ast
import doctest
import importlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FOLDERS = {
    "rewrite": "pyterrier_rewrite",
    "pipelines": "pyterrier_rewrite/pipelines",
    "rewards": "pyterrier_rewrite/rewards",
    "experiments": "pyterrier_rewrite/experiments",
}
MAY_IMPORT = {
    "rewrite": set(),
    "pipelines": {"rewrite"},
    "rewards": {"rewrite"},
    "experiments": {"rewrite", "pipelines", "rewards"},
}


def sources(folder: str, pattern: str = "**/*.py") -> list[Path]:
    return [p for p in sorted((ROOT / folder).glob(pattern)) if "__pycache__" not in p.parts]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> list[str]:
    out = tmp_path_factory.mktemp("wheel")
    copy = tmp_path_factory.mktemp("source")
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    done = subprocess.run([*build, str(copy)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = out.glob("*.whl")
    return zipfile.ZipFile(file).namelist()


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_wheel_holds_every_file(wheel, folder):
    expected = {
        f"{FOLDERS[folder]}/{path.relative_to(ROOT / folder)}"
        for pattern in ("**/*.py", "**/*.yaml", "**/*.html", "py.typed")
        for path in sources(folder, pattern)
    }
    assert expected
    assert not expected - set(wheel)


def test_the_wheels_only_top_level_name_is_ours(wheel):
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"pyterrier_rewrite"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_import_in_one_direction_and_by_full_name(folder):
    for path in sources(folder):
        for name in imported(path):
            assert name.split(".")[0] not in FOLDERS, f"{path} imports {name} by its folder's name"
            for other in set(FOLDERS) - MAY_IMPORT[folder] - {folder, "rewrite"}:
                full = f"pyterrier_rewrite.{other}"
                assert not (name + ".").startswith(full + "."), f"{path} imports {name}"
        if folder == "rewrite":
            full = [name for name in imported(path) if name.startswith("pyterrier_rewrite")]
            assert not full, f"{path} should import {full} relatively"


def run(code: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "module", ["pyterrier_rewrite", "pyterrier_rewrite.pipelines", "pyterrier_rewrite.rewards"]
)
def test_an_import_loads_nothing_heavy_from_any_folder(module, tmp_path):
    heavy = ["torch", "transformers", "sentence_transformers", "aiohttp", "jnius", "vllm"]
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    assert run(code, tmp_path).strip() == "[]"


def test_a_missing_extra_names_the_command_that_works_today():
    from pyterrier_rewrite import MissingExtraError

    told = str(MissingExtraError("py3langid", "lang"))
    assert "pip install '.[lang]'" in told
    assert "not on the package index yet" in told


@pytest.mark.parametrize("module", ["", ".llm", ".pipelines", ".rewards", ".testing"])
def test_public_names_exist_once(module):
    found = importlib.import_module(f"pyterrier_rewrite{module}")
    names = list(getattr(found, "__all__", []))
    assert len(names) == len(set(names))
    assert all(hasattr(found, name) for name in names)


def test_every_prompt_is_complete():
    import yaml

    from pyterrier_rewrite import Prompt

    for path in sources("rewrite/prompting/prompts", "*.yaml"):
        for name in yaml.safe_load(path.read_text(encoding="utf-8"))["prompts"]:
            prompt = Prompt.load(f"{path.stem}/{name}")
            assert prompt.reference, f"{path.name} names no reference"
            assert prompt.version >= 1


def modules_with_examples() -> list[str]:
    found = []
    for folder, package in FOLDERS.items():
        for path in sources(folder):
            if ">>>" in path.read_text(encoding="utf-8"):
                parts = (package, *path.relative_to(ROOT / folder).with_suffix("").parts)
                found.append(".".join(parts).replace("/", ".").removesuffix(".__init__"))
    return found


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(importlib.import_module(name)).failed == 0
