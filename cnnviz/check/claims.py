"""Scene by scene: which numbers of a figure an engine can compute again, and from what it does so.

Operands are those that the figure itself shows wherever it shows them. Nothing here computes with `cnnviz.ops`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from cnnviz.check.engine import Array, Engine, Size
from cnnviz.check.network import network
from cnnviz.check.subject import Subject, Values
from cnnviz.data import MAP_NAMES, load_map

_ONE, _NONE = (1, 1), (0, 0)
_MOST_EXACT = 2.0**24
"""Whole numbers up to here are whole in float32 too."""

_SHARPNESS = {"leaky-relu": 0.1, "elu": 1.0, "softplus": 1.0}
_LOSS_NAMES = {"l1_loss": "mae", "mse_loss": "mse", "huber_loss": "huber", "binary_cross_entropy": "cross-entropy",
               "hinge_loss": "hinge"}  # fmt: skip
_LOSS_PARAMETERS = {"huber": "delta", "smooth-l1": "beta", "hinge": "margin"}


class NotCheckedError(Exception):
    """Why there is nothing for an engine to compute."""


@dataclass(frozen=True, eq=False)
class Claim:
    """Numbers that a figure shows, and the engine's; `scale` is the size of what was added up, `exact` tells of whole
    numbers, where nothing may differ."""

    where: str
    shown: Values
    theirs: Array
    scale: Array | float = 0.0
    exact: bool = False
    what: str = "outputs"


def _conv(figure: Subject, engine: Engine) -> Iterator[Claim]:
    given, w = figure.parameters, figure.operand("kernel")
    w = w[::-1, ::-1] if given.get("flip") else w
    bias = np.array([given.get("bias", 0.0)])
    how = figure.size("s"), figure.size("p"), (figure.size("d") if "d" in given else _ONE)
    yield _linear("output", figure, figure.operand("input"), w, bias, lambda x, v, b: engine.conv(x, v, b, *how))


def _conv_relation(figure: Subject, engine: Engine) -> Iterator[Claim]:
    yield from _conv(figure, engine)
    size, k, s, p = (figure.size(name) for name in "iksp")
    rest = ((size[0] + 2 * p[0] - k[0]) % s[0], (size[1] + 2 * p[1] - k[1]) % s[1])
    yield _linear("back", figure, figure.result("output"), figure.operand("kernel"), np.zeros(1),
                  lambda x, w, _: engine.conv_transpose(x, w, s, p, rest, _ONE))  # fmt: skip


def _transposed_conv(figure: Subject, engine: Engine) -> Iterator[Claim]:
    s, p, a, d = (figure.size(name) for name in ("s", "p", "output_padding", "d"))
    x, w, bias = figure.operand("input"), figure.operand("kernel"), np.array([figure.parameters["bias"]])

    def plus(y: Array, bias: Array) -> Array:
        return (y + bias).astype(y.dtype)

    yield _linear("output", figure, x, w, bias, lambda x, w, b: plus(engine.conv_transpose(x, w, s, p, a, d), b))
    if "overlap" in figure.panels:
        yield _linear("overlap", figure, np.ones_like(x), np.ones_like(w), np.zeros(1),
                      lambda x, w, _: engine.conv_transpose(x, w, s, p, a, d))  # fmt: skip
    if "sum" in figure.panels:
        yield _linear("sum", figure, x, w, np.zeros(1), lambda x, w, _: engine.conv_transpose(x, w, s, _NONE, a, d))


def _linear(
    panel: str, figure: Subject, x: Values, w: Values, bias: Values, apply: Callable[[Array, Array, Array], Array]
) -> Claim:
    """A map that sums of products make; the same of absolute values tells how large these sums were on their way."""
    shown = figure.result(panel)
    scale = apply(abs(x)[None, None], abs(w)[None, None], abs(bias))[0, 0]
    theirs = apply(x[None, None], w[None, None], bias)[0, 0]
    return Claim(panel, shown, theirs, scale, exact=_whole(x, w, bias) and float(scale.max()) < _MOST_EXACT)


def _whole(*arrays: Values) -> bool:
    return all(np.array_equal(array, np.round(array)) for array in arrays)


def _pool(figure: Subject, engine: Engine) -> Iterator[Claim]:
    given, x = figure.parameters, figure.operand("input")[None, None]
    maximum = given["kind"] == "max"
    if given["output_size"] is not None:
        theirs = engine.adaptive_pool(x, figure.size("output_size"), given["kind"])
    elif maximum:
        k, s, p, d = (figure.size(name) for name in "kspd")
        theirs = engine.max_pool(x, k, s, p, d, given["ceil_mode"])
    else:
        k, s, p = (figure.size(name) for name in "ksp")
        theirs = engine.avg_pool(x, k, s, p, given["ceil_mode"], given["count_include_pad"])
    yield Claim("output", figure.result("output"), theirs[0, 0], float(abs(x).max()), exact=maximum)


def _unpool(figure: Subject, engine: Engine) -> Iterator[Claim]:
    x, k, s = figure.operand("input")[None, None], figure.size("k"), figure.size("s")
    most = float(abs(x).max())
    if figure.parameters["kind"] == "max":
        pooled = engine.max_pool(x, k, s, _NONE, _ONE, False)
        yield Claim("pooled", figure.result("pooled"), pooled[0, 0], most, exact=True)
        exact = _whole(x) and most < _MOST_EXACT
        yield Claim("output", figure.result("output"), engine.max_unpool(x, k, s)[0, 0], most, exact=exact)
        return
    pooled = engine.avg_pool(x, k, s, _NONE, False, True)
    yield Claim("pooled", figure.result("pooled"), pooled[0, 0], most)
    windows = np.ones((1, 1, *k))
    rest = ((x.shape[2] - k[0]) % s[0], (x.shape[3] - k[1]) % s[1])
    # Every pooled value laid over its window, by how many of them lie on a cell.
    sums, counts = (engine.conv_transpose(y, windows, s, _NONE, _fits(rest, s), _ONE) for y in (pooled, pooled * 0 + 1))
    yield Claim("output", figure.result("output"), (sums / np.maximum(counts, 1))[0, 0], most)


def _fits(rest: Size, stride: Size) -> Size:
    return min(rest[0], stride[0] - 1), min(rest[1], stride[1] - 1)


def _lrn(figure: Subject, engine: Engine) -> Iterator[Claim]:
    given, x = figure.parameters, figure.operand("input")[None]
    within, n = given["kind"] == "intra", given["n"]
    share = (n * n if within else n) if given["alpha_over_n"] else 1
    theirs = engine.response_norm(x, n, given["alpha"] / share, given["beta"], given["k"], within)[0]
    yield Claim("output", figure.result("output"), theirs, abs(theirs))


def _norm(figure: Subject, engine: Engine) -> Iterator[Claim]:
    given, kind = figure.parameters, figure.parameters["kind"]
    if kind == "compare":
        raise NotCheckedError("a table of words")
    sheets = figure.operand("input")
    x = sheets.reshape(given["batch"], given["channels"], *sheets.shape[1:])
    groups = {"layer": 1, "instance": given["channels"]}.get(kind, given["groups"])
    theirs = engine.normalize(x, "batch" if kind == "batch" else "group", groups, given["eps"])
    yield Claim("output", figure.result("output"), theirs.reshape(sheets.shape), _sharpened(x, given["eps"]))


def _sharpened(x: Values, eps: float) -> float:
    """How large a value is in the units of the result at most: what is lost with its mean is lost of this."""
    return float(abs(x).max() / np.sqrt(min(x.var(axis=(-2, -1)).min(), 1.0) + eps))


def _batch_norm(figure: Subject, engine: Engine) -> Iterator[Claim]:
    given, x = figure.parameters, figure.operand("input")
    batch = x[:, :, None, None]
    normalised = engine.normalize(batch, "batch", 1, given["eps"])[:, :, 0, 0]
    scale = float(abs(x).max() / np.sqrt(x.var(axis=0).min() + given["eps"]))
    yield Claim("normalised", figure.result("normalised"), normalised, scale)
    gamma, beta = (_per_channel(figure, name, x.shape[1]) for name in ("gamma", "beta"))
    y = normalised * gamma + beta
    scale = scale * float(abs(gamma).max()) + float(abs(beta).max())
    yield Claim("scaled", figure.result("scaled"), y, scale)
    if given["activation"] != "none":
        sharpness = {"leaky-relu": 0.01}.get(given["activation"], 1.0)
        theirs = engine.activation(given["activation"], y, sharpness)
        yield Claim("activated", figure.result("activated"), theirs, scale)


def _per_channel(figure: Subject, name: str, channels: int) -> Values:
    given = figure.parameters[name]
    given = [[given]] if isinstance(given, int | float) else given
    size = (1, channels) if isinstance(given, str) and given.strip().lower() in MAP_NAMES else None
    return load_map(given, size, seed=figure.parameters["seed"]).values.ravel()


def _fully_connected(figure: Subject, engine: Engine) -> Iterator[Claim]:
    x, w, bias = (figure.operand(name) for name in ("input", "weights", "bias"))
    scale = engine.linear(abs(x).ravel(), abs(w), abs(bias).ravel())
    theirs = engine.linear(x.ravel(), w, bias.ravel())
    yield Claim("output", figure.result("output").ravel(), theirs, scale, exact=_whole(x, w, bias))


def _activation(figure: Subject, engine: Engine) -> Iterator[Claim]:
    given, kind = figure.parameters, figure.parameters["kind"]
    if kind == "table":
        raise NotCheckedError("a table of formulas")
    if kind == "softmax":
        yield from _softmax(figure, engine)
        return
    kinds = ("linear", "relu", "leaky-relu", "elu", "tanh", "sigmoid") if kind == "all" else (kind,)
    for name in kinds:
        own = given["beta"] if name == "softplus" else given["alpha"]
        sharpness = _SHARPNESS.get(name, 1.0) if own is None else own
        panel = {"linear": "identity"}.get(name, name).replace("-", "_") if kind == "all" else "plot"
        x, y = figure.points(panel, "point")
        theirs = engine.activation(name, x, sharpness)
        yield Claim(f"{name} at", y, theirs, np.maximum(abs(x), 1) * max(sharpness, 1), what="points")


def _softmax(figure: Subject, engine: Engine) -> Iterator[Claim]:
    logits = figure.operand("logits").ravel()
    names = ["point", *(f"p{n + 1}" for n in range(1, len(logits)))]
    x = figure.points("plot", "point")[0]
    every = np.tile(logits, (len(x), 1))
    every[:, 0] = x
    theirs = engine.softmax(every)
    shown = np.stack([figure.points("plot", name)[1] for name in names], axis=1)
    yield Claim("plot", shown, theirs, 1.0, what="points")
    yield Claim("probabilities", figure.result("probabilities").ravel(), theirs[-1], 1.0)


def _loss(figure: Subject, engine: Engine) -> Iterator[Claim]:
    given, kind = figure.parameters, figure.parameters["kind"]
    usual = 1.0 if kind in ("all", "hinge") or kind.endswith("cross-entropy") else 0.0
    label = usual if given["label"] is None else given["label"]
    dots = [("plot", "point", kind)]
    if kind == "all":
        dots = [("probability" if own == "cross-entropy" else "plot", name, own) for name, own in _LOSS_NAMES.items()]
    for panel, dot, name in dots:
        own = given.get(_LOSS_PARAMETERS.get(name, ""))
        x, y = figure.points(panel, dot)
        theirs = engine.loss(name, x, label, 1.0 if own is None else own)
        yield Claim(f"{name} at", y, theirs, np.maximum(abs(theirs), 1), what="points")


def _output_size(figure: Subject, engine: Engine) -> Iterator[Claim]:
    i, k, s, p, d = (figure.size(name) for name in "ikspd")
    shape = engine.conv(np.zeros((1, 1, *i)), np.zeros((1, 1, *k)), np.zeros(1), s, p, d).shape[2:]
    yield Claim("output", np.array(figure.result("output").shape, np.float64), np.array(shape, np.float64), exact=True,
                what="sizes")  # fmt: skip


def _cnn(figure: Subject, engine: Engine) -> Iterator[Claim]:
    for place, (name, shown, theirs, scale) in enumerate(network(figure, engine)):
        yield Claim(f"station {name}", shown, theirs, scale, what="values of the way forward" if place == 0 else "")


def _gradient_descent(figure: Subject, engine: Engine) -> Iterator[Claim]:
    raise NotCheckedError("an optimizer's path is no single operation of an engine")


CLAIMS: dict[str, Callable[[Subject, Engine], Iterator[Claim]]] = {
    "activation": _activation, "batch-norm": _batch_norm, "cnn": _cnn, "conv": _conv, "conv-relation": _conv_relation,
    "fully-connected": _fully_connected, "gradient-descent": _gradient_descent, "loss": _loss, "lrn": _lrn,
    "norm": _norm, "output-size": _output_size, "pool": _pool, "transposed-conv": _transposed_conv, "unpool": _unpool,
}  # fmt: skip
"""The claims of every scene that has any."""
