"""Grad-CAM: which part of the image speaks for a class, by the gradient of its score at the last maps; and its tour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.network.captions import significant
from cnnviz.network.layers import Array
from cnnviz.network.onnx_run import OnnxRun
from cnnviz.network.onnx_stations import MOST_MAPS, Tour, image_stop, shade_of, short, small
from cnnviz.network.stations import station
from cnnviz.network.torch_module import TorchModule, gradient
from cnnviz.ops import interpolate
from cnnviz.parameters import quote
from cnnviz.storyboard import Shade
from cnnviz.words import Math, Number, Shape, Strong, Text

_FORMULA = (
    r"L=\mathrm{ReLU}(\Sigma_k\,\alpha_k A^k)\quad\alpha_k=\frac{1}{Z}\,\Sigma_{ij}\,\partial y/\partial A^k_{ij}"
)
_BY_TORCH = (
    "αₖ: the mean slope of the score of {label} in channel k, by PyTorch's gradient",
    "What in the image speaks for {label}? Grad-CAM, its gradient by PyTorch",
)
_BY_STEPS = (
    "αₖ: the mean slope of the score of {label} in channel k, by central differences",
    "What in the image speaks for {label}? Grad-CAM, its gradient by central differences",
)
_SIDE = 224
_STEP = 0.01


@dataclass(frozen=True, eq=False)
class GradCam:
    """The maps (channels, rows, columns), the weight of each, and the heat (rows, columns) that they make.

    `exact` says whether the gradient is PyTorch's, not one by differences.
    """

    maps: Array
    weights: Array
    heat: Array
    exact: bool


def grad_cam(run: OnnxRun, label: int) -> GradCam:
    """The heat of a class, L = ReLU(Σₖ αₖ·Aᵏ) with αₖ = 1/Z·Σᵢⱼ ∂y/∂Aᵏᵢⱼ (Selvaraju et al. 2017, equations 1 and 2).

    Aᵏ are the Z cells of channel k of the last block that convolves, after its activation, y is the score before
    softmax. Of a module the gradient is PyTorch's. Else it is a central difference: where t is added to all of Aᵏ, the
    slope of y in t is the sum of its derivatives over all cells, Σᵢⱼ ∂y/∂Aᵏᵢⱼ. So what follows the maps runs twice for
    each channel, and that is all that αₖ needs.
    """
    if run.maps is None or len(run.probabilities) == 0:
        raise UsageError(f"{run.model.subject} has no maps of a convolution that lead to scores of classes", "gradcam")
    block, maps = run.maps
    exact = None
    if isinstance(run.model.source, TorchModule):
        scores = run.model.run(run.given, [run.model.score_name])[run.model.score_name][0].astype(np.float64).ravel()
        exact = gradient(run.model.source.module, run.given, maps, scores, label)
    weights = _differences(run, block.last.output, maps, label) if exact is None else exact.mean(axis=(1, 2))
    heat = np.maximum(np.tensordot(weights, maps, 1), 0)
    return GradCam(maps, weights, heat, exact is not None)


def class_of(text: str, names: Sequence[str]) -> int:
    """The class of a name or a number; raises UsageError."""
    given, known = text.strip().lower(), [name.lower() for name in names]
    if given in known:
        return known.index(given)
    if given.isdigit() and int(given) < len(names):
        return int(given)
    if not names:
        raise UsageError("--gradcam needs scores of classes, which this model does not give: leave it out", "gradcam")
    raise UsageError(f"--gradcam {quote(text)} is no class: use a label, or 0 to {len(names) - 1}", "gradcam")


def heat_tour(run: OnnxRun, names: Sequence[str], label: int, most: int) -> Tour:
    """From the image to the last maps, the weight of each, the heat that they make, and that over the image."""
    cam, image = grad_cam(run, label), _large(small(run.image.mean(axis=0)[None], _SIDE))
    order = np.argsort(-np.abs(cam.weights) * np.abs(cam.maps).mean(axis=(1, 2)), kind="stable")[:MOST_MAPS]
    maps, weights, shape = cam.maps[order], cam.weights[order], cam.heat.shape
    greatest = float(np.abs(weights).max())
    heat = cam.heat[None] / (float(cam.heat.max()) or 1.0)
    over = np.clip(interpolate(heat, size=image.shape[1:], mode="bilinear"), 0, 1)
    grey = image[0] - image.min()
    slopes = Shade(scale="diverging", lo=-(greatest or 1.0), hi=greatest or 1.0, always=True)
    warm = Shade(scale="sequential", lo=0, hi=1, always=True)
    numbers: dict[str, Any] = {
        "form": "numbers",
        "lines": tuple(str(k + 1) for k in order),
        "digits": significant(greatest).places,
    }
    row, column = np.unravel_index(cam.heat.argmax(), shape)
    known: dict[str, Any] = {
        "label": short(names[label]),
        "p": Strong(Number(float(run.probabilities[label]), most)),
        "n": len(cam.maps),
        "row": int(row) + 1,
        "column": int(column) + 1,
    }
    hot = "Heat: the weighted maps are added, what is below 0 counts as 0; most at row {row}, column {column}"
    end = "{label}, probability {p}: what speaks for it is tinted, the more the stronger"
    if not cam.heat.any():
        hot = "Heat: the weighted maps are added, what is below 0 counts as 0, which here is all"
        end = "{label}, probability {p}: no place speaks for it"
    way, point = _BY_TORCH if cam.exact else _BY_STEPS
    stops = (
        (
            station("maps", Text("last maps"), maps, size=Shape(cam.maps.shape), shade=shade_of(maps)),
            "The {n} last maps Aᵏ, of which those that count most are drawn",
        ),
        (station("weights", Text("channel k, weight αₖ"), weights, size=Shape(()), shade=slopes, **numbers), way),
        (station("heat", Text("heat"), _large(heat, 2), size=Shape(shape), shade=warm), hot),
        (
            station("over", Text("heat over the input"), over, size=Shape(shape), picture=grey / (grey.max() or 1.0)),
            end,
        ),
    )
    return Tour(
        [image_stop(run, most), *((view, Text(caption, **known)) for view, caption in stops)],
        point=Text(point, **known),
        alt=Text(
            "Grad-CAM of {label}: the last maps, weighted by the slope of its score, are heat over the image", **known
        ),
        formula=Math(_FORMULA),
    )


def _large(maps: Array, share: int = 1) -> Array:
    """Cells repeated up to about a share of the side of the last picture, which is the largest."""
    times = max(1, _SIDE // share // max(maps.shape[1:]))
    return maps.repeat(times, 1).repeat(times, 2)


def _differences(run: OnnxRun, name: str, maps: Array, label: int) -> Array:
    """αₖ of each channel by central differences; raises UsageError."""
    step, after = _STEP * (float(np.abs(maps).max()) or 1.0), run.model.after(name, run.model.score_name)

    def score(channel: int, by: float) -> float:
        moved = maps[None].copy()
        moved[0, channel] += by
        return float(after(moved).ravel()[label])

    rises = [score(channel, step) - score(channel, -step) for channel in range(len(maps))]
    return np.asarray(np.array(rises) / (2 * step * maps[0].size))
