"""A network: the way forward on an engine, the loss's gradient back by it, and the step that follows from that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnnviz.check.claims._claim import Claim, reckoned, told
from cnnviz.check.engine import Array, Engine
from cnnviz.check.subject import Subject, Values
from cnnviz.check.words import numbers, strong
from cnnviz.network import Network, load_weights, parse_layers
from cnnviz.network.layers import Activate, AvgPool, BatchNorm, Conv, FullyConnected, Layer, Lrn, MaxPool
from cnnviz.storyboard import Maps, SetStation

_ONE = (1, 1)
_DIGIT = 3
_SLOPE = {"leaky_relu": 0.01}

Parts = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class _Pass:
    """What the engine makes of a picture: every map, the probabilities and the loss."""

    maps: list[Array]
    probabilities: Array
    loss: float

    @property
    def largest(self) -> float:
        """The size of its values."""
        return max(float(abs(values).max()) for values in self.maps)

    def scales(self, net: Network) -> Iterator[float]:
        """For each map, the size of what has been added up so far."""
        scale = 0.0
        for values, layer in zip(self.maps, (*net.layers, None), strict=True):
            scale = max(scale, float(abs(values).max()))
            yield scale
            if isinstance(layer, BatchNorm):
                # What is lost with a mean is lost of the values before it.
                scale = max(scale, float(abs(values).max() / np.sqrt(values.var(axis=(1, 2)).min() + 1e-5)))


def cnn(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """Forward, backward, and forward again with new weights."""
    given = figure.parameters
    (panel,) = (panel for panel in figure.board.panels() if isinstance(panel, Maps))
    picture, net = panel.stations[0].values, network_of(figure)
    if given["weights"] == "random":
        weights: Sequence[Parts] = net.he_weights(given["seed"])
    else:
        weights = net.with_names(load_weights(given["weights"], net.named_shapes))
    label = label_of(figure, net)
    run = _forward(engine, net, picture, weights, label)
    yield from _stations(figure, net, run, 0, "")
    # Back from the gradient that is shown: of p − 1 little may be left to be sure of.
    start = run.probabilities.copy()
    start[label] -= 1
    yield _shown(figure, net.names[-1], 1, start, max(1.0, *run.scales(net)), "gradient at")
    shown = figure.station(net.names[-1])[1]
    # In its own units, since float32 knows nothing as small as it may be.
    unit = float(abs(shown).max()) or 1.0
    seen = zip(net.names, run.maps[1:], strict=True)
    maps = [picture, *(figure.station(name)[0].reshape(x.shape) for name, x in seen)]
    slopes, parts = _backward(engine, net, maps, weights, (shown / unit).astype(start.dtype))
    own: list[Parts] = [{name: values.astype(np.float64) * unit for name, values in each.items()} for each in parts]
    # What is not quite sure behind a layer is spread by its weights in front of it.
    for place, name in enumerate(("input", *net.names[:-1])):
        largest = max(float(abs(slope).max()) for slope in slopes[place:])
        at = 0 if place == 0 else 1
        claim = _shown(figure, name, at, slopes[place], largest, "gradient at")
        yield replace(claim, shown=claim.shown / unit)
    lost = [unit * value for value in _open(net, run, slopes)]
    after = None
    if given["lr"]:
        moved = [
            {name: values - given["lr"] * slope[name] for name, values in parts.items()}
            for parts, slope in zip(weights, own, strict=True)
        ]
        # Weights moved along a gradient in float32 are no better than it, even where an engine computes in float64.
        after = _forward(engine, net, picture.astype(slopes[0].dtype), moved, label)
        yield from _stations(figure, net, after, 2, "after the step, ", slack=_moved(own, given["lr"], run))
    yield from _words(figure, net, (run, after), (slopes, own, lost), label)


def network_of(figure: Subject) -> Network:
    """The layers behind the picture that is shown."""
    (panel,) = (panel for panel in figure.board.panels() if isinstance(panel, Maps))
    return Network(parse_layers(figure.parameters["layers"]), panel.stations[0].values.shape)


def label_of(figure: Subject, net: Network) -> int:
    """The class that counts."""
    given = figure.parameters["label"]
    return min(_DIGIT, net.classes - 1) if given is None else int(given)


def _moved(own: Sequence[Parts], rate: float, run: _Pass) -> float:
    """How much less sure values are behind a step along a gradient that itself is not quite sure."""
    steps = [float(abs(part).max()) for parts in own for part in parts.values()]
    return 1 + rate * max(steps, default=0.0) * max(1.0, run.largest) * 100


def _stations(figure: Subject, net: Network, run: _Pass, turn: int, when: str, slack: float = 1.0) -> Iterator[Claim]:
    """What stations show on a way forward."""
    first = ("input",) if turn else ()
    scales = [scale * slack for scale in run.scales(net)]
    for place, name in enumerate((*first, *net.names), 0 if turn else 1):
        yield _shown(figure, name, turn - (name == "input"), run.maps[place], scales[place], f"{when}station")
    at, largest = (1 if turn else 0), max(1.0, scales[-1])
    yield _shown(figure, "softmax", at, run.probabilities, largest, f"{when}station")
    loss = np.array([run.loss], run.probabilities.dtype)
    yield _shown(figure, "loss", at, loss, largest, f"{when}station")


def _shown(figure: Subject, name: str, at: int, theirs: Array, scale: float, where: str) -> Claim:
    shown = figure.station(name)[at]
    first = where == "station" and name not in ("softmax", "loss")
    what = "values of the way forward" if first else "values"
    return Claim(f"{where} {name}", shown, theirs.reshape(shown.shape), scale, what=what)


def _forward(engine: Engine, net: Network, picture: Values, weights: Sequence[Parts], label: int) -> _Pass:
    values: Array = picture
    maps = [values]
    for layer, own in zip(net.layers, weights, strict=True):
        made = _layer(engine, layer, values, own)
        # What was once rounded to float32 is no better for being computed on in float64.
        values = made.astype(min(values.dtype, made.dtype))
        maps.append(values)
    probabilities = engine.softmax(values.ravel()).astype(values.dtype)
    scores = values.ravel().astype(np.float64)
    top = scores.max()
    loss = float(np.log(np.exp(scores - top).sum()) + top - scores[label])
    return _Pass(maps, probabilities, loss)


def _layer(engine: Engine, layer: Layer, x: Array, own: Parts) -> Array:
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
            return engine.activation(*_activation(layer, x))
    raise TypeError(f"no engine computes {layer.text}")


def _activation(layer: Activate, x: Array) -> tuple[str, Array, float]:
    usual = _SLOPE.get(layer.name, 1.0)
    name = {"identity": "linear"}.get(layer.name, layer.name.replace("_", "-"))
    return name, x, usual if layer.parameter is None else layer.parameter


def _backward(
    engine: Engine, net: Network, maps: Sequence[Values], weights: Sequence[Parts], slope: Array
) -> tuple[list[Array], list[Parts]]:
    """The loss's gradient by every map, of which that by the scores is given, and by every layer's weights."""
    slopes, own = [slope.reshape(maps[-1].shape)], list[Parts]()
    for layer, x, parts in zip(net.layers[::-1], maps[-2::-1], weights[::-1], strict=True):
        back, weight = _layer_back(engine, layer, x, parts, slopes[-1])
        slopes.append(back.reshape(x.shape).astype(min(slopes[-1].dtype, back.dtype)))
        own.append(weight)
    return slopes[::-1], own[::-1]


def _layer_back(engine: Engine, layer: Layer, x: Array, own: Parts, slope: Array) -> tuple[Array, Parts]:
    batch, behind = x[None], slope[None]
    match layer:
        case Conv():
            how = layer.stride, layer.padding, layer.dilation
            back, weight = engine.conv_back(batch, own["weight"], behind, *how)
            return back[0], {"weight": weight, "bias": slope.sum(axis=(1, 2))}
        case MaxPool():
            # Which is the greatest their ranks tell too, in fewer digits.
            ranks = np.unique(batch, return_inverse=True)[1].reshape(batch.shape).astype(np.float64)
            return engine.max_pool_back(ranks, behind, layer.size, layer.stride, layer.padding)[0], {}
        case AvgPool():
            return engine.avg_pool_back(batch, behind, layer.size, layer.stride, layer.padding)[0], {}
        case BatchNorm():
            normalised = engine.normalize(batch, "batch", 1, 1e-5)[0]
            scaled = behind * own["weight"][:, None, None]
            back = engine.normalize_back(batch, scaled, 1e-5)[0]
            return back, {"weight": (slope * normalised).sum(axis=(1, 2)), "bias": slope.sum(axis=(1, 2))}
        case Lrn():
            how_ = layer.size, layer.alpha / layer.size, layer.beta, layer.k
            return engine.response_norm_back(batch, behind, *how_)[0], {}
        case FullyConnected():
            back = engine.linear(slope, own["weight"].T, np.zeros(x.size))
            return back, {"weight": np.outer(slope, x.ravel()), "bias": slope}
        case Activate():
            return slope * engine.activation_slope(*_activation(layer, x)), {}
    raise TypeError(f"no engine computes {layer.text}")


def _words(
    figure: Subject, net: Network, runs: tuple[_Pass, _Pass | None], back: tuple[list[Array], list[Parts], list[float]],
    label: int,
) -> Iterator[Claim]:
    """What captions and stations say of losses, probabilities, gradients, counts and sizes."""
    (run, after), (slopes, own, lost), count = runs, back, len(net.layers)
    said = figure.captions
    picture = run.maps[0]
    p, loss = float(figure.station("softmax")[0][label]), float(figure.station("loss")[0][0])
    first = [*picture.shape, picture.min(), picture.max()]
    given = str(figure.parameters["input"]).strip().lower() == "digit"
    yield told("the caption of step 1", said[0], [*first, _DIGIT if given else label])
    for place, layer in enumerate(net.layers, 1):
        yield from _layer_words(
            figure, layer, run.maps[place - 1], run.maps[place], place, net.weight_shapes[place - 1]
        )
    yield told("the result of softmax", strong(said[count + 1]), [p])
    shown = figure.captions[count + 2].replace(f"p_{{{label}}}", "p")
    yield told(f"the caption of step {count + 3}", shown, [p, loss] if " = " in shown else [loss])
    yield told(f"the caption of step {count + 4}", said[count + 3], [1, p, 1, p - 1])
    for turn, place in enumerate(range(count, 0, -1), count + 4):
        of = own[place - 1].get("weight")
        of = figure.station(net.names[place - 1])[1] if of is None else of
        mean, open_ = float(abs(of).mean()), lost[place - 1]
        yield told(f"the gradient in step {turn + 1}", strong(said[turn]), [mean], open_)
        size = said[turn].rpartition(" of ")[2].partition(" ")[0]
        yield told(f"the count in step {turn + 1}", size, [of.size])
    last = 2 * count + 4
    yield told(f"the caption of step {last + 1}", said[last].rpartition("mean")[2],
               [slopes[0].size, float(abs(figure.station("input")[0]).mean())])  # fmt: skip
    if after is not None:
        rate = figure.parameters["lr"]
        then = float(figure.station("loss")[1][0])
        losses = [then] if "stays at" in said[last + 1] else [loss, then]
        yield told(f"the caption of step {last + 2}", said[last + 1], [rate, net.parameters, *losses])
    rate = figure.parameters["lr"]
    if after is not None:
        head, _, power = figure.board.formula.rpartition("     ")[2].partition(r"\partial")[0].partition(r"\cdot 10^{")
        said_ = head.rpartition(r"w-")[2].replace("-", "−") + (f"e{power.partition('}')[0]}" if power else "")
        yield told("the formula", said_, [rate])
    yield from _notes(figure, net, run, own, lost)
    yield from reckoned(figure, ((where, text) for where, text in figure.texts() if "|∂" not in text))


def _open(net: Network, run: _Pass, slopes: Sequence[Array]) -> list[float]:
    """What an engine's precision leaves open of every layer's gradients by weights, of which only words tell."""
    digits = 1e-6 if run.probabilities.dtype == np.float32 else 1e-14
    found = []
    for layer, x, slope in zip(net.layers, run.maps, slopes[1:], strict=False):
        size = 1.0 if isinstance(layer, BatchNorm) else float(abs(x).max())
        found.append(digits * max(float(abs(each).max()) for each in slopes) * size * slope[0].size)
    return found


def _layer_words(
    figure: Subject, layer: Layer, x: Array, y: Array, step: int, shapes: Mapping[str, tuple[int, ...]]
) -> Iterator[Claim]:
    """The shapes on both sides of a layer, its parameters or the result of its example."""
    text = figure.captions[step].removeprefix(f"{layer.text}: ")
    both = [*x.shape] if isinstance(layer, BatchNorm | Lrn) else [*x.shape, *y.shape]
    head = text.partition(", ")[0]
    yield told(f"the shapes in step {step + 1}", head, both)
    result = strong(text)
    if shapes and not isinstance(layer, BatchNorm):
        yield told(f"the parameters in step {step + 1}", result, [sum(int(np.prod(s)) for s in shapes.values())])
    elif isinstance(layer, MaxPool | AvgPool | BatchNorm):
        yield told(f"the example in step {step + 1}", result, [float(y.max())])
    elif isinstance(layer, Lrn):
        yield told(f"the example in step {step + 1}", result, [float(y.ravel()[np.argmax(np.abs(x))])])
    elif isinstance(layer, Activate):
        least = int(np.argmin(x))
        example = text.rpartition("(")[2].partition(")")[0]
        yield told(f"the example in step {step + 1}", f"{example} {result}", [float(x.min()), float(y.ravel()[least])])


def _notes(
    figure: Subject, net: Network, run: _Pass, own: Sequence[Parts], lost: Sequence[float]
) -> Iterator[Claim]:
    """The notes under stations: the mean size of a layer's gradient, the loss that was."""
    means = {name: float(abs(parts["weight"]).mean()) for name, parts in zip(net.names, own, strict=True) if parts}
    known = means | {"loss": float(figure.station("loss")[0][0])}
    (panel,) = (panel for panel in figure.board.panels() if isinstance(panel, Maps))
    for step, station in figure.changes(SetStation, panel.name):
        if station.note and numbers(station.note):
            value = known[station.station]
            open_ = dict(zip(net.names, lost, strict=True)).get(station.station, 0.0)
            yield told(f"the note of {station.station} in step {step + 1}", station.note, [value], open_)
    for each in panel.stations:
        shape = dict(zip(("input", *net.names, "softmax", "loss"),
                         (*(m.shape for m in run.maps), run.probabilities.shape, (1,)), strict=True))  # fmt: skip
        yield told(f"the size of {each.name}", each.size, shape[each.name])
