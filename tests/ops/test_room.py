"""The room's own rules: what it may import, what it exports, that tables cannot be changed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from cnnviz import ops

FILES = sorted(Path(ops.__file__).parent.glob("*.py"))


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_imports_are_numpy_errors_and_the_standard_library(path: Path) -> None:
    allowed = {"numpy", *sys.stdlib_module_names}
    for name in imported(path):
        inside = name == "cnnviz.errors" or name == "cnnviz.ops" or name.startswith("cnnviz.ops.")
        assert inside or name.split(".")[0] in allowed, f"{path.name} imports {name}"


def test_importing_loads_nothing_but_numpy_and_leaves_gradient_descent_for_later() -> None:
    code = (
        "import sys, numpy; before = set(sys.modules); import cnnviz.ops as ops; fresh = set(sys.modules) - before;"
        "print(*sorted({n.split('.')[0] for n in fresh} - set(sys.stdlib_module_names) - {'org'}));"
        "print('cnnviz.ops.optimizers' in fresh, 'cnnviz.ops.surfaces' in fresh); print(ops.Adam.__name__)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split("\n")[:3] == ["cnnviz numpy", "False False", "Adam"]


def test_every_export_is_there_and_documented() -> None:
    assert ops.__all__ == sorted(set(ops.__all__), key=ops.__all__.index)
    for name in ops.__all__:
        entry = getattr(ops, name)
        if callable(entry):
            assert entry.__doc__, name
            assert entry.__doc__.splitlines()[0].endswith("."), f"{name}'s first line is not a sentence"
    with pytest.raises(AttributeError, match=r"^module 'cnnviz\.ops' has no attribute 'conv3d'$"):
        _ = ops.conv3d


@pytest.mark.parametrize("table", ["ACTIVATIONS", "LOSSES", "SURFACES", "OPTIMIZERS"])
def test_tables_are_read_only_and_keyed_by_name(table: str) -> None:
    entries = getattr(ops, table)
    with pytest.raises(TypeError):
        entries["new"] = None
    for name, entry in entries.items():
        assert name == (entry.__name__ if table == "OPTIMIZERS" else entry.name)
        if table != "OPTIMIZERS":
            with pytest.raises(AttributeError):
                entry.name = "other"
