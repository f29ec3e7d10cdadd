"""The house rules that a program can check: what may import what, and how long things get."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "cnnviz"
FILES = sorted(PACKAGE.rglob("*.py"))

# Room → what it may import of cnnviz (its own room always) and of the heavy libraries.
GROUND = {"errors", "limits", "locking", "installation"}
WORDS = {"notation", "storyboard"}
ROOMS = {
    "errors": (set(), set()),
    "limits": (set(), set()),
    "locking": (set(), set()),
    "installation": (set(), set()),
    "mathtext": (GROUND, set()),
    "toml": (GROUND, set()),
    "files": (GROUND, set()),
    "saving": (GROUND | {"export", "files"}, set()),
    "ops": (GROUND | {"operation"}, {"numpy"}),
    "notation": (set(), {"numpy"}),
    "storyboard": (GROUND, {"numpy"}),
    "playback": (GROUND | {"storyboard"}, {"numpy"}),
    "parameters": (GROUND, set()),
    "kernels": (GROUND | {"parameters"}, {"numpy"}),
    "images": (GROUND | {"parameters"}, {"numpy", "PIL", "imageio"}),
    "rows": (GROUND | {"parameters"}, set()),
    "data": (GROUND | {"parameters", "kernels", "images", "rows"}, {"numpy"}),
    "functions": (GROUND | {"words", "ops", "operation"}, {"numpy"}),
    "network": (GROUND | {"ops", "functions", "parameters", "notation"}, {"numpy"}),
    "wording": (GROUND | {"storyboard", "parameters", "mathtext", "toml"}, set()),
    "places": (set(), set()),
    "operation": (set(), {"numpy"}),
    "programs": (GROUND | {"operation", "parameters"}, {"numpy", "onnxruntime", "torch"}),
    "appearance": (GROUND | {"parameters", "places", "programs", "mathtext", "render", "wording"}, set()),
    "scene": (GROUND | {"parameters", "operation", "storyboard"}, {"numpy"}),
    "discovery": (GROUND | {"parameters", "scene"}, set()),
    "scenes": (
        GROUND | WORDS | {"ops", "parameters", "data", "network", "operation", "scene"}, {"numpy"},
    ),
    "render": (
        GROUND | WORDS | {"playback", "parameters", "wording", "toml"},
        {"numpy", "matplotlib", "contourpy", "fontTools"},
    ),
    "export": (
        GROUND | {"storyboard", "parameters", "render", "wording", "__init__"}, {"numpy", "PIL", "av", "imageio"},
    ),
    # What it is given to show is a pipeline's figure; what it asks of one it says itself.
    "decks": (GROUND | {"parameters", "appearance", "storyboard", "wording", "render", "files", "export"}, {"pptx"}),
    "pipeline": (
        GROUND | {"parameters", "places", "appearance", "scene", "programs", "discovery", "render", "export", "decks"}
        | {"files", "saving", "storyboard", "wording"},
        {"numpy"},
    ),
    "sets": (set(), set()),
    "api": (GROUND | {"parameters", "appearance", "discovery", "pipeline"}, set()),
    "batch": (
        GROUND | {"parameters", "places", "discovery", "render", "pipeline", "files", "export", "toml", "sets", "__init__"},
        {"click", "distributed"},
    ),
    "talk": (GROUND | {"parameters", "appearance", "scene", "wording", "pipeline", "batch", "decks"}, set()),
    # Not ops and no scene: a check that computed with these would prove nothing.
    "check": (
        GROUND | WORDS | {"playback", "parameters", "data", "network", "discovery", "pipeline", "batch"},
        {"numpy", "onnx", "onnxruntime", "torch"},
    ),
    "reading": (GROUND, {"av"}),
    "specimen": (GROUND | {"files", "saving", "export", "render", "pipeline", "__init__"}, {"numpy"}),
    "gallery": (GROUND | {"batch", "files", "export"}, set()),
    "commands": (
        GROUND | {"parameters", "places", "appearance", "discovery", "pipeline", "batch", "gallery", "check", "export"}
        | {"reading", "specimen", "wording", "decks", "talk", "sets"},
        {"click"},
    ),
    "cli": (
        GROUND | {"parameters", "appearance", "programs", "discovery", "pipeline", "commands", "export", "__init__"},
        {"click"},
    ),
    "__init__": (GROUND | {"discovery", "pipeline", "api", "talk", "decks", "export"}, set()),
    "__main__": ({"cli"}, set()),
}  # fmt: skip
HEAVY = {
    "numpy", "matplotlib", "PIL", "imageio", "click", "contourpy", "fontTools", "scipy", "torch", "onnx", "onnxruntime",
    "av", "pptx", "distributed",
}  # fmt: skip


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_room_imports_what_it_may(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    allowed, libraries = ROOMS[room]
    for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
        parts = name.split(".")
        if parts[0] == "cnnviz":
            target = parts[1] if len(parts) > 1 and (PACKAGE / parts[1]).exists() else parts[1] if (
                len(parts) > 1 and (PACKAGE / f"{parts[1]}.py").exists()
            ) else "__init__"  # fmt: skip
            assert target == room or target in allowed, f"{room} may not import {name}"
        elif parts[0] in HEAVY:
            assert parts[0] in libraries, f"{room} may not import {name}"
        assert "pyplot" not in parts


def test_matplotlib_comes_through_one_door():
    """There a user's settings of it are kept out, and its releases are made alike."""
    for path in FILES:
        imported = {name.partition(".")[0] for name in imports(ast.parse(path.read_text(encoding="utf-8")))}
        assert "matplotlib" not in imported or path.name in ("mpl.py", "outlines.py"), path


@pytest.mark.parametrize("path", FILES, ids=named)
def test_modules_and_functions_stay_short(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            start = node.body[1].lineno if ast.get_docstring(node) and len(node.body) > 1 else node.lineno
            assert node.end_lineno - start < 50, f"{node.name} is {node.end_lineno - start + 1} lines long"


@pytest.mark.parametrize("path", [p for p in FILES if "render" not in p.parts], ids=named)
def test_colours_live_in_themes(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"[\"']#[0-9A-Fa-f]{6}[\"']", text)


def test_painters_name_no_colour():
    for path in (PACKAGE / "render").rglob("*.py"):
        if path.name != "theme.py":
            assert not re.search(r"[\"']#[0-9A-Fa-f]{6}[\"']", path.read_text(encoding="utf-8")), path


def test_no_registry_host_is_written_down():
    for path in [*ROOT.glob("*.toml"), ROOT / "Makefile", ROOT / ".ci" / "run", *ROOT.glob("*.md")]:
        assert not re.search(r"https?://[^ ]*(pypi|registry|debian|simple)", path.read_text(encoding="utf-8")), path
