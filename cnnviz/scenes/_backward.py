"""What figures of back-propagation share: gradients that arrive, and sums that grow from 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.notation import size_text
from cnnviz.story import Cells, Story, Tensor, Windows, lost_of
from cnnviz.storyboard import Change, Mark, Shade, Values
from cnnviz.words import Joined, Number, Symbol, Text, Words

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
    name = spec.strip().lower() if isinstance(spec, str) else "random" if spec is None else ""
    if name == "random":
        return np.asarray(np.random.default_rng([seed, _GRAD_TAG]).choice(_RANDOM_GRADIENTS, size))
    own = (size[0], size[1]) if name.isidentifier() else None
    found = load_map(spec, own, seed=seed, what="grad-output", option="--grad-output").values
    if found.shape != tuple(size):
        made, given = size_text(*size), size_text(*found.shape)
        raise UsageError(f"--grad-output is {given}, but the output is {made}: give {made}")
    return np.asarray(found)


def gradient_panel(story: Story, values: Values, symbol: str = BY_Y) -> Cells:
    """The gradient that arrives, still empty."""
    return story.cells("gradient", Text("${g}$", g=symbol), values, pending=True, **fitting(story, values))


def fitting(story: Story, values: Values) -> dict[str, Any]:
    """Decimals with which a panel's numbers fit its cells."""
    return {"digits": story.decimals(values, lost=lost_of(values))}


def arrives(G: Cells) -> Iterator[Change]:
    """The gradient of the output appears."""
    for place, value in np.ndenumerate(G.values):
        yield G.set(place, role="input", value=float(value))


def received(number: Number, at: Place, symbol: str = BY_Y) -> Words:
    """A cell of the gradient with its value: `∂L/∂y₁₂ = 3`."""
    return Joined((Symbol(symbol, tuple(n + 1 for n in at)), number), " = ")


class Sums:
    """A panel whose cells add up, from 0: `amounts` are what each step adds to which cells."""

    def __init__(
        self, story: Story, name: str, label: Words, values: Tensor, amounts: Sequence[Mapping[Place, float]]
    ) -> None:
        self.amounts = amounts
        shown = values.values.reshape(values.values.shape[-2:] if values.values.ndim > 1 else (-1, 1))
        zeros, roles = np.zeros(shown.shape), np.full(shown.shape, "pending")
        self._sums, most = zeros.copy(), np.append(shown, 0)
        for amount in amounts:
            self._raise(amount)
            most = np.append(most, self._sums)
        # The range tells the renderer how small the numbers must be that steps will bring.
        shade = Shade(scale="diverging", lo=float(most.min()), hi=float(most.max()) or 1.0) if shown.size > 1 else None
        more = {"marks": (Mark(name="current", role="result"),), "axes": 2, **fitting(story, most)}
        self.panel = story.cells(name, label, values, first=zeros, roles=roles, shade=shade, **more)
        self.start()

    def start(self) -> None:
        """Be as before the first addition."""
        self._sums = np.zeros(self.panel.values.shape)

    def _raise(self, amount: Mapping[Place, float]) -> None:
        for place, more in amount.items():
            self._sums[place] += more

    def number(self, place: Place) -> Number:
        """What a cell has come to so far."""
        return Number(float(self._sums[place]), self.panel.decimals, self.panel.ref(place))

    def add(self, step: int) -> list[Change]:
        """Add what a step adds, counted from 0, with a note of it in each cell."""
        amount = self.amounts[step]
        self._raise(amount)
        noted = [Number(more, self.panel.decimals) for more in amount.values()]
        notes = [note if note.exact() < 0 else Joined(("+", note), "") for note in noted]
        roles = dict.fromkeys(amount, "kernel")
        changes = [self.panel.set(place, role="output", value=float(self._sums[place])) for place in amount]
        return [*changes, *self.panel.cover(list(amount), notes, roles)]

    def rest(self) -> Iterator[Change]:
        """Nothing is added any more; cells that nothing has reached stay 0."""
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


def column(story: Story, name: str, label: Words, values: Values | Tensor, **more: Any) -> Cells:
    """A panel of numbers one below the other; what the graph computes is shown there at the end."""
    array = (values.values if isinstance(values, Tensor) else values).reshape(-1, 1)
    if isinstance(values, Tensor) and not story.graph.is_given(values):
        story.graph.show(values, name, shape=array.shape)
    marks = (Mark(name="current", role="result"),)
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
