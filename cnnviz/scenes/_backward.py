"""What figures of back-propagation share: gradients that arrive, and sums that grow from 0."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.notation import size_text
from cnnviz.parameters import param
from cnnviz.scene import Scene
from cnnviz.story import CURRENT, WINDOW, Cells, Index, Story, Tensor, Windows, load_sheets, shade_for
from cnnviz.storyboard import Change, Shade, Step, Values
from cnnviz.words import Expression, Joined, Math, Number, Symbol, Text, Words, equation, total

BY_X, BY_W, BY_B, BY_Y = (rf"\partial L/\partial {letter}" for letter in "xwby")
MOST_NUMBERS = 8
_GRAD_TAG = 5
_RANDOM_GRADIENTS = np.array([-2.0, -1.0, 1.0, 2.0, 3.0])


def grad_output() -> Any:
    """Declare the gradient that arrives, of a map."""
    help = (
        "Gradient of the output, as the next layer sends it: a literal such as "
        '"1 2; -1 0", a file, or a name such as ones.'
    )
    return param(None, help=help, group="Data", shown_default="random: −2 to 3, never 0")


def load_grad(spec: object, size: Sequence[int], seed: int) -> Values:
    """The gradient that arrives, of the output's size; raises UsageError for another."""
    size = size[-2:] if size[0] == 1 else size
    name = spec.strip().lower() if isinstance(spec, str) else "random" if spec is None else ""
    if name == "random":
        return np.asarray(np.random.default_rng([seed, _GRAD_TAG]).choice(_RANDOM_GRADIENTS, size))
    own = (size[-2], size[-1]) if name.isidentifier() else None
    what = {"what": "grad-output", "option": "--grad-output"}
    found = load_sheets(load_map, spec, size[:-2], own, seed=seed, **what).values
    if found.shape != tuple(size):
        made, given = size_text(*size), size_text(*found.shape)
        raise UsageError(f"--grad-output is {given}, but the output is {made}: give {made}")
    return np.asarray(found)


def load_row(scene: Scene, name: str, count: int | None = None) -> Values:
    """The numbers of a parameter, `count` of them where that is given, else ones; raises UsageError."""
    spec, option = getattr(scene, name), f"--{name.replace('_', '-')}"
    options: dict[str, Any] = {"default_size": (1, count or 4), "what": option[2:], "option": option}
    found = load_map("ones" if spec is None else spec, None, seed=scene.seed, **options).values
    if min(found.shape) > 1 or found.size > MOST_NUMBERS or count not in (None, found.size):
        wanted = count or f"1 to {MOST_NUMBERS}"
        raise UsageError(f"{option} is {size_text(*found.shape)}: give one row of {wanted} numbers")
    return np.asarray(found.ravel())


def alike(*values: Values) -> dict[str, Any]:
    """One range for several panels, so that their numbers have one size."""
    return {"shade": shade_for(np.concatenate([np.ravel(each) for each in values]), picture=False, always=False)}


def column(
    story: Story, name: str, label: Words, values: Values | Tensor, role: str = "", *, row: bool = False, **more: Any
) -> Cells:
    """A panel of numbers one below the other, or in a row, empty unless it has a role.

    What the graph computes is shown there at the end. A window around what is read is linked with the result, which is
    `current`.
    """
    array = (values.values if isinstance(values, Tensor) else values).reshape((1, -1) if row else (-1, 1))
    if isinstance(values, Tensor) and not story.graph.is_input(values):
        story.graph.show(values, name, shape=array.shape)
    options: dict[str, Any] = {"role": role} if role else {"pending": True}
    shade = Shade(scale="diverging", lo=float(array.min()), hi=float(array.max()) or 1.0)
    return story.cells(name, label, array, **{"marks": (CURRENT, WINDOW), "shade": shade, **options, **more})


def gradient_panel(story: Story, values: Values, **more: Any) -> Cells:
    """The gradient that arrives, still empty."""
    return story.cells("gradient", Math(BY_Y), values, pending=True, **more)


def sends(story: Story, G: Cells, places: Iterable[Index] | None = None, *changes: Change) -> Step:
    """The gradient of the output appears, maybe in some places alone."""
    caption = Text("The next layer sends {g}: how much the loss changes with each output", g=Math(BY_Y))
    return story.step(caption, changes, G.fill("input", places=places), beats=2)


