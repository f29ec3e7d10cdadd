"""Layers as a text: `conv 3 s2 p1, pool 2, relu, flatten, linear 10`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_KERNEL
from cnnviz.network.parse import ALONE, read_layers
from cnnviz.ops.convolution import conv_output_size
from cnnviz.words import Assigned, Expression, Number, Words, joined, size

SAME_SIZE = ("relu", "tanh", "sigmoid", "gelu", "silu")
"""Layers that change no size."""

_ALIASES = {"maxpool": "pool", "avgpool": "pool", "fc": "linear", "dense": "linear"}
_FORMS = {
    "conv": (
        r"(?:(?P<filters>[1-9]\d*)@)?(?P<k>[1-9]\d*)(?:x(?P=k))?(?: s(?P<s>[1-9]\d*)| p(?P<p>\d+)| d(?P<d>[1-9]\d*))*",
        "3 or, of 16 filters, 16@3, and where wanted s2 (stride), p1 (padding), d2 (dilation)",
    ),
    "pool": (
        r"(?P<k>[1-9]\d*)(?:x(?P=k))?(?: s(?P<s>[1-9]\d*)| p(?P<p>\d+))*",
        "2 and, where wanted, s1 (stride), p1 (padding)",
    ),
    "linear": (r"(?:(?P<inputs>[1-9]\d*) )?(?P<outputs>[1-9]\d*)", "10, or with its inputs 1690 10"),
    "flatten": ALONE,
    **dict.fromkeys(SAME_SIZE, ALONE),
}
_MOST = {"filters": 9999, "inputs": 10**9, "outputs": 10**9, **dict.fromkeys("kspd", MAX_KERNEL)}


@dataclass(frozen=True, kw_only=True)
class LayerText:
    """One layer of a list: `where` names it in messages; sizes are the same for rows and columns."""

    word: str
    where: str
    filters: int | None = None
    k: int = 1
    s: int = 1
    p: int = 0
    d: int = 1
    inputs: int | None = None
    outputs: int = 0

    @property
    def name(self) -> Words:
        """The layer with its sizes: `conv k = 3, s = 2`."""
        usual = {"s": self.k if self.word == "pool" else 1, "p": 0, "d": 1}
        found = {letter: getattr(self, letter) for letter in "kspd"}
        said = joined(Assigned(size(letter), Number(n)) for letter, n in found.items() if n != usual.get(letter))
        return joined((self.word, said), " ")

    def out(self, i: int) -> int:
        """Its output size of `i` cells; raises UsageError that names the layer where its kernel does not fit."""
        try:
            return conv_output_size(i, self.k, self.s, self.p, self.d)
        except UsageError as error:
            raise UsageError(f"{self.where}: {error}: use a larger --i, a smaller kernel or p1") from None


def field_growth(layers: Sequence[LayerText]) -> list[Expression]:
    """What each layer adds to the receptive field: (k − 1)·d·j, with j the product of all strides before it."""
    jumps = accumulate((layer.s for layer in layers), mul, initial=1)
    return [Number(layer.d * (layer.k - 1)) * jump for layer, jump in zip(layers, jumps, strict=False)]


def read_list(text: str, words: tuple[str, ...]) -> list[LayerText]:
    """Read a list of layers of these `words`; raises UsageError that names the layer and what is wrong."""
    layers = list[LayerText]()
    for where, word, texts in read_layers(text, {word: _FORMS[word] for word in words}, _ALIASES, _MOST):
        numbers = {name: int(text) for name, text in texts.items()}
        if word == "pool":
            numbers.setdefault("s", numbers["k"])
        layers.append(LayerText(word=word, where=where, **numbers))
    return layers
