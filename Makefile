# `make` sets up and renders every figure set; `make test` sets up and tests. Both are quick when nothing changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: all render gallery test lint docs bench bench-peers tokens clean
all: render

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@ $(VENV)/.installed

render: $(VENV)/.installed
	$(BIN)/cnnviz render animations --out output
	$(BIN)/cnnviz gallery output --title "Figures of convolutional networks"

gallery: render

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: $(VENV)/.installed-test
	$(BIN)/python docs/build.py

bench: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks

tokens: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks.tokens

# manim, to measure against, in an environment of its own; needs Debian's libcairo2-dev, libpango1.0-dev, pkg-config.
bench-peers: .venv-manim/.installed

.venv-manim/.installed:
	$(PYTHON) -m venv .venv-manim
	.venv-manim/bin/python -m pip install --quiet manim
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find output -mindepth 1 ! -name .gitkeep -delete
