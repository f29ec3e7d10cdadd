"""The whole way: parameters → storyboard → frames → writer → file."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.appearance import LONGEST_STEP, SHORTEST_STEP, WHOLE, Appearance
from cnnviz.discovery import load_scene
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.parameters import changed, choose, normalise, parameters_of, plain
from cnnviz.scene import Scene, scene_name

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from cnnviz.export import Job, Written
    from cnnviz.render.frames import Film
    from cnnviz.storyboard import Storyboard

# Other looks of a figure replace it; these make it another one.
_NAMING = ("title", "theme", "lang")
# What only some formats can do.
_HEEDED = ("frame", "sheet", "transparent")


@dataclass(frozen=True)
class Figure:
    """A scene with its appearance: `save` it, take its `frames` or its `storyboard`, or show it in a notebook."""

    scene: Scene
    appearance: Appearance

    def storyboard(self) -> Storyboard:
        """The figure as data."""
        from cnnviz.wording import reworded

        look = self.appearance
        board = reworded(self.scene.storyboard(), lang=look.lang, notation=look.notation)
        return board if look.title is None else replace(board, title=look.title)

    def film(self, storyboard: Storyboard | None = None, tween: int = 0) -> Film:
        """The figure as a stream of frames in one palette; `tween` where the figure does not say it itself."""
        from cnnviz.render.frames import Film, Timing
        from cnnviz.render.theme import load_theme

        look = self.appearance
        board = storyboard or self.storyboard()
        step = look.step or min(LONGEST_STEP, max(SHORTEST_STEP, WHOLE / max(1, board.count)))
        timing = Timing(step=step, hold=max(look.hold, 0.02))
        return Film(
            board, load_theme(look.theme), look.width, timing, numbers=look.values, font_scale=look.font_scale,
            tween=tween if look.tween is None else look.tween,
        )  # fmt: skip

    def frames(self) -> Iterator[npt.NDArray[np.uint8]]:
        """The frames as (height, width, 3) arrays of their own."""
        film = self.film()
        for frame in film:
            yield film.palette.colors[frame.pixels]

    def save(self, path: str | Path) -> Written:
        """Write the figure in the format of the path's extension; raises UsageError, CnnvizError."""
        from cnnviz.export import writer_for
        from cnnviz.export._atomic import whole_file

        path = Path(path)
        if os.path.isdir(path):
            raise CnnvizError(f"cannot write {path}: it is a folder, give a file such as {path / self.file_name()}")
        write = writer_for(path, [name for name in _HEEDED if name in changed(self.appearance)])
        with whole_file(path) as file:
            return write(self.job(), file)

    def job(self, storyboard: Storyboard | None = None) -> Job:
        """What a writer is given."""
        from cnnviz.export import Job
        from cnnviz.wording import caption

        look, board = self.appearance, storyboard or self.storyboard()
        return Job(
            storyboard=board, film=lambda tween: self.film(board, tween), command=self.command(),
            caption=caption(board), once=look.once, frame=look.frame, sheet=look.sheet, transparent=look.transparent,
        )  # fmt: skip

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

        from cnnviz.export.gif import write

        board = self.storyboard()
        buffer = io.BytesIO()
        write(self.job(board), buffer)
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