def received(number: Number, at: Index) -> Words:
    """A cell of the gradient with its value: `∂L/∂y₁₂ = 3`."""
    return Joined((Symbol(BY_Y, tuple(n + 1 for n in at)), number), " = ")


def to_both(number: Number, at: Index, kernel: str, by_kernel: str) -> Words:
    """What a cell of the gradient adds, by its window and by the kernel."""
    template = "{g}: add {value} × window to {by_w}, {value} × {w} to {by_x}"
    named = {"w": Math(kernel), "by_w": Math(by_kernel), "by_x": Math(BY_X)}
    return Text(template, g=received(number, at), value=number, **named)


class Sums(Cells):
    """Cells that add up, empty until something is added: `amounts` are what each step adds to which cells.

    Where each cell is reached once, no note need be `noted` in it.
    """

    amounts: Sequence[Mapping[Index, float]] = ()
    noted = True

    def rewind(self) -> None:
        """Be as before the first addition."""
        super().rewind()
        self._added: Mapping[Index, float] = {}
        self._sums = np.zeros(self.values.shape)

    def so_far(
        self, symbol: Symbol, place: Index, terms: Callable[[Index], Expression], steps: Sequence[Index]
    ) -> Words:
        """How a cell has come to what it is: the term of each step, of many steps the last one alone."""
        found = [terms(at) for at in steps[-MOST_NUMBERS:]]
        if len(steps) > MOST_NUMBERS:
            before = float(self._sums[place]) - self._added.get(place, 0.0)
            found = [Number(before, self.decimals), found[-1]]
        now = Number(float(self._sums[place]), self.decimals, self.ref(place))
        return Text("{w} so far: {sum}", w=symbol, sum=equation(None, total(found), now))

    def add(self, step: int) -> list[Change]:
        """Add what a step adds, counted from 0, with a note of it in each cell."""
        amount = self._added = self.amounts[step]
        shown = self.noted and self.panel.numbers
        noted = [Number(more, self.decimals) for more in amount.values() if shown]
        notes = ["" if not note.exact() else note if note.exact() < 0 else Joined(("+", note), "") for note in noted]
        for place, more in amount.items():
            self._sums[place] += more
        changes = [self.set(place, role="output", value=float(self._sums[place])) for place in amount]
        return [*changes, *self.cover(list(amount), notes, "kernel")]

    def uncover(self) -> Iterator[Change]:
        """Nothing is added any more; cells that nothing has reached are 0."""
        yield from super().uncover()
        for place in np.ndindex(self._sums.shape):
            if self.role(place) == "pending":
                yield self.set(place, role="output", value=0.0)


def adding_up(
    story: Story,
    name: str,
    label: Words,
    values: Tensor,
    amounts: Sequence[Mapping[Any, float]],
    axes: int = 2,
    index: Index = (),
    **more: Any,
) -> Sums:
    """A panel of sums that shows the last `axes` of a tensor, or of its part at `index`."""
    array = values.values[index]
    shown = array.reshape(array.shape[-axes:] if array.ndim > 1 else (-1, 1))
    sums, reached = np.zeros(shown.shape), {0.0, *shown.flat}
    for amount in amounts:
        for place, added in amount.items():
            sums[place] += added
            reached.add(float(sums[place]))
    # The range tells the renderer how small the numbers must be that steps will bring.
    shade = Shade(scale="diverging", lo=min(reached), hi=max(reached) or 1.0) if shown.size > 1 else None
    options: dict[str, Any] = {"first": np.full(shown.shape, np.nan), "roles": np.full(shown.shape, "pending")}
    options |= {"shade": shade, "marks": (CURRENT,), "axes": axes, "digits": story.decimals(np.array([*reached]))}
    if index:
        story.graph.show(values, name, index, shown.shape)
    found = cast("Sums", story.cells(name, label, shown if index else values, cls=Sums, **options, **more))
    found.amounts = amounts
    return found


def stamp(windows: Windows, at: Index, weights: Values) -> dict[Index, float]:
    """The cells of a padded array, without its padding, that a window covers, each with its weight."""
    pairs = zip(windows.cells(at), weights.ravel().tolist(), strict=True)
    return {
        tuple(n - p for n, p in zip(cell, windows.padding, strict=True)): weight
        for cell, weight in pairs
        if windows.is_inside(cell)
    }
