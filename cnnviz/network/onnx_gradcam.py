"""Grad-CAM: which part of the image speaks for a class, by the gradient of its score at the last maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.network.layers import Array
from cnnviz.network.onnx_run import OnnxRun
from cnnviz.network.torch_module import TorchModule, gradient

_STEP, _MOST_VALUES = 0.01, 4_000_000


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


def _differences(run: OnnxRun, name: str, maps: Array, label: int) -> Array:
    """αₖ of each channel by central differences, several at once where the model takes them."""
    step = _STEP * (float(np.abs(maps).max()) or 1.0)
    at_once = max(1, _MOST_VALUES // (2 * maps.size))
    slopes, first = list[float](), 0
    while first < len(maps):
        channels = np.arange(first, min(len(maps), first + at_once))
        moved = np.repeat(maps[None], 2 * len(channels), axis=0)
        moved[np.arange(len(channels)), channels] += step
        moved[len(channels) + np.arange(len(channels)), channels] -= step
        try:
            scores = run.model.run_after(name, moved, run.model.score_name)
        except RuntimeError as error:
            if at_once == 1:
                raise UsageError(f"{run.model.subject} cannot be run from {name} on: {error}", "gradcam") from error
            at_once = 1
            continue
        found = scores.reshape(len(moved), -1)[:, label].astype(np.float64)
        slopes += ((found[: len(channels)] - found[len(channels) :]) / (2 * step)).tolist()
        first += len(channels)
    return np.array(slopes) / maps[0].size
