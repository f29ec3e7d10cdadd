"""The network that has learned handwritten digits; `docs/train_digits.py` trained it."""

from __future__ import annotations

from pathlib import Path

from cnnviz.network.layers import Array
from cnnviz.network.model import Network
from cnnviz.network.parse import parse_layers
from cnnviz.network.picture import DIGIT_SHAPE
from cnnviz.network.weights import load_weights

LAYERS = "conv 4@5x5, relu, maxpool 2, conv 12@5x5, relu, maxpool 2, fc 10"
"""Its layers."""

TRAINED = str(Path(__file__).with_name("digits.npz"))
"""The file of its weights, by the names that `Network.named_shapes` gives."""


def read_digit(picture: Array) -> int:
    """The digit that it sees in 28×28 levels."""
    network = Network(parse_layers(LAYERS), (1, *DIGIT_SHAPE))
    weights = network.with_names(load_weights(TRAINED, network.named_shapes))
    return int(network.forward(weights, picture[None, None])[0].argmax())
