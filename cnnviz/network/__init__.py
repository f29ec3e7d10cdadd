"""A small convolutional network on one picture: its text, its weights, and its run as a recorded graph."""

from cnnviz.network.model import Network
from cnnviz.network.parse import parse_layers
from cnnviz.network.weights import load_weights
