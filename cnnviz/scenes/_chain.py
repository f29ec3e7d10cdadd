"""The steps of a two-layer network: its values, their gradients, and the step against these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from cnnviz.functions.activations import Activation
from cnnviz.story import CURRENT, WINDOW, Cells, Place, Story, Tensor
from cnnviz.storyboard import Change, Relabel, Shade, Step, Values
from cnnviz.words import Expression, Math, Number, Symbol, Text, Words, call, equation, precise, substitute, total

_LETTERS = {"x": "x", "w1": "W", "b1": "b", "z": "z", "h": "h", "w2": "v", "b2": "c", "y": "y", "loss": "L"}
_FIRST = 0, 0


class Chain:
    """Two rows of panels: every array of the network, and below each its gradient; last the loss after the step."""

    def __init__(self, story: Story, found: Mapping[str, Tensor], entry: Activation) -> None:
        self.story, self.found, self.entry = story, found, entry
        every = [tensor.values for tensor in found.values()]
        # One range for all panels: their numbers have one size.
        self._shade = Shade(scale="diverging", lo=min(map(np.min, every)), hi=max(map(np.max, every)))
        self.V = {name: self._panel(name, letter, f"after_{name}") for name, letter in _LETTERS.items()}
        gradients = {name: rf"\partial L/\partial {letter}" for name, letter in _LETTERS.items() if name != "loss"}
        self.G = {name: self._panel(f"grad_{name}", letter) for name, letter in gradients.items()}
        self.after = self._panel("after_loss", r"L\ \mathrm{new}")
        self.stage = tuple(self.V.values()), (*self.G.values(), self.after)
        self._letters = {self.V[name]: letter for name, letter in _LETTERS.items()}
        self._letters |= {self.G[name]: letter for name, letter in gradients.items()}

    def _panel(self, name: str, letter: str, after: str = "") -> Cells:
        """The panel of an array, which shows at the end what is `after` the step, of all but input and loss."""
        tensor, graph = self.found[name], self.story.graph
        values = tensor.values if tensor.values.ndim == 2 else tensor.values.reshape(-1, 1)
        learned = tensor if name in ("x", "loss") else self.found.get(after, tensor)
        if not graph.is_given(learned):
            graph.show(learned, f"{name}-cells", shape=values.shape)
        return self.story.cells(
            f"{name}-cells",
            Math(letter),
            values,
            role="forward",
            pending=not graph.is_given(tensor),
            digits=self.story.decimals(np.append(values, learned.values)),
            shade=self._shade,
            marks=(CURRENT, WINDOW),
        )

    def loss(self, name: str) -> Number:
        """The loss, before or after the step."""
        value = float(self.found[name].values.ravel()[0])
        return Number(value, max(self.V["loss"].decimals, 3), (name, 0))

    def forward(self) -> Iterator[Step]:
        """Every value."""
        V = self.V
        yield from self._linear("w1", "b1", "x", "z")
        for at in np.ndindex(V["z"].values.shape):
            z, name = V["z"][at], {"sigmoid": "σ"}.get(self.entry.name, self.entry.name)
            body = call("max", Number(0), z) if name == "relu" else call(name, z)
            yield self._made(V["h"], at, body, V["z"], at)
        yield from self._linear("w2", "b2", "h", "y")
        yield self._made(V["loss"], _FIRST, self._error() ** 2, V["y"], role="output")

    def _linear(self, w: str, b: str, x: str, result: str) -> Iterator[Step]:
        V = self.V
        for j, weights in enumerate(V[w].values):
            terms: list[Expression] = [V[w][j, i] * V[x][i, 0] for i in range(len(weights))]
            yield self._made(V[result], (j, 0), total([*terms, V[b][j, 0]]), V[x])

    def backward(self) -> Iterator[Step]:
        """Every gradient."""
        yield self._made(self.G["y"], _FIRST, Number(2) * self._error(), self.V["loss"])
        yield from self._linear_back("w2", "b2", "h", "y")
        for at in np.ndindex(self.V["z"].values.shape):
            yield self._made(self.G["z"], at, self.G["h"][at] * self._slope(at), self.G["h"], at)
        yield from self._linear_back("w1", "b1", "x", "z")

    def _linear_back(self, w: str, b: str, x: str, result: str) -> Iterator[Step]:
        V, G, grad = self.V, self.G, self.G[result]
        for at in np.ndindex(grad.values.shape):
            yield self._made(G[b], at, grad[at], grad, at)
        for j, i in np.ndindex(V[w].values.shape):
            yield self._made(G[w], (j, i), grad[j, 0] * V[x][i, 0], grad, (j, 0))
        for i in range(len(V[x].values)):
            products = [V[w][j, i] * grad[j, 0] for j in range(len(grad.values))]
            yield self._made(G[x], (i, 0), total(products), grad)

    def _error(self) -> Expression:
        return self.V["y"][_FIRST] - self.story.number("target")

    def _slope(self, at: Place) -> Expression:
        """The activation's slope with numbers put in."""
        z, h = self.V["z"][at], self.V["h"][at]
        if self.entry.textbook_derivative is None:
            return Number(float(self.entry.slope(z.value)))
        return substitute(self.entry.textbook_derivative, {"x": z, "f(x)": h})

    def _made(
        self, cells: Cells, place: Place, arithmetic: Expression, source: Cells, at: Place = (), role: str = ""
    ) -> Step:
        """A number with its arithmetic; it comes from a `source`, from all of it or the cell `at`."""
        index = tuple(n + 1 for n, size in zip(place, cells.values.shape, strict=True) if size > 1)
        left = Symbol(self._letters[cells], index)
        caption = equation(left, precise(arithmetic, cells[place]), cells[place])
        read = [*self.story.rest(), source.mark("window", at or _FIRST, (1, 1) if at else source.values.shape)]
        role = role or ("forward" if cells in self.V.values() else "kernel")
        return self.story.step(caption, read, cells.write(place, role=role))

    def update(self) -> Iterator[Step]:
        """The step against the gradient, and what the network then gives."""
        v, after = self.V["w2"], self._after("w2")
        # One that moves far; the panel shows the new weight by now.
        place: Place = tuple(np.argwhere(np.abs(after - v.values) == np.abs(after - v.values).max())[0].tolist())
        w, new = (Number(float(values[place]), v.decimals) for values in (v.values, after))
        new = replace(new, ref=v.ref(place))
        moved = equation(None, precise(w - self.story.number("lr") * self.G["w2"][place], new), new)
        said = Text("Every weight moves against its gradient, one of {w}: {sum}", w=Math("v"), sum=moved)
        yield self.story.step(
            said, self._become("w1", "b1", "w2", "b2"), self.story.rest(), v.mark("current", place), beats=3
        )
        y, loss = self.V["y"][_FIRST], self.after[_FIRST]
        y = replace(y, value=float(self._after("y")[_FIRST]))
        squared = equation(Symbol("L"), precise((y - self.story.number("target")) ** 2, loss), loss)
        again = [*self._become("z", "h", "y"), Relabel(panel="loss-cells", label=Math(r"L\ \mathrm{old}"))]
        said = Text("Forward again: {sum}", sum=squared)
        yield self.story.step(said, again, v.hide("current"), self.after.write(_FIRST), beats=3)

    def answer(self) -> Words:
        """What the step has done to the loss."""
        before, after = self.loss("loss"), self.loss("after_loss")
        said = "One step against every gradient: the loss goes from {before} to {after}"
        if after.value > before.value:
            said = "The step was too long: the loss goes from {before} to {after}"
        return Text(said, before=before, after=after)

    def _after(self, name: str) -> Values:
        """An array after the step, as its panel has it."""
        return self.found[f"after_{name}"].values.reshape(self.V[name].values.shape)

    def _become(self, *names: str) -> Iterator[Change]:
        """Panels have what is after the step."""
        for name in names:
            for place, value in np.ndenumerate(self._after(name)):
                yield self.V[name].set(place, role="output", value=float(value))
