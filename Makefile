# `make demo` and `make test` do all of their own set-up; a second run installs nothing.
# The servers that some tests ask live in an environment of their own, because vLLM pins what we do not.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
SERVERS := .servers/ready
INSTALL_SERVERS = .servers/bin/pip install -q --disable-pip-version-check --no-compile --no-deps \
	-r requirements-servers.txt

.PHONY: setup servers demo test lint bench clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt environment/torchvision_on_cpu.py src/zppo/engines/torchvision_cpu.py
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e ".[dev]"
	$(BIN)/python environment/torchvision_on_cpu.py
	touch $(READY)

servers: $(SERVERS)

# A whole list, and nothing that it does not name: some of what vLLM asks for cannot be imported beside a CPU torch.
$(SERVERS): requirements-servers.txt
	$(PYTHON) -m venv --clear .servers
	$(INSTALL_SERVERS) || $(INSTALL_SERVERS) --extra-index-url https://download.pytorch.org/whl/cpu
	touch $(SERVERS)

demo: setup
	rm -rf runs/demo
	$(BIN)/zppo demo --run-dir runs/demo

test: lint servers
	$(BIN)/pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python benchmarks/update_speed.py

clean:
	rm -rf .venv .servers runs
