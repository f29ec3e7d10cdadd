"""The steps of a two-layer network: its values, their gradients, and the step against these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from cnnviz.functions.activations import Activation
from cnnviz.story import Cells, Story, Tensor
from cnnviz.storyboard import Change, Mark, Relabel, Shade, Step
from cnnviz.words import Expression, Math, Number, Symbol, Text, Words, call, equation, precise, substitute, total

_LETTERS = {"x": "x", "w1": "W", "b1": "b", "z": "z", "h": "h", "w2": "v", "b2": "c", "y": "y", "loss": "L"}


class Chain:
    """Two rows of panels: every array of the network, and below each its gradient; last the loss after the step."""

    def __init__(
        self, story: Story, found: Mapping[str, Tensor], entry: Activation, target: float, rate: float
    ) -> None:
        self.story, self.found, self.entry = story, found, entry
        self.target, self.rate = Number(target, None), Number(rate, None)
        every = [tensor.values for tensor in found.values()]
        # One range for all panels: their numbers have one size.
        self._shade = Shade(scale="diverging", lo=min(map(np.min, every)), hi=max(map(np.max, every)))
        self.V = {name: self._panel(name, letter) for name, letter in _LETTERS.items()}
        letters = {name: rf"\partial L/\partial {letter}" for name, letter in _LETTERS.items() if name != "loss"}
        self.G = {name: self._panel(f"grad_{name}", letter) for name, letter in letters.items()}
        after = self._panel("after_loss", r"L\ \mathrm{new}")
        self.stage, self.after = (tuple(self.V.values()), (*self.G.values(), after)), after

    def _panel(self, name: str, letter: str) -> Cells:
        """The panel of an array, which shows at the end what is after the step."""
        tensor, graph = self.found[name], self.story.graph
        values = tensor.values if tensor.values.ndim == 2 else tensor.values.reshape(-1, 1)
        given, learned = graph.is_given(tensor), self.found.get(f"after_{name}", tensor)
        if name in ("loss", "x") or name.startswith(("grad_", "after_")):
            learned = tensor
        if not graph.is_given(learned):
            graph.show(learned, f"{name}-cells", shape=values.shape)
        return self.story.cells(
            f"{name}-cells",
            Math(letter),
            values,
            role="forward",
            pending=not given,
            digits=self.story.decimals(np.append(values, learned.values)),
            shade=self._shade,
            marks=(Mark(name="current", role="result"), Mark(name="window", role="window")),
        )

    def loss(self, name: str) -> Number:
        """The loss, before or after the step."""
        value = float(self.found[name].values.ravel()[0])
        return Number(value, max(self.V["loss"].decimals, 3), (name, 0))

    # Steps

    def forward(self) -> Iterator[Step]:
        """Every value."""
        V = self.V
        (outputs, inputs), hidden = V["w1"].values.shape, range(len(V["z"].values))
        for j in range(outputs):
            terms: list[Expression] = [V["w1"][j, i] * V["x"][i, 0] for i in range(inputs)]
            yield self._written(V["z"], (j, 0), "z", total([*terms, V["b1"][j, 0]]), "forward", V["x"])
        for j in hidden:
            z = V["z"][j, 0]
            body = call("σ", z) if self.entry.name == "sigmoid" else call("tanh", z)
            body = call("max", Number(0), z) if self.entry.name == "relu" else body
            yield self._written(V["h"], (j, 0), "h", body, "forward", V["z"], (j, 0))
        terms = [V["w2"][0, j] * V["h"][j, 0] for j in hidden]
        yield self._written(V["y"], (0, 0), "y", total([*terms, V["b2"][0, 0]]), "forward", V["h"])
        yield self._written(V["loss"], (0, 0), "L", (V["y"][0, 0] - self.target) ** 2, "output", V["y"])

    def backward(self) -> Iterator[Step]:
        """Every gradient."""
        V, G, hidden = self.V, self.G, range(len(self.V["z"].values))
        y = G["y"][0, 0]
        yield self._gradient("y", (0, 0), Number(2) * (V["y"][0, 0] - self.target), V["loss"])
        yield self._gradient("b2", (0, 0), y, G["y"])
        for j in hidden:
            yield self._gradient("w2", (0, j), y * V["h"][j, 0], G["y"])
        for j in hidden:
            yield self._gradient("h", (j, 0), V["w2"][0, j] * y, G["y"])
        for j in hidden:
            yield self._gradient("z", (j, 0), G["h"][j, 0] * self._slope(j), G["h"], (j, 0))
        for j in hidden:
            yield self._gradient("b1", (j, 0), G["z"][j, 0], G["z"], (j, 0))
        for place in np.ndindex(V["w1"].values.shape):
            yield self._gradient("w1", place, G["z"][place[0], 0] * V["x"][place[1], 0], G["z"], (place[0], 0))
        for i in range(len(V["x"].values)):
            yield self._gradient("x", (i, 0), total([V["w1"][j, i] * G["z"][j, 0] for j in hidden]), G["z"])

    def _slope(self, j: int) -> Expression:
        """The activation's slope with numbers put in."""
        z, h = self.V["z"][j, 0], self.V["h"][j, 0]
        if self.entry.textbook_derivative is None:
            return Number(float(self.entry.slope(z.value)))
        return substitute(self.entry.textbook_derivative, {"x": z, "f(x)": h})

    def update(self) -> Iterator[Step]:
        """The step against the gradient, and what the network then gives."""
        changed = [change for name in ("w1", "b1", "w2", "b2") for change in self._after(name)]
        cells, after = self.V["w2"], self.found["after_w2"].values.reshape(self.V["w2"].values.shape)
        # One that moves far; the panel shows the new weight by now.
        row, column = np.argwhere(np.abs(after - cells.values) == np.abs(after - cells.values).max())[0].tolist()
        place = row, column
        w, g = Number(cells[place].value, cells.decimals), self.G["w2"][place]
        new = Number(float(after[place]), cells.decimals, cells.ref(place))
        moved = equation(None, precise(w - self.rate * g, new), new)
        said = Text("Every weight moves against its gradient, one of {w}: {sum}", w=Math("v"), sum=moved)
        changed += self._unmarked()
        yield self.story.step(said, changed, cells.mark("current", place), beats=3)
        again: list[Change] = [change for name in ("z", "h", "y") for change in self._after(name)]
        y, loss = self.V["y"], self.after[0, 0]
        squared = (replace(y[0, 0], value=float(self.found["after_y"].values.ravel()[0])) - self.target) ** 2
        said = Text("Forward again: {sum}", sum=equation(Symbol("L"), precise(squared, loss), loss))
        again.append(Relabel(panel=self.V["loss"].name, label=Math(r"L\ \mathrm{old}")))
        yield self.story.step(said, again, self.V["w2"].hide("current"), self.after.write((0, 0)), beats=3)

    def answer(self) -> Words:
        """What the step has done to the loss."""
        before, after = self.loss("loss"), self.loss("after_loss")
        said = "One step against every gradient: the loss goes from {before} to {after}"
        if after.value > before.value:
            said = "The step was too long: the loss goes from {before} to {after}"
        return Text(said, before=before, after=after)

    def _after(self, name: str) -> Iterator[Change]:
        cells = self.V[name]
        for place, value in np.ndenumerate(self.found[f"after_{name}"].values.reshape(cells.values.shape)):
            yield cells.set(place, role="output", value=float(value))

    def _gradient(
        self, name: str, place: tuple[int, ...], arithmetic: Expression, source: Cells, at: tuple[int, ...] = ()
    ) -> Step:
        letter = rf"\partial L/\partial {_LETTERS[name]}"
        return self._written(self.G[name], place, letter, arithmetic, "kernel", source, at)

    def _written(
        self,
        cells: Cells,
        place: tuple[int, ...],
        letter: str,
        arithmetic: Expression,
        role: str,
        source: Cells,
        at: tuple[int, ...] = (),
    ) -> Step:
        """A number with its arithmetic; it comes from a `source`, from all of it or the cell `at`."""
        index = tuple(n + 1 for n, size in zip(place, cells.values.shape, strict=True) if size > 1)
        caption = equation(Symbol(letter, index), precise(arithmetic, cells[place]), cells[place])
        gone = list(self._unmarked())
        begun = source.mark("window", at or (0, 0), (1, 1) if at else source.values.shape)
        return self.story.step(caption, gone, begun, cells.write(place, role=role))

    def _unmarked(self) -> Iterator[Change]:
        for cells in (*self.V.values(), *self.G.values()):
            yield from cells.rest()
