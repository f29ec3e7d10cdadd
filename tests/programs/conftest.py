"""Frameworks that may be missing, each left as it was found."""

from __future__ import annotations

import importlib.util
import os

import pytest

NEEDS = {"pytorch": "torch", "onnx": "onnxruntime"}


@pytest.fixture
def in_framework():
    """`in_framework("jax")` skips where that is not installed; what a program sets is put back."""
    yield _ready
    if "jax" in (_asked := _ready.__dict__.setdefault("asked", set())):
        importlib.import_module("jax").config.update("jax_enable_x64", False)
    _asked.clear()


def _ready(framework):
    # Keras computes by another framework: by any that is here.
    os.environ.setdefault("KERAS_BACKEND", "torch" if importlib.util.find_spec("torch") else "jax")
    pytest.importorskip(NEEDS.get(framework, framework), exc_type=ImportError)
    _ready.__dict__.setdefault("asked", set()).add(framework)
