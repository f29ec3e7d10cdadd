"""A network's way forward on an engine, layer by layer, each on what the engine made of the one before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnnviz.check.engine import Array, Engine
from cnnviz.check.subject import Subject, Values
from cnnviz.network import Network, load_weights, parse_layers
from cnnviz.network.layers import Activate, AvgPool, BatchNorm, Conv, FullyConnected, Layer, Lrn, MaxPool, Weights
from cnnviz.storyboard import Maps

_ONE = (1, 1)
_DIGIT = 3
_SLOPE = {"leaky_relu": 0.01}


def network(figure: Subject, engine: Engine) -> Iterator[tuple[str, Values, Array, float]]:
    """What each station shows on the way forward, the engine's, and how large its values are; input to loss."""
    given = figure.parameters
    (panel,) = (panel for panel in figure.board.panels() if isinstance(panel, Maps))
    picture = panel.stations[0].values
    net = Network(parse_layers(given["layers"]), picture.shape)
    if given["weights"] == "random":
        weights = net.he_weights(given["seed"])
    else:
        weights = net.with_names(load_weights(given["weights"], net.named_shapes))
    values: Array = picture
    for name, layer, own in zip(net.names, net.layers, weights, strict=True):
        made = _layer(engine, layer, values, own)
        # What was once rounded to float32 is no better for being computed on in float64.
        values = made.astype(min(values.dtype, made.dtype))
        shown = figure.station(name)[0]
        yield name, shown, values.reshape(shown.shape), float(abs(values).max())
    probabilities = engine.softmax(values.ravel()).astype(values.dtype)
    yield "softmax", figure.station("softmax")[0], probabilities, float(abs(values).max())
    label = min(_DIGIT, net.classes - 1) if given["label"] is None else given["label"]
    loss = np.array([-np.log(probabilities[label])], probabilities.dtype)
    yield "loss", figure.station("loss")[0], loss, float(abs(values).max()) / max(float(probabilities[label]), 1e-300)


def _layer(engine: Engine, layer: Layer, x: Array, own: Weights) -> Array:
    batch = x[None]
    match layer:
        case Conv():
            how = layer.stride, layer.padding, layer.dilation
            return np.asarray(engine.conv(batch, own["weight"], own["bias"], *how)[0])
        case MaxPool():
            return np.asarray(engine.max_pool(batch, layer.size, layer.stride, layer.padding, _ONE, False)[0])
        case AvgPool():
            return np.asarray(engine.avg_pool(batch, layer.size, layer.stride, layer.padding, False, True)[0])
        case BatchNorm():
            normalised = engine.normalize(batch, "batch", 1, 1e-5)[0]
            return np.asarray(normalised * own["weight"][:, None, None] + own["bias"][:, None, None])
        case Lrn():
            return np.asarray(
                engine.response_norm(batch, layer.size, layer.alpha / layer.size, layer.beta, layer.k, False)[0]
            )
        case FullyConnected():
            return engine.linear(x.ravel(), own["weight"], own["bias"])
        case Activate():
            usual = _SLOPE.get(layer.name, 1.0)
            name = {"identity": "linear"}.get(layer.name, layer.name.replace("_", "-"))
            return engine.activation(name, x, usual if layer.parameter is None else layer.parameter)
    raise TypeError(f"no engine computes {layer.text}")
