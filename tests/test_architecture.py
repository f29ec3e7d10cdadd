"""The rooms of the house, which of them may import which, and how long a module gets."""

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "cnnviz"
FILES = sorted(PACKAGE.rglob("*.py"))

# What every room may import.
GROUND = "errors limits locking installation inputs record"
# Room or module: what it may import of cnnviz, and of the libraries that take long to load.
ROOMS = {
    "errors limits locking installation inputs record places sets": "",
    "operation": "numpy",
    "notation": "numpy",
    "mathtext toml files given": "",
    "parameters": "given",
    "kernels": "parameters numpy",
    "maps": "parameters numpy",
    "rows": "parameters",
    "images": "parameters numpy PIL imageio",
    "data": "parameters kernels maps images rows numpy",
    "ops": "operation numpy",
    "words": "notation parameters mathtext toml numpy",
    "storyboard": "words numpy",
    "playback": "storyboard numpy",
    "functions": "words operation ops numpy",
    "network": "story storyboard operation ops parameters data maps notation words functions numpy onnx onnxruntime "
    "torch",
    "story": "ops functions words notation storyboard operation parameters data scene numpy maps",
    "scene": "story storyboard operation parameters numpy",
    "scenes": "story functions ops words notation storyboard operation parameters data network scene numpy",
    "discovery": "parameters scene",
    "render": "words notation storyboard playback parameters toml numpy matplotlib contourpy fontTools",
    "export": "render words storyboard parameters numpy PIL imageio av",
    "saving": "export files",
    "programs": "operation parameters numpy onnxruntime torch",
    "appearance": "parameters places programs mathtext render words",
    # It is given a pipeline's figures to show; what it asks of one it says itself.
    "decks": "parameters appearance storyboard words render export files pptx",
    "pipeline": "appearance decks discovery export parameters places programs render saving scene storyboard words "
    "files numpy",
    "api": "appearance discovery parameters pipeline",
    "batch": "discovery export files parameters pipeline places render sets toml click distributed",
    "talk": "appearance batch decks parameters pipeline scene words",
    # Not ops and no scene: a check that computed with these would prove nothing.
    "check verify": "batch data discovery functions network notation operation parameters pipeline playback programs "
    "story storyboard words numpy onnx onnxruntime torch",
    "reading": "av PIL",
    "assistant": "check discovery export parameters schema studio words mcp",
    "widget": "appearance discovery parameters pipeline schema storyboard studio numpy",
    "mkdocs": "appearance cli discovery parameters pipeline click",
    "sphinx": "appearance discovery given parameters pipeline docutils sphinx",
    "share": "export files parameters pipeline schema studio words",
    "schema": "appearance discovery parameters",
    "studio": "api appearance data discovery export files given parameters pipeline programs rows scene schema words "
    "starlette uvicorn",
    "specimen": "export files pipeline render numpy imageio",
    "gallery": "api batch export files",
    "commands": "appearance assistant batch check decks discovery export gallery parameters pipeline places reading "
    "render schema sets share specimen storyboard studio talk words click",
    "cli": "appearance commands discovery export parameters pipeline programs click",
    "__init__": "api decks discovery export pipeline talk widget",
    "__main__": "cli",
}
MAY = {room: {*GROUND.split(), *may.split()} for rooms, may in ROOMS.items() for room in rooms.split()}
LIBRARIES = {"numpy", "matplotlib", "PIL", "imageio", "click", "contourpy", "fontTools", "scipy", "torch", "onnx"}
LIBRARIES |= {"mcp", "starlette", "uvicorn", "onnxruntime", "av", "pptx", "distributed", "tensorflow", "keras", "jax"}

PRIVATE = {"cnnviz.commands", "cnnviz.render.panels"}
BACK = {("cnnviz.export.svg", "cnnviz.export._animated_svg")}


def named(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module_of(path: Path) -> str:
    return ".".join(["cnnviz", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")


MODULES = {module_of(path): path for path in FILES}


@cache
def imports(path: Path) -> set[str]:
    """The modules that a file imports when it runs, and the names that it takes from them."""
    found, nodes = set(), [ast.parse(path.read_text(encoding="utf-8"))]
    for node in nodes:
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            nodes += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def target(name: str) -> str:
    """The module that an imported name stands in."""
    return name if name in MODULES else name.rpartition(".")[0]


def test_a_room_imports_what_it_may():
    for path in FILES:
        room = room_of(path)
        # The version, and the facade's own names.
        for name in imports(path) - {"cnnviz.__version__"}:
            top = name.split(".")[0]
            where = target(name).split(".")[1] if top == "cnnviz" and "." in target(name) else top
            may = where == room or where in MAY[room] or top not in {*LIBRARIES, "cnnviz"}
            assert may, f"{named(path)} may not import {name}"
            assert "pyplot" not in name, "pyplot keeps a state of its own"


def test_no_import_leads_back():
    # The facade loads everything late, so that importing it is cheap.
    after = {module: {target(name) for name in imports(path)} for module, path in MODULES.items() if module != "cnnviz"}
    for module, other in BACK:
        after[module].discard(other)
    try:
        TopologicalSorter({module: names & after.keys() for module, names in after.items()}).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_private_names_stay_in_their_package():
    for path in FILES:
        package = module_of(path if path.name == "__init__.py" else path.parent / "__init__.py")
        for name in imports(path):
            parts = name.split(".")
            private = [n for n, part in enumerate(parts) if part.startswith("_") and not part.startswith("__")]
            if parts[0] == "cnnviz" and private:
                owner = ".".join(parts[: private[0]])
                own = owner in PRIVATE or f"{package}.".startswith(f"{owner}.")
                assert own, f"{named(path)}: {name} is private to {owner}"


def test_matplotlib_comes_through_one_door():
    """There a user's settings of it are kept out, and its releases are made alike."""
    users = {named(path) for path in FILES if any(name.split(".")[0] == "matplotlib" for name in imports(path))}
    assert users <= {"render/mpl.py", "render/outlines.py"}


def test_modules_stay_short_and_the_formatter_lays_out_every_line():
    texts = {named(path): path.read_text(encoding="utf-8") for path in FILES}
    assert [name for name, text in texts.items() if len(text.splitlines()) > 400] == []
    assert [name for name, text in texts.items() if "fmt: skip" in text] == []


def test_colours_live_in_themes():
    found = [named(path) for path in FILES if re.search(r"[\"']#[0-9A-Fa-f]{6}[\"']", path.read_text(encoding="utf-8"))]
    assert set(found) <= {"render/theme.py"}
