"""The pages in docs/ against what the code declares, and the README's commands."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from cnnviz.appearance import Appearance
from cnnviz.discovery import SCENES_FOLDER, find_scenes
from cnnviz.parameters import parameters_of

ROOT = Path(__file__).parents[1]


def build():
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_pages_are_up_to_date():
    for path, text in build().pages().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of date: run `make docs`"


def test_the_readme_names_every_scene_and_targets_that_exist():
    readme, makefile = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Makefile"))
    for name in (name for name, file in find_scenes().items() if file.parent == SCENES_FOLDER):
        assert f"`{name}`" in readme, f"{name} is missing in the README's table"
    for target in re.findall(r"(?:^|`)make ([a-z]+)", readme, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"


@pytest.mark.parametrize("page", ["README.md", "docs/new-scene.md"])
def test_commands_in_the_pages_use_options_that_exist(page):
    from cnnviz.cli import scene_command
    from cnnviz.discovery import load_scene

    text = (ROOT / page).read_text(encoding="utf-8")
    scenes = find_scenes()
    commands = re.findall(r"^(?:\$ )?cnnviz ([a-z-]+)( .*)?$", text, re.MULTILINE)
    assert commands
    for scene, rest in commands:
        if scene not in scenes:
            continue
        declared = [*parameters_of(load_scene(scene)), *parameters_of(Appearance)]
        known = {p.option for p in declared} | {f"--{p.spec.alias}" for p in declared}
        known |= {option for param in scene_command(scene).params for option in param.opts} | {"--help"}
        known |= {p.option.replace("--", "--no-", 1) for p in declared}
        for word in shlex.split(rest or "", comments=True):
            if re.match(r"-{1,2}[a-z]", word):
                assert word in known, f"{page}: {scene} {word}"


def test_images_that_the_readme_shows_are_small_and_there():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"(?:src=\"|\]\()(docs/[^\")]+\.gif)", readme)
    assert shown
    assert sum((ROOT / path).stat().st_size for path in shown) <= 2**20
