# Everything happens in .venv, made from any Python >= 3.10 that is found; PYTHON=... chooses one.
# A stamp in .venv remembers what was installed, so that only a change of pyproject.toml installs
# again.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:

VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet --quiet
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist worksteal

.PHONY: help test lint types slow demo bench golden clean

help:
	@echo "make test    lint, types and the tests that take minutes, not hours"
	@echo "make slow    the remaining tests"
	@echo "make demo    train on handwritten digits; see results/"
	@echo "make bench   time derivatives against hand-written ones"
	@echo "make golden  renew the files of expected output; read the difference"
	@echo "make clean   delete .venv and what was built"

$(VENV)/pyvenv.cfg:
	@set -e; \
	for python in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11 python3.10; do \
	    if [ -n "$$python" ] && "$$python" -c \
	        'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then \
	        echo "making $(VENV) with $$($$python --version)"; \
	        exec "$$python" -m venv $(VENV); \
	    fi; \
	done; \
	echo "no Python >= 3.10 with venv was found; name one: make PYTHON=/path/to/python3" >&2; \
	exit 1

$(VENV)/demo.stamp: pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "installing tangent_fwd and what the demo needs"
	@$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/test.stamp: pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "installing tangent_fwd and what the tests need"
	@$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/demo.stamp

test: lint types
	$(PYTEST) -m "not slow"

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test.stamp
	$(BIN)/mypy

slow: $(VENV)/test.stamp
	$(PYTEST) -m slow

demo: $(VENV)/demo.stamp
	$(BIN)/python examples/digits.py

bench: $(VENV)/test.stamp
	$(BIN)/python -m tests.benchmarks

golden: $(VENV)/test.stamp
	$(PYTEST) -m "not slow" tests/test_golden.py tests/test_ui.py --renew

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache results
