"""The pipeline: parameters → storyboard → frames → writer → file."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cnnviz.appearance import (
    BARE_STEP_FACTOR,
    MAX_STEP_SECONDS,
    MIN_STEP_SECONDS,
    TARGET_SECONDS,
    Appearance,
    bytes_of,
    declared,
    default_look,
)
from cnnviz.discovery import load_scene
from cnnviz.errors import UsageError
from cnnviz.limits import MIN_GLIDE_MILLISECONDS, TWEEN
from cnnviz.parameters import changed, normalise, parameters_of, suggest, to_cli
from cnnviz.places import PLACES, Place
from cnnviz.scene import Scene, scene_name

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from cnnviz.decks import WrittenDeck
    from cnnviz.export import Job, Written
    from cnnviz.render.frames import Film
    from cnnviz.saving import ExportRequest
    from cnnviz.storyboard import Storyboard

_COUNTER = "step {n} of {count}"
# Figures that differ in these get different file names; other looks overwrite the file.
_LOOKS_IN_FILE_NAME = ("title", "theme", "lang", "for_")
FORMAT_SPECIFIC_OPTIONS = ("frame", "sheet", "transparent")
"""Options that only some formats support."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A scene with its appearance: `save` it, use its `frames` or `storyboard`, or show it in a notebook."""

    scene: Scene
    appearance: Appearance

    def storyboard(self) -> Storyboard:
        """The figure as data."""
        from cnnviz.programs import line
        from cnnviz.storyboard.bare import bare
        from cnnviz.storyboard.printing import printed
        from cnnviz.words import Printer
        from cnnviz.words.language import load_language
        from cnnviz.words.plain import with_notes

        look = self.appearance
        language = load_language(look.lang)
        counter = language.phrase(_COUNTER) if language else _COUNTER
        board = replace(self.scene.storyboard(), counter=counter)
        board = printed(board, Printer(language, look.notation), look.lang)
        if look.code_line is not None:
            board = replace(board, code=line(self.scene.operation(), look.code_line, self.command()))
        title = board.title if look.title is None else look.title
        point = board.point if look.subtitle is None else look.subtitle
        board = with_notes(replace(board, title=title, point=point))
        return bare(board) if look.bare else board

    def code(self, framework: str) -> str:
        """A program in a framework such as pytorch that computes the same; raises UsageError if there is none."""
        from cnnviz.programs import check_framework, program

        return program(self.scene.operation(), check_framework(framework), self.command())

    def film(self, storyboard: Storyboard | None = None, tween: int = 0, *, opening: bool = False) -> Film:
        """The figure as a stream of frames with one palette.

        `tween` is the default for the figure's own. With an `opening`, a picture that asks the question comes first.
        """
        from cnnviz.render.frames import Film
        from cnnviz.render.theme import load_theme
        from cnnviz.render.timing import Timing

        look = self.appearance
        board = storyboard or self.storyboard()
        step = min(MAX_STEP_SECONDS, max(MIN_STEP_SECONDS, TARGET_SECONDS / max(1, board.count)))
        step = look.step or (step * BARE_STEP_FACTOR if look.bare else step)
        return Film(
            board,
            load_theme(look.theme),
            look.width,
            Timing(step=step, hold=max(look.hold, 0.02), reading=look.step is None and not look.bare),
            numbers=look.values,
            font_scale=look.font_scale,
            tween=tween if look.tween is None else look.tween,
            min_glide_milliseconds=MIN_GLIDE_MILLISECONDS if look.tween is None and board.has_windows else 0,
            transparent=look.transparent,
            opening=opening,
        )

    def frames(self) -> Iterator[npt.NDArray[np.uint8]]:
        """The frames, each a new array of shape (height, width, 3)."""
        film = replace(self, appearance=replace(self.appearance, transparent=False)).film()
        for frame in film:
            yield film.palette.colors[frame.pixels]

    def save(self, path: str | Path) -> Written:
        """Write the figure in the format of the path's extension.

        In a folder (one that exists, or a path that ends in a slash) the file is named after the parameters.
        Raises UsageError, CnnvizError.
        """
        if is_folder(path):
            path = Path(path) / self.file_name(self.default_format)
        return self.save_each([Path(path)])[Path(path)]

    def save_all(self, place: str | Path, formats: str | Iterable[str]) -> dict[Path, Written]:
        """Write several formats (`"gif,mp4"`, or a list of them) from one rendering: all of them, or none.

        `place` is a path without extension, or a folder, where files are named after the parameters.
        `"frames"` writes numbered PNG frames into the folder `place`. Raises UsageError, CnnvizError.
        """
        from cnnviz.export import FRAMES, parse_formats
        from cnnviz.saving import save_folder

        names, path = parse_formats([formats] if isinstance(formats, str) else formats), Path(place)
        if names == (FRAMES,):
            (request,) = self._requests([Path(f"{path}.zip")])
            return {path: save_folder(request, path)}
        if is_folder(place):
            return self.save_each([path / self.file_name(name) for name in names])
        return self.save_each([_with_format(path, name) for name in names])

    def save_each(self, paths: Sequence[Path]) -> dict[Path, Written]:
        """Write a file for each path in the format of its extension from one rendering; raises as `save_all` does."""
        from cnnviz.saving import save_files

        return dict(zip(paths, save_files(self._requests(paths)), strict=True))

    def contents(self, names: Sequence[str]) -> list[tuple[Written, bytes]]:
        """What `save_each` would write to files with these names; raises as `save_all` does."""
        from cnnviz.saving import contents

        return list(map(contents, self._requests([Path(name) for name in names])))

    def deck(self, path: str | Path, **options: Any) -> WrittenDeck:
        """Write a deck with the figure on a slide; `options` are those of `cnnviz deck`. Raises as `save` does."""
        from cnnviz.decks import DeckOptions, Part, write_deck

        return write_deck([Part(name=scene_name(type(self.scene)), figure=self)], Path(path), DeckOptions(**options))

    def job(self, storyboard: Storyboard | None = None) -> Job:
        """The job for a writer."""
        from cnnviz.export import Job
        from cnnviz.words.plain import caption

        look, board = self.appearance, storyboard or self.storyboard()
        return Job(
            storyboard=board,
            film=lambda tween: self.film(board, tween, opening=True),
            command=self.command(),
            caption=caption(board),
            once=look.once,
            frame=look.frame,
            sheet=look.sheet,
            transparent=look.transparent,
            lang=look.lang,
        )

    def alt(self, path: str | Path, board: Storyboard | None = None) -> str:
        """The alt text of a file at `path`, which for a still says which steps it shows."""
        from cnnviz.export import is_animation

        look, job = self.appearance, self.job(board)
        if is_folder(path) or is_animation(Path(path), look.frame, look.sheet):
            return str(job.storyboard.alt)
        return str(job.as_still().storyboard.alt)

    def _requests(self, paths: Sequence[Path]) -> list[ExportRequest]:
        """One request for each file; films are rendered once and shared.

        Each file is the same as if saved alone, its command included. Raises UsageError for options that none of the
        formats supports.
        """
        from cnnviz.export import module_for
        from cnnviz.saving import ExportRequest

        modules, board = [module_for(path) for path in paths], self.storyboard()
        supported = {name for module in modules for name in getattr(module, "SUPPORTED_OPTIONS", ())}
        for name in FORMAT_SPECIFIC_OPTIONS:
            if name in changed(self.appearance) and name not in supported:
                module_for(paths[0], [name])
        films: dict[tuple[Any, ...], Film] = {}

        def film(look: Appearance, tween: int) -> Film:
            key = look.width, look.step, look.transparent, tween if look.tween is None else look.tween
            if key not in films:
                films[key] = Figure(self.scene, look).film(board, tween, opening=True)
                if len(paths) > 1:
                    from cnnviz.render.cached_film import CachedFilm

                    films[key] = CachedFilm(films[key])
            return films[key]

        def request(path: Path, module: ModuleType) -> ExportRequest:
            figure = self._supported_by(module)
            look, job = replace(figure.appearance, step=self._step(board, module)), figure.job(board)
            return ExportRequest(
                path=path,
                module=module,
                job=lambda width: replace(job, film=partial(film, replace(look, width=width))),
                width=look.width,
                limit=None if look.max_size is None else bytes_of(look.max_size),
            )

        return list(map(request, paths, modules))

    def _supported_by(self, module: ModuleType) -> Figure:
        """The figure without the options that this format does not support."""
        supported, default = getattr(module, "SUPPORTED_OPTIONS", ()), Appearance()
        reset = {name: getattr(default, name) for name in FORMAT_SPECIFIC_OPTIONS if name not in supported}
        return replace(self, appearance=replace(self.appearance, **reset))

    @property
    def place(self) -> Place | None:
        """The destination of the figure (`--for`), if there is one."""
        return None if self.appearance.for_ is None else PLACES[self.appearance.for_]

    @property
    def default_format(self) -> str:
        """The format to write if none is named."""
        return self.place.format if self.place else "gif"

    def _step(self, board: Storyboard, module: ModuleType) -> float | None:
        """Seconds a step, short where a picture that cannot be paused may not move for long; raises UsageError."""
        look, place = self.appearance, self.place
        autoplays = getattr(module, "AUTOPLAYS", False) in (True, look.frame)
        if look.step is not None or place is None or place.max_motion is None or not autoplays:
            return look.step
        beats = sum([step.beats for step in board.steps()][:-1])
        # The picture before the first step moves on too.
        step = min(MAX_STEP_SECONDS, place.max_motion / (beats + 1))
        if step < place.min_step:
            raise UsageError(
                f"--for {look.for_} allows a picture to move for less than 5 s, too short for {board.count} steps: "
                "use .html, which can be paused, as in --format html"
            )
        return step

    def command(self) -> str:
        """The command that makes this figure."""
        words = ["cnnviz", scene_name(type(self.scene))]
        for parameters in (self.scene, self.appearance):
            by_name = {p.name: p for p in parameters_of(type(parameters))}
            for name, value in changed(parameters).items():
                parameter = by_name[name]
                if parameter.spec.positional:
                    words.append(shlex.quote(to_cli(value)))
                elif parameter.type is bool:
                    words.append(parameter.option if value else parameter.option.replace("--", "--no-", 1))
                else:
                    words += [parameter.option, shlex.quote(to_cli(value))]
        return " ".join(words)

    def file_name(self, extension: str = "gif") -> str:
        """A file name made from the parameters: `conv_i5_k3_s2_p1.gif`."""
        parts = [scene_name(type(self.scene))]
        differs = changed(self.scene)
        for parameter in sorted(parameters_of(type(self.scene)), key=lambda p: not p.spec.always_named):
            if parameter.name in differs or parameter.spec.always_named:
                value = getattr(self.scene, parameter.name)
                word = "" if parameter.spec.positional else parameter.name.replace("_", "-")
                parts.append(word if parameter.type is bool else word + slug(to_cli(value)))
        look = changed(self.appearance)
        parts += [name.rstrip("_") + slug(look[name]) for name in _LOOKS_IN_FILE_NAME if name in look]
        parts += ["bare"] if self.appearance.bare else []
        return "_".join(parts) + "." + extension

    def to_html(self) -> str:
        """The page that `save` writes to an .html file: a player in a single file."""
        from cnnviz.export.html import document

        job = self.job()
        return document(job, job.film(TWEEN))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        import base64
        import io

        from cnnviz.export.html import framed
        from cnnviz.export.png import write

        job, picture = self.job(), io.BytesIO()
        write(replace(job, frame="last", sheet=None), picture)
        still = base64.b64encode(picture.getvalue()).decode("ascii")
        page = framed(job, f"data:image/png;base64,{still}")
        return {"text/html": page, "image/png": still, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<{self.command()}>"


def make(scene: str, /, **parameters: Any) -> Figure:
    """A figure of the scene with this name, from its parameters and those of `Appearance`; raises UsageError."""
    cls, given = named(scene, parameters)
    look = {p.name: given.pop(p.name) for p in parameters_of(Appearance) if p.name in given}
    return Figure(cls(**given), Appearance(**{**default_look(**look), **look}))


def named(scene: str, parameters: Mapping[str, Any]) -> tuple[type[Scene], dict[str, Any]]:
    """The class of a scene, and its parameters without aliases; raises UsageError for an unknown parameter."""
    cls = load_scene(scene)
    given = normalise(cls, parameters)
    known = declared(cls)
    for name in given:
        if name not in known:
            aliases = {p.spec.alias.replace("-", "_") for p in parameters_of(cls) if p.spec.alias}
            raise UsageError(f"{scene} has no parameter {name!r}: {suggest(name, tuple(sorted({*known, *aliases})))}")
    return cls, given


def is_folder(place: str | Path) -> bool:
    """Whether a path is a folder: one that exists, or one that ends in a slash."""
    text = os.fspath(place)
    return text.endswith(("/", os.sep)) or os.path.isdir(text or ".")


def _with_format(path: Path, name: str) -> Path:
    """The path with the extension of a format, which replaces another format's."""
    from cnnviz.export import extension_of, formats

    stem = path.with_suffix("") if extension_of(path) in formats() else path
    return stem.with_name(f"{stem.name}.{name}")


def slug(text: str) -> str:
    """A value as part of a file name: letters, digits, dots and dashes; of a path its stem."""
    stem = Path(text).stem if re.search(r"\.[A-Za-z]\w*$", text) else text
    return re.sub(r"[^\w.-]+", "-", stem).rstrip("-.")[:40]
