# make run   the main job on shipped samples, then a server          make test   everything
# Both need Python 3.11 or later with venv, and nothing else. What they make is in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCK := PIP_CONSTRAINT=requirements.lock

.DEFAULT_GOAL := help
.PHONY: help run test check fmt bench soak lock wheel clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | while IFS="$$(printf '\t')" read -r name what; do printf '  make %-8s %s\n' "$$name" "$$what"; done

run: $(VENV)/.run  ## import the shipped samples, grant 14 days, query, push, then serve (ARGS=--no-serve ends there)
	$(BIN)/cgm-bridge demo $(ARGS)

test: $(VENV)/.dev  ## the whole suite on every core (ARGS=… goes to pytest; ARGS=-n0 is one process)
	$(BIN)/python -m pytest -n auto $(ARGS)

check: $(VENV)/.dev  ## lint, layout, types, import contracts, one door: seconds
	$(BIN)/ruff check bridge tests
	$(BIN)/ruff format --check bridge tests
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tests.contracts.one_door
	$(BIN)/mypy

fmt: $(VENV)/.dev  ## mend layout and what lint can mend
	$(BIN)/ruff check --fix bridge tests
	$(BIN)/ruff format bridge tests

bench: $(VENV)/.dev  ## ratios against a static answer and against HAPI (tests/bench/RESULTS.md)
	$(BIN)/python -m tests.bench $(ARGS)

soak: $(VENV)/.dev  ## the long ones: 50 M readings, hours of traffic (ARGS=--seconds=20 for a taste), 10,000 random cases
	$(BIN)/python -m tests.bench.soak $(ARGS)
	$(BIN)/python -m tests.door.many --cases 10000

wheel: $(VENV)/.dev  ## dist/*.whl
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

# Names and versions alone: a line with an address, a path or a remark of pip's does not get in.
lock: $(VENV)/.python  ## requirements.lock anew from what pyproject.toml allows
	rm -rf $(VENV)-lock && $(BIN)/python -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check '.[dev]'
	$(VENV)-lock/bin/python -m pip freeze --exclude cgm-bridge > $(VENV)-lock/frozen
	{ sed -n '1,/^[^#]/{/^#/p;}' requirements.lock; grep -E '^[A-Za-z0-9._-]+==[A-Za-z0-9.]+$$' $(VENV)-lock/frozen; } > $(VENV)-lock/new
	mv $(VENV)-lock/new requirements.lock && rm -rf $(VENV)-lock

clean:  ## everything that make made; never a person's data
	rm -rf $(VENV) $(VENV)-lock dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find bridge tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment: made once; installed again where pyproject.toml or the lock changed.

$(VENV)/.python:
	@$(PYTHON) -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "This needs Python 3.11 or later with venv, which '$(PYTHON)' is not: install it (Debian: python3 and python3-venv), or name it with 'make PYTHON=...'." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.python pyproject.toml requirements.lock
	$(LOCK) $(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.python pyproject.toml requirements.lock
	$(LOCK) $(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.run
