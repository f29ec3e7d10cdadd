"""A small convolutional network on one picture, run forward and backward with `cnnviz.ops` alone."""

from cnnviz.network.model import Backward, Forward, Network, descend
from cnnviz.network.parse import layer_words, parse_layers
from cnnviz.network.weights import load_weights

__all__ = ["Backward", "Forward", "Network", "descend", "layer_words", "load_weights", "parse_layers"]
