"""Packages that not every installation of cnnviz has, and how they are added to this one."""

from __future__ import annotations

import importlib
import shlex
import sys
from pathlib import Path
from typing import Any

from cnnviz.errors import CnnvizError

_PACKAGE = Path(__file__).parent


def load_extra(module: str, name: str, extra: str, what: str) -> Any:
    """Import a library of an extra, for `what`; raises CnnvizError where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        hint = install_hint(f"cnnviz[{extra}]")
        raise CnnvizError(f"{what} needs {name}, which is not installed: {hint}") from None


def install_hint(requirement: str) -> str:
    """The command that adds `cnnviz[extra]`, or another package, where this cnnviz is installed."""
    what, extra = shlex.quote(requirement), requirement.startswith("cnnviz[")
    parts = Path(sys.prefix).parts
    if "pipx" in parts:
        return f"pipx install --force {what}" if extra else f"pipx inject cnnviz {what}"
    if "uv" in parts and "tools" in parts:
        return f"uv tool install {what}" if extra else f"uv tool install cnnviz --with {what}"
    if "uv" in parts and any(part.startswith("archive-v") for part in parts):
        return f"uvx --from {what} cnnviz …" if extra else f"uvx --with {what} cnnviz …"
    if extra and (_PACKAGE.parent / "pyproject.toml").is_file():
        return f"pip install -e {shlex.quote(str(_PACKAGE.parent) + requirement.removeprefix('cnnviz'))}"
    return f"pip install {what}"
