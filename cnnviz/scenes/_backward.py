"""What figures of back-propagation share: gradients that arrive, and sums that grow from 0."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.notation import size_text
from cnnviz.story import Cells, Story, Tensor, Windows, load_sheets, shade_for, tolerance
from cnnviz.storyboard import Change, Mark, Shade, Values
from cnnviz.words import Expression, Joined, Math, Number, Symbol, Text, Words, equation, total

Place = tuple[int, ...]
BY_X, BY_W, BY_B, BY_Y = (rf"\partial L/\partial {letter}" for letter in "xwby")
GRAD_HELP = (
    'Gradient of the output, as the next layer sends it: a literal such as "1 2; -1 0", a file, or a name such as ones.'
)
SENT = "The next layer sends {g}: how much the loss changes with each output"
MOST_NUMBERS = 8
_GRAD_TAG = 5
_RANDOM_GRADIENTS = np.array([-2.0, -1.0, 1.0, 2.0, 3.0])


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


def gradient_panel(story: Story, values: Values, symbol: str = BY_Y, **more: Any) -> Cells:
    """The gradient that arrives, still empty."""
    return story.cells("gradient", Text("${g}$", g=symbol), values, pending=True, **fitting(story, values), **more)


def fitting(story: Story, values: Values) -> dict[str, Any]:
    """Decimals with which a panel's numbers fit its cells."""
    return {"digits": story.decimals(values, lost=tolerance(values))}


def alike(*values: Values) -> dict[str, Any]:
    """One range for several panels, so that their numbers have one size."""
    return {"shade": shade_for(np.concatenate([np.ravel(each) for each in values]), picture=False, always=False)}


def arrives(G: Cells) -> Iterator[Change]:
    """The gradient of the output appears."""
    for place, value in np.ndenumerate(G.values):
        yield G.set(place, role="input", value=float(value))


def received(number: Number, at: Place, symbol: str = BY_Y) -> Words:
    """A cell of the gradient with its value: `∂L/∂y₁₂ = 3`."""
    return Joined((Symbol(symbol, tuple(n + 1 for n in at)), number), " = ")


def to_both(number: Number, at: Place, kernel: str, by_kernel: str) -> Words:
    """What a cell of the gradient adds, by its window and by the kernel."""
    said = "{g}: add {value} × window to {by_w}, {value} × {w} to {by_x}"
    named = {"w": Math(kernel), "by_w": Math(by_kernel), "by_x": Math(BY_X)}
    return Text(said, g=received(number, at), value=number, **named)


