"""A figure with its form in a notebook: `cnnviz.explore("conv", k=3)`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from cnnviz.appearance import declared
from cnnviz.discovery import load_scene
from cnnviz.errors import UsageError
from cnnviz.parameters import changed, jsonable, to_cli
from cnnviz.pipeline import Figure, make, named
from cnnviz.storyboard import Grid
from cnnviz.studio.values import figure_of
from cnnviz.studio.words import form_schema, words

_PARTS = Path(__file__).with_name("studio")


class Explorer(anywidget.AnyWidget):
    """A figure that follows its parameters, each of which is a trait: `w.k = 5`, `w.observe(f, "k")`.

    A value that the figure cannot have raises UsageError and changes nothing. `figure` is the figure as it is now.
    """

    _esm = "\n".join((_PARTS / part).read_text(encoding="utf-8") for part in ("form.js", "widget.js"))
    _css = (_PARTS / "form.css").read_text(encoding="utf-8")
    _schema = traitlets.Dict().tag(sync=True)
    _values = traitlets.Dict().tag(sync=True)
    _numbers = traitlets.Dict().tag(sync=True)
    _words = traitlets.Dict().tag(sync=True)
    _page = traitlets.Unicode().tag(sync=True)
    _alt = traitlets.Unicode().tag(sync=True)
    _problem = traitlets.Dict().tag(sync=True)

    def __init__(self, scene: str, given: Mapping[str, Any]) -> None:
        self._scene, self._names = scene, declared(load_scene(scene))
        self.figure = make(scene, **given)
        super().__init__()
        self._set(given)
        self._show()
        self.observe(self._follow, list(self._names))
        self.observe(self._take, "_values")

    def _set(self, values: Mapping[str, Any]) -> None:
        """Set traits, which are not followed meanwhile."""
        self._follows = False
        with self.hold_trait_notifications():
            for name, value in values.items():
                self.set_trait(name, value)
        self._follows = True

    def _given(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self._names}
        return {name: value for name, value in values.items() if value is not self._names[name].default}

    def _texts(self) -> dict[str, str]:
        return {name: _text(value) for name, value in self._given().items()}

    def _follow(self, change: Any) -> None:
        if not self._follows:
            return
        try:
            self.figure = make(self._scene, **self._given())
        except UsageError:
            # It is as if nothing had been said.
            self._set({change["name"]: change["old"]})
            raise
        self._show()

    def _take(self, change: Any) -> None:
        """What was changed in the form; what is wrong is told there."""
        texts = change["new"]
        if texts == self._texts():
            return
        try:
            figure = figure_of(self._scene, texts)
        except UsageError as error:
            remedy = {name: jsonable(value) for name, value in error.remedy.items()}
            self._problem = {"message": str(error), "parameter": error.parameter, "remedy": remedy}
            return
        given = changed(figure.scene) | changed(figure.appearance)
        self._set({name: given.get(name, parameter.default) for name, parameter in self._names.items()})
        self.figure = figure
        self._show()

    def _show(self) -> None:
        lang = self.figure.appearance.lang
        self._problem, self._words, self._schema = {}, words(lang), form_schema(self._scene, lang)
        self._values = self._texts()
        self._numbers = numbers_of(self.figure)
        self._alt, self._page = self.figure.alt("x.html"), self.figure.to_html()

    def _repr_mimebundle_(self, **more: Any) -> Any:
        # What shows no widgets shows the figure as it is now.
        found = super()._repr_mimebundle_(**more)
        shown, about = found if isinstance(found, tuple) else (found or {}, {})
        return {**self.figure._repr_mimebundle_(), **shown}, about


def explorer(scene: str, given: Mapping[str, Any]) -> Explorer:
    """The explorer of a scene, whose traits are its parameters; raises UsageError."""
    _, given = named(scene, given)
    traits = {p.name: traitlets.Any(p.default) for p in declared(load_scene(scene)).values()}
    kind = type("Explorer", (Explorer,), traits)
    made: Explorer = kind(scene, given)
    return made


def numbers_of(figure: Figure) -> dict[str, list[list[str]]]:
    """The numbers of a figure's data, to edit them."""
    found = {}
    for panel in figure.storyboard().panels():
        if isinstance(panel, Grid) and hasattr(figure.scene, panel.name) and panel.values.ndim == 2:
            inside = ~np.char.startswith(panel.roles.astype(str), "padding") & np.isfinite(panel.values)
            rows, columns = inside.any(axis=1), inside.any(axis=0)
            found[panel.name] = [[to_cli(float(v)) for v in row] for row in panel.values[rows][:, columns]]
    return found


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else to_cli(value)
