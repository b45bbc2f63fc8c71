# hwnoise: every target works as one command on a fresh machine with Python 3.10 to 3.13 and make.
# `make PYTHON=/path/to/python test` picks the interpreter; .venv is made once and kept.

SHELL    := /bin/bash
SOURCES  := hwnoise backends kernels
BIN      := .venv/bin
INSTALL  := $(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt
SUITABLE := import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test bench lint format types clean distclean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo: .venv/core  ## train a network on a noisy chip by its own noise, and write a report
	$(BIN)/hwnoise train

test: .venv/full  ## run every test
	$(BIN)/pytest --numprocesses auto --dist worksteal

bench: .venv/core  ## time the kernels against their references; writes build/bench.json
	$(BIN)/python -m hwnoise.bench

lint: .venv/full  ## check format and style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: .venv/full  ## rewrite the files as `make lint` wants them
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: .venv/full  ## check the types, strictly
	@# Type checkers cannot see setuptools' folder mapping: show them the folders where they are imported.
	@rm -rf .typed && mkdir -p .typed/hwnoise
	@for path in hwnoise/* backends kernels; do ln -sfn "../../$$path" .typed/hwnoise/; done
	$(BIN)/mypy

clean:  ## remove what was built
	rm -rf build dist *.egg-info .typed .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find $(SOURCES) tests examples -name __pycache__ -prune -exec rm -rf {} +

distclean: clean  ## remove what was built and the environment
	rm -rf .venv

# The stamps record an install; only a change of dependencies or packages makes it happen again.
.venv/core: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing hwnoise in .venv; this takes a minute"
	@$(INSTALL) --editable .
	@touch $@

.venv/full: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing hwnoise in .venv with what its tests need; this takes a minute"
	@$(INSTALL) --editable '.[data,dev,lava,snntorch]'
	@$(INSTALL) --no-deps --ignore-requires-python lava-nc  # its metadata knows no Python but 3.10; it runs on 3.13
	@touch .venv/core $@

.venv/bin/python:
	@for python in $(or $(PYTHON),python3.11 python3.12 python3.13 python3.10 python3 python); do \
	  if "$$python" -c '$(SUITABLE)' 2>/dev/null; then exec "$$python" -m venv .venv; fi; \
	done; \
	echo "hwnoise needs Python 3.10 to 3.13 with its venv module: install one, or name it with 'make PYTHON=/path/to/python'." >&2; \
	exit 1