class Sums:
    """A panel whose cells add up, empty until something is added: `amounts` are what each step adds to which cells.

    It shows the last `axes` of a tensor, or of its part at `index`. Where each cell is reached once, no note need be
    `noted` in it.
    """

    def __init__(
        self,
        story: Story,
        name: str,
        label: Words,
        values: Tensor,
        amounts: Sequence[Mapping[Place, float]],
        axes: int = 2,
        index: Place = (),
        noted: bool = True,
        **more: Any,
    ) -> None:
        self.amounts, self._noted = amounts, noted
        array = values.values[index]
        shown = array.reshape(array.shape[-axes:] if array.ndim > 1 else (-1, 1))
        empty, roles = np.full(shown.shape, np.nan), np.full(shown.shape, "pending")
        self._sums, reached = np.zeros(shown.shape), {0.0, *shown.flat}
        for amount in amounts:
            self._raise(amount)
            reached.update(self._sums[place] for place in amount)
        most = np.array(sorted(reached))
        # The range tells the renderer how small the numbers must be that steps will bring.
        shade = Shade(scale="diverging", lo=float(most.min()), hi=float(most.max()) or 1.0) if shown.size > 1 else None
        more = {"marks": (Mark(name="current", role="result"),), "axes": axes, **fitting(story, most), **more}
        if index:
            story.graph.show(values, name, index, shown.shape)
        self.panel = story.cells(name, label, shown if index else values, first=empty, roles=roles, shade=shade, **more)
        self.start()

    def start(self) -> None:
        """Be as before the first addition."""
        self._added: Mapping[Place, float] = {}
        self._sums = np.zeros(self.panel.values.shape)

    def _raise(self, amount: Mapping[Place, float]) -> None:
        for place, more in amount.items():
            self._sums[place] += more

    def number(self, place: Place) -> Number:
        """What a cell has come to so far."""
        return Number(float(self._sums[place]), self.panel.decimals, self.panel.ref(place))

    def so_far(
        self, symbol: Symbol, place: Place, terms: Callable[[Place], Expression], steps: Sequence[Place]
    ) -> Words:
        """How a cell has come to what it is: the term of each step, of many steps the last one alone."""
        found = [terms(at) for at in steps[-MOST_NUMBERS:]]
        if len(steps) > MOST_NUMBERS:
            before = float(self._sums[place]) - self._added.get(place, 0.0)
            found = [Number(before, self.panel.decimals), found[-1]]
        return Text("{w} so far: {sum}", w=symbol, sum=equation(None, total(found), self.number(place)))

    def add(self, step: int) -> list[Change]:
        """Add what a step adds, counted from 0, with a note of it in each cell."""
        amount = self._added = self.amounts[step]
        self._raise(amount)
        shown = self._noted and self.panel.panel.numbers
        noted = [Number(more, self.panel.decimals) for more in amount.values() if shown]
        notes = ["" if not note.exact() else note if note.exact() < 0 else Joined(("+", note), "") for note in noted]
        roles = dict.fromkeys(amount, "kernel")
        changes = [self.panel.set(place, role="output", value=float(self._sums[place])) for place in amount]
        return [*changes, *self.panel.cover(list(amount), notes, roles)]

    def rest(self) -> Iterator[Change]:
        """Nothing is added any more; cells that nothing has reached are 0."""
        yield from self.panel.cover(())
        for place in np.ndindex(self._sums.shape):
            yield self.panel.set(place, role="output", value=float(self._sums[place]))


def stamp(windows: Windows, at: Place, weights: Values) -> dict[Place, float]:
    """The cells of a padded array, without its padding, that a window covers, each with its weight."""
    pairs = zip(windows.cells(at), weights.ravel().tolist(), strict=True)
    return {
        tuple(n - p for n, p in zip(cell, windows.padding, strict=True)): weight
        for cell, weight in pairs
        if windows.is_inside(cell)
    }


def column(story: Story, name: str, label: Words, values: Values | Tensor, *, row: bool = False, **more: Any) -> Cells:
    """A panel of numbers one below the other, or in a row; what the graph computes is shown there at the end.

    A window around what is read is linked with the result, which is `current`.
    """
    array = (values.values if isinstance(values, Tensor) else values).reshape((1, -1) if row else (-1, 1))
    if isinstance(values, Tensor) and not story.graph.is_given(values):
        story.graph.show(values, name, shape=array.shape)
    marks = Mark(name="current", role="result"), Mark(name="window", role="window")
    shade = Shade(scale="diverging", lo=float(array.min()), hi=float(array.max()) or 1.0)
    return story.cells(name, label, array, **{"marks": marks, "shade": shade, **fitting(story, array), **more})


def load_row(spec: object, what: str, option: str, seed: int, count: int | None = None) -> Values:
    """Numbers in a row, `count` of them where that is given; raises UsageError."""
    found = load_map(spec, None, seed=seed, default_size=(1, count or 4), what=what, option=option).values
    if min(found.shape) > 1 or (count is not None and found.size != count) or found.size > MOST_NUMBERS:
        size = size_text(*found.shape)
        raise UsageError(
            f"{option} is {size}: give one row of {f'1 to {MOST_NUMBERS}' if count is None else count} numbers"
        )
    return np.asarray(found.ravel())
