"""The whole way: parameters → storyboard → frames → writer → file."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.discovery import load_scene
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.limits import MAX_SECONDS, MAX_SHEET, MAX_TITLE, MAX_WIDTH, MIN_WIDTH
from cnnviz.parameters import Parameters, Size, changed, choose, normalise, param, parameters_of, plain, quote
from cnnviz.scene import Scene, scene_name

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from cnnviz.export import Written
    from cnnviz.render.frames import Film
    from cnnviz.storyboard import Storyboard

# Without `--step` a figure is slow enough to be read and still over before a talk's audience looks away.
_LONGEST_STEP, _SHORTEST_STEP, _WHOLE = 1.0, 0.05, 24.0
# Other looks of a figure replace it; these two make it another one.
_NAMING = ("title", "theme")
_STILL = ("frame", "sheet")


@dataclass(frozen=True, kw_only=True)
class Appearance(Parameters):
    """What all figures have in common: how they look and how they play."""

    title: str | None = param(
        None, help="Title instead of the figure's own.", shown_default="the figure's own", group="Look"
    )
    theme: str = param("article", help="Colours: a theme's name or a TOML file.", group="Look")
    width: int = param(960, help="Width of the picture, 16:9.", lo=MIN_WIDTH, hi=MAX_WIDTH, unit="px", group="Look")
    values: bool = param(True, help="Show numbers in the cells, and the arithmetic.", group="Look")
    step: float | None = param(
        None, help="How long a step is shown.", lo=0.02, hi=MAX_SECONDS, unit="s", group="Timing",
        shown_default=f"{_LONGEST_STEP:g}, less where there are many steps",
    )  # fmt: skip
    hold: float = param(2.0, help="How long the last step is held.", lo=0.02, hi=MAX_SECONDS, unit="s", group="Timing")
    once: bool = param(False, help="Play once instead of for ever.", group="Timing")
    frame: str = param("last", help="Step that a still picture shows: last, first, or its number.", group="Still")
    sheet: Size | None = param(
        None, help="Steps on one contact sheet, rows x columns, each as wide as --width; for .png.",
        lo=1, hi=MAX_SHEET, group="Still",
    )  # fmt: skip

    def __post_init__(self) -> None:
        if isinstance(self.frame, Integral):
            object.__setattr__(self, "frame", str(self.frame))
        super().__post_init__()
        _check_title(self.title or "")
        _check_frame(self.frame)
        if self.sheet is not None and self.frame != "last":
            raise UsageError(f"--frame {self.frame} is one step and --sheet many: leave one of them out")


@dataclass(frozen=True)
class Figure:
    """A scene with its appearance: `save` it, take its `frames` or its `storyboard`, or show it in a notebook."""

    scene: Scene
    appearance: Appearance

    def storyboard(self) -> Storyboard:
        """The figure as data."""
        board, title = self.scene.storyboard(), self.appearance.title
        return board if title is None else replace(board, title=title)

    def film(self, storyboard: Storyboard | None = None) -> Film:
        """The figure as a stream of frames in one palette."""
        from cnnviz.render.frames import Film, Timing
        from cnnviz.render.theme import load_theme

        look = self.appearance
        board = storyboard or self.storyboard()
        step = look.step or min(_LONGEST_STEP, max(_SHORTEST_STEP, _WHOLE / max(1, board.count)))
        timing = Timing(step=step, hold=max(look.hold, 0.02))
        return Film(board, load_theme(look.theme), look.width, timing, numbers=look.values)

    def frames(self) -> Iterator[npt.NDArray[np.uint8]]:
        """The frames as (height, width, 3) arrays of their own."""
        film = self.film()
        for frame in film:
            yield film.palette.colors[frame.pixels]

    def save(self, path: str | Path) -> Written:
        """Write the figure in the format of the path's extension; raises UsageError, CnnvizError."""
        from cnnviz.export import Job, writer_for
        from cnnviz.export._atomic import whole_file

        path = Path(path)
        if os.path.isdir(path):
            raise CnnvizError(f"cannot write {path}: it is a folder, give a file such as {path / self.file_name()}")
        look = self.appearance
        write = writer_for(path, [name for name in _STILL if name in changed(look)])
        board = self.storyboard()
        job = Job(
            storyboard=board, film=lambda: self.film(board), command=self.command(), once=look.once,
            frame=look.frame, sheet=look.sheet,
        )  # fmt: skip
        with whole_file(path) as file:
            return write(job, file)

    def command(self) -> str:
        """The command that makes this figure."""
        words = ["cnnviz", scene_name(type(self.scene))]
        for parameters in (self.scene, self.appearance):
            by_name = {p.name: p for p in parameters_of(type(parameters))}
            for name, value in changed(parameters).items():
                parameter = by_name[name]
                if parameter.spec.positional:
                    words.append(shlex.quote(plain(value)))
                elif parameter.type is bool:
                    words.append(parameter.option if value else parameter.option.replace("--", "--no-", 1))
                else:
                    words += [parameter.option, shlex.quote(plain(value))]
        return " ".join(words)

    def file_name(self, extension: str = "gif") -> str:
        """A name from the parameters: `conv_i5_k3_s2_p1.gif`."""
        parts = [scene_name(type(self.scene))]
        differs = changed(self.scene)
        for parameter in sorted(parameters_of(type(self.scene)), key=lambda p: not p.spec.always_named):
            if parameter.name in differs or parameter.spec.always_named:
                value = getattr(self.scene, parameter.name)
                word = "" if parameter.spec.positional else parameter.name.replace("_", "-")
                parts.append(word if parameter.type is bool else word + _slug(plain(value)))
        parts += [name + _slug(value) for name, value in changed(self.appearance).items() if name in _NAMING]
        return "_".join(parts) + "." + extension

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        import base64
        import io

        from cnnviz.export import Job
        from cnnviz.export.gif import write

        board = self.storyboard()
        buffer = io.BytesIO()
        job = Job(storyboard=board, film=lambda: self.film(board), command=self.command(), once=self.appearance.once)
        write(job, buffer)
        data = base64.b64encode(buffer.getvalue()).decode("ascii")
        return {"image/gif": data, "text/html": _img(data, board.alt), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<{self.command()}>"


def make(scene: str, /, **parameters: Any) -> Figure:
    """A figure of a scene by its name, with the scene's parameters and those of `Appearance`; raises UsageError."""
    cls = load_scene(scene)
    given = normalise(cls, parameters)
    of_scene = {p.name for p in parameters_of(cls)}
    of_look = {p.name for p in parameters_of(Appearance)}
    for name in given:
        if name not in of_scene | of_look:
            aliases = {p.spec.alias.replace("-", "_") for p in parameters_of(cls) if p.spec.alias}
            known = tuple(sorted(of_scene | of_look | aliases))
            raise UsageError(f"{scene} has no parameter {name!r}: {choose(name, known)}")
    return Figure(
        cls(**{k: v for k, v in given.items() if k in of_scene}),
        Appearance(**{k: v for k, v in given.items() if k in of_look}),
    )


def _check_title(title: str) -> None:
    if len(title) > MAX_TITLE:
        raise UsageError(f"--title has {len(title)} characters: use at most {MAX_TITLE}")
    if not title.isprintable():
        raise UsageError(f"--title {quote(title)} holds a sign that cannot be drawn: use one line of plain text")


def _check_frame(frame: str) -> None:
    if frame not in ("first", "last") and not re.fullmatch("[1-9][0-9]{0,8}", frame):
        raise UsageError(f"--frame {quote(frame)} is not a step: use last, first, or a number from 1 on")


def _slug(text: str) -> str:
    """Letters, digits, dots and dashes of a value, for a file name; a path gives its stem."""
    stem = Path(text).stem if re.search(r"\.[A-Za-z]\w*$", text) else text
    kept = "".join(c if c.isalnum() or c in ".-" else "-" for c in stem)
    return "-".join(part for part in kept.split("-") if part or kept.startswith("-"))[:40]


def _img(data: str, alt: str) -> str:
    import html

    return f'<img src="data:image/gif;base64,{data}" alt="{html.escape(alt, quote=True)}" style="max-width:100%">'


def themes() -> dict[str, str]:
    """The themes that come with cnnviz, each with the line that describes it."""
    from cnnviz.render.theme import theme_summaries

    return theme_summaries()
