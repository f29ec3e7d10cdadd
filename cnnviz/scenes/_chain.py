"""The steps of a two-layer network: its values, their gradients, and the step against these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.data import load_kernel
from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.notation import size_text
from cnnviz.scenes._backward import load_row
from cnnviz.story import CURRENT, WINDOW, Cells, Graph, Index, Story
from cnnviz.storyboard import Change, Relabel, Shade, Step, Values
from cnnviz.words import Expression, Math, Number, Symbol, Text, call, equation, precise, substitute, total

if TYPE_CHECKING:
    from cnnviz.scenes.chain import ChainRule

_MOST = 3
_LETTERS = {"x": "x", "w1": "W", "b1": "b", "z": "z", "h": "h", "w2": "v", "b2": "c", "y": "y", "loss": "L"}
_FIRST = 0, 0


def chain(scene: ChainRule) -> Story:
    """A step for each number forward and backward, the update, and the loss after it.

    The stage has every array of the network, below each its gradient, and last the loss after the step.
    """
    x = load_row(scene, "input")
    w1 = load_kernel(scene.weights1, None, seed=scene.seed, what="weights", option="--weights1").values
    if w1.shape[1] != len(x) or max(w1.shape) > _MOST:
        given = size_text(*w1.shape)
        raise UsageError(
            f"--weights1 is {given}, but there are {len(x)} inputs: give {len(x)} columns, up to {_MOST}×{_MOST}"
        )
    b1 = load_row(scene, "bias1", len(w1))
    w2 = load_row(scene, "weights2", len(w1))
    entry, graph = ACTIVATIONS[scene.activation], Graph()
    arrays = {"x": x, "w1": w1, "b1": b1, "w2": w2[None], "b2": np.array([scene.bias2])}
    t = {name: graph.input(name, values) for name, values in arrays.items()}
    z = graph.compute("linear", t["x"], t["w1"], t["b1"], result="z")
    y = graph.compute("linear", graph.compute(entry.name, z, result="h"), t["w2"], t["b2"], result="y")
    found = graph.descend(graph.compute("mse_loss", y, result="loss", label=scene.target), scene.lr)

    point = Text("Every gradient is the next one times a local slope: the chain rule")
    story = Story(scene, Text("Back-propagation, every number"), graph, point=point)
    story.show_parameter("target", "t")
    story.show_parameter("lr", r"\eta")
    every = [tensor.values for tensor in found.values()]
    # One range for all panels: their numbers have one size.
    shade = Shade(scale="diverging", lo=min(map(np.min, every)), hi=max(map(np.max, every)))
    target, letters = story.number("target"), dict[str, str]()

    def panel(name: str, letter: str, after: str = "") -> Cells:
        """The panel of an array, which shows at the end what is `after` the step, of all but input and loss."""
        tensor = found[name]
        values = tensor.values if tensor.values.ndim == 2 else tensor.values.reshape(-1, 1)
        learned = tensor if name in ("x", "loss") else found.get(after, tensor)
        if not graph.is_input(learned):
            graph.show(learned, f"{name}-cells", shape=values.shape)
        letters[f"{name}-cells"] = letter
        return story.cells(
            f"{name}-cells",
            Math(letter),
            values,
            role="forward",
            pending=not graph.is_input(tensor),
            digits=story.decimals(np.append(values, learned.values)),
            shade=shade,
            marks=(CURRENT, WINDOW),
        )

    V = {name: panel(name, letter, f"after_{name}") for name, letter in _LETTERS.items()}
    G = {name: panel(f"grad_{name}", rf"\partial L/\partial {_LETTERS[name]}") for name in _LETTERS if name != "loss"}
    after_loss = panel("after_loss", r"L\ \mathrm{new}")

    def made(cells: Cells, place: Index, arithmetic: Expression, source: Cells, at: Index = (), role: str = "") -> Step:
        """A number with its arithmetic; it comes from a `source`, from all of it or the cell `at`."""
        index = tuple(n + 1 for n, size in zip(place, cells.values.shape, strict=True) if size > 1)
        caption = equation(Symbol(letters[cells.name], index), precise(arithmetic, cells[place]), cells[place])
        read = [*story.uncover(), source.mark("window", at or _FIRST, (1, 1) if at else source.values.shape)]
        role = role or ("forward" if cells in V.values() else "kernel")
        return story.step(caption, read, cells.write(place, role=role))

    def linear(w: str, b: str, x: str, result: str) -> Iterator[Step]:
        for j, weights in enumerate(V[w].values):
            terms: list[Expression] = [V[w][j, i] * V[x][i, 0] for i in range(len(weights))]
            yield made(V[result], (j, 0), total([*terms, V[b][j, 0]]), V[x])

    def linear_back(w: str, b: str, x: str, result: str) -> Iterator[Step]:
        grad = G[result]
        for at in np.ndindex(grad.values.shape):
            yield made(G[b], at, grad[at], grad, at)
        for j, i in np.ndindex(V[w].values.shape):
            yield made(G[w], (j, i), grad[j, 0] * V[x][i, 0], grad, (j, 0))
        for i in range(len(V[x].values)):
            products = [V[w][j, i] * grad[j, 0] for j in range(len(grad.values))]
            yield made(G[x], (i, 0), total(products), grad)

    def slope(at: Index) -> Expression:
        """The activation's slope with numbers put in."""
        z, h = V["z"][at], V["h"][at]
        if entry.textbook_derivative is None:
            return Number(float(entry.slope(z.value)))
        return substitute(entry.textbook_derivative, {"x": z, "f(x)": h})

    def after(name: str) -> Values:
        """An array after the step, as its panel has it."""
        return found[f"after_{name}"].values.reshape(V[name].values.shape)

    def become(*names: str) -> Iterator[Change]:
        """Panels have what is after the step."""
        for name in names:
            for place, value in np.ndenumerate(after(name)):
                yield V[name].set(place, role="output", value=float(value))

    def steps() -> Iterator[Step]:
        hidden, error = list(np.ndindex(V["z"].values.shape)), V["y"][_FIRST] - target
        yield from linear("w1", "b1", "x", "z")
        for at in hidden:
            z, name = V["z"][at], {"sigmoid": "σ"}.get(entry.name, entry.name)
            body = call("max", Number(0), z) if name == "relu" else call(name, z)
            yield made(V["h"], at, body, V["z"], at)
        yield from linear("w2", "b2", "h", "y")
        yield made(V["loss"], _FIRST, error**2, V["y"], role="output")

        yield made(G["y"], _FIRST, Number(2) * error, V["loss"])
        yield from linear_back("w2", "b2", "h", "y")
        for at in hidden:
            yield made(G["z"], at, G["h"][at] * slope(at), G["h"], at)
        yield from linear_back("w1", "b1", "x", "z")

        v, moved = V["w2"], np.abs(after("w2") - V["w2"].values)
        # One that moves far; the panel shows the new weight by now.
        place: Index = tuple(np.argwhere(moved == moved.max())[0].tolist())
        w, new = (Number(float(values[place]), v.decimals) for values in (v.values, after("w2")))
        new = replace(new, ref=v.ref(place))
        weight = equation(None, precise(w - story.number("lr") * G["w2"][place], new), new)
        words = Text("Every weight moves against its gradient, one of {w}: {sum}", w=Math("v"), sum=weight)
        learned = become("w1", "b1", "w2", "b2")
        yield story.step(words, learned, story.uncover(), v.mark("current", place), beats=3)
        y, loss = replace(V["y"][_FIRST], value=float(after("y")[_FIRST])), after_loss[_FIRST]
        words = Text("Forward again: {sum}", sum=equation(Symbol("L"), precise((y - target) ** 2, loss), loss))
        again = [*become("z", "h", "y"), Relabel(panel="loss-cells", label=Math(r"L\ \mathrm{old}"))]
        yield story.step(words, again, v.hide("current"), after_loss.write(_FIRST), beats=3)

    both = {name: float(found[name].values.ravel()[0]) for name in ("loss", "after_loss")}
    digits = max(story.decimals(np.array(list(both.values()))), 3)
    first, last = (Number(value, digits, (name, 0)) for name, value in both.items())
    template = "One step against every gradient: the loss goes from {before} to {after}"
    if last.value > first.value:
        template = "The step was too long: the loss goes from {before} to {after}"
    return story.play(
        steps,
        sum(1 for _ in steps()),
        tuple(V.values()),
        (*G.values(), after_loss),
        alt=Text(
            "back-propagation through a network of two layers: {forward} numbers forward, their gradients "
            "backward, one step of gradient descent, and the loss goes from {before} to {after}",
            forward=2 * len(w1) + 2,
            before=first,
            after=last,
        ),
        answer=Text(template, before=first, after=last),
        formula=Math(r"z=Wx+b\qquad h=f(z)\qquad y=v\cdot h+c\qquad L=(y-t)^2"),
        step_roles=("forward", "kernel", "output"),
        convention=Text("top: values; below each its gradient"),
    )
