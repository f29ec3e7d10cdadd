"""Packages that not every installation of cnnviz has, and how they are added to this one."""

from __future__ import annotations

import importlib
from typing import Any

from cnnviz.errors import CnnvizError


def load_extra(module: str, name: str, extra: str, what: str) -> Any:
    """Import a library of an extra, for `what`; raises CnnvizError where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        hint = install_hint(f"cnnviz[{extra}]")
        raise CnnvizError(f"{what} needs {name}, which is not installed: {hint}") from None


def install_hint(requirement: str) -> str:
    """The command that installs `cnnviz[extra]`, or another package."""
    return f"pip install '{requirement}'"
