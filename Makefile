# `make demo` and `make test` do all of their own set-up; a second run installs nothing.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: setup demo test lint bench clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $(READY)

# One thread: at this size as fast as two, and the same bits whatever the number of cores.
demo: setup
	rm -rf runs/demo
	OMP_NUM_THREADS=1 $(BIN)/zppo train recipes/pocket.yaml --run-dir runs/demo

test: lint
	$(BIN)/pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python benchmarks/update_speed.py

clean:
	rm -rf .venv runs
