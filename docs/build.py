"""Write the reference pages from what the code declares: `python docs/build.py` (a test holds them against it)."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from pathlib import Path

from cnnviz import storyboard
from cnnviz.appearance import Appearance
from cnnviz.discovery import SCENES_FOLDER, find_scenes, load_scene, summary
from cnnviz.parameters import Parameter, Parameters, parameters_of
from cnnviz.storyboard import Change, Panel, Step, Storyboard

FOLDER = Path(__file__).parent


def scenes_page() -> str:
    """Every scene with its parameters and examples."""
    parts = [
        "# The figures and their parameters\n\nMade by `make docs` from the scenes themselves.\n\n"
        "A parameter is written `--name` on the command line, `name=` in Python (dashes become underscores) and "
        "`name =` in a figure set. Sizes take `3` or, rows x columns, `3x2`; in Python and figure sets `(3, 2)` and "
        "`[3, 2]`.\n"
    ]
    for name, file in find_scenes().items():
        if file.parent == SCENES_FOLDER:
            scene = load_scene(name)
            examples = "\n".join(scene.examples)
            text = inspect.cleandoc(scene.__doc__ or "")
            parts.append(f"## {name}\n\n{summary(file)}\n\n{text}\n\n```sh\n{examples}\n```\n\n{table(scene)}")
    parts.append(f"## All figures\n\n{inspect.cleandoc(Appearance.__doc__ or '')}\n\n{table(Appearance)}")
    return "\n".join(parts)


def table(cls: type[Parameters]) -> str:
    """The parameters of a class."""
    rows = ["| parameter | default | |", "|---|---|---|"]
    for parameter in parameters_of(cls):
        rows.append(f"| {written(parameter)} | {parameter.shown_default or '–'} | {meaning(parameter)} |")
    return "\n".join(rows) + "\n"


def written(parameter: Parameter) -> str:
    """A parameter's names."""
    if parameter.spec.positional:
        return f"`{parameter.name}` (first word)"
    alias = f", `--{parameter.spec.alias}`" if parameter.spec.alias else ""
    no = f", `--no-{parameter.option[2:]}`" if parameter.default is True else ""
    return f"`{parameter.option}`{alias}{no}"


def meaning(parameter: Parameter) -> str:
    """What a parameter means, its choices and bounds."""
    spec = parameter.spec
    text = spec.help.replace("|", "\\|")
    if spec.unit:
        text += f" In {spec.unit}."
    if spec.choices:
        text += f" One of {', '.join(spec.choices)}."
    bounds = [f"{word} {value:g}" for word, value in (("from", spec.lo), ("to", spec.hi)) if value is not None]
    return text + (f" {' '.join(bounds).capitalize()}." if bounds else "")


def storyboard_page() -> str:
    """The written introduction, then every panel and change."""
    intro = (FOLDER / "storyboard-intro.md").read_text(encoding="utf-8")
    panels = [
        cls for cls in vars(storyboard).values() if inspect.isclass(cls) and issubclass(cls, Panel) and cls is not Panel
    ]
    changes = list(typing.get_args(Change))
    others = [
        cls
        for cls in vars(storyboard).values()
        if dataclasses.is_dataclass(cls) and cls not in [*panels, *changes, Panel, Step, Storyboard]
    ]
    parts = [intro, "## Panels\n"]
    parts += [f"### `{cls.kind}`\n\n{described(cls)}" for cls in panels]
    parts += ["## What panels consist of\n", *(f"### {cls.__name__}\n\n{described(cls)}" for cls in others)]
    parts += ["## Changes\n", *(f"### {cls.__name__}\n\n{described(cls)}" for cls in changes)]
    return "\n".join(parts)


def described(cls: type) -> str:
    """A class by its docstring and its fields."""
    fields = ", ".join(f"`{field.name}`" for field in dataclasses.fields(cls))
    return f"{inspect.cleandoc(cls.__doc__ or '')}\n\nFields: {fields}.\n"


def pages() -> dict[Path, str]:
    """Every page that is made, by its file."""
    return {FOLDER / "scenes.md": scenes_page(), FOLDER / "storyboard.md": storyboard_page()}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
