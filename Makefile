# The doors. `make demo` and `make test` need only Python 3.11+, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
JOBS ?= auto

# Where an environment forbids to keep compiled modules, each command would compile the project anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test check bench chaos fuzz simulate docs lock clean

setup: $(VENV)/ready

$(VENV)/ready: requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("ml-connector needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: setup
	$(BIN)/ml-connector demo $(ARGS)

# The tests of a file stay in one process, so that what they share is made once.
test: setup
	$(BIN)/pytest -n $(JOBS) --dist loadfile $(ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_house.py

bench: setup
	$(BIN)/python -m benchmarks $(ARGS)

chaos: setup
	$(BIN)/python -m tests.chaos $(ARGS)

fuzz: setup
	$(BIN)/python -m tests.fuzz $(ARGS)

simulate: setup
	$(BIN)/python -m tests.chaos.simulate $(ARGS)

docs: setup
	$(BIN)/python -m ml_connector.docs $(ARGS)

lock: setup
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/lock.txt
	for f in base dev lock; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header requirements/$$f.in -o requirements/$$f.txt; done

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
