"""Nodes of ONNX as text, for what needs no more than its operands and options."""

from __future__ import annotations

PAD_MODES = {"constant": "", "reflect": ', mode="reflect"', "replicate": ', mode="edge"', "circular": ', mode="wrap"'}
RESIZE_MODES = {
    "nearest": 'mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"',
    "bilinear": 'mode="linear", coordinate_transformation_mode="half_pixel"',
    "corners": 'mode="linear", coordinate_transformation_mode="align_corners"',
}
_AFFINE = "ones := np.ones(SHAPE, dtype={dtype})\nzeros := np.zeros(SHAPE, dtype={dtype})\n"
PER_CHANNEL = _AFFINE.replace("SHAPE", "{shape[1]}")
GROUPS = PER_CHANNEL + "GroupNormalization({0}, ones, zeros, num_groups=GROUPS, epsilon={o[eps]}{stash})"
SQUARES = (
    "{y}_squares = X * X\n{y}_mean = AveragePool({y}_squares, kernel_shape=WINDOW, pads=PADS, count_include_pad=1)"
)
BATCH_NORM = (
    "{axes}\n"
    "# As in training: the batch's own mean and biased variance.\n"
    "{y}_means = ReduceMean({0}, {axes})\n"
    "{y}_squares = ({0} - {y}_means) * ({0} - {y}_means)\n"
    "{y}_variances = ReduceMean({y}_squares, {axes})\n"
    "{y}_mean = Reshape({y}_means, (-1,))\n"
    "{y}_variance = Reshape({y}_variances, (-1,))\n"
    "BatchNormalization({0}, {affine}, {y}_mean, {y}_variance, epsilon={o[eps]})"
)
TEMPLATES = {
    "avg_pool2d": "AveragePool({0}{window})",
    "max_unpool2d": "MaxUnpool({0}, {1}, (1, 1, {o[output_size][0]}, {o[output_size][1]}){window})",
    "pixel_shuffle": 'DepthToSpace({0}, blocksize={upscale_factor}, mode="CRD")',
    "batch_norm_inference": PER_CHANNEL + "BatchNormalization({0}, ones, zeros, {1}, {2}, epsilon={o[eps]})",
    "layer_norm": _AFFINE.replace("SHAPE", "{o[normalized_shape]}")
    + "LayerNormalization({0}, ones, zeros, axis=1, epsilon={o[eps]}{stash})",
    "group_norm": GROUPS.replace("GROUPS", "{num_groups}"),
    "add": "Add({0}, {1})",
    "flatten": "Flatten({0})",
    "tokens": "{y}_channels = Reshape({0}, ({shape[0]}, {shape[1]}, -1))\nTranspose({y}_channels, perm=(0, 2, 1))",
    "relu6": "Clip({0}, 0.0, 6.0)",
    "hardtanh": "Clip({0}, -1.0, 1.0)",
    "softmax": "Softmax({0}, axis={dim})",
    "softplus": "Softplus({0})",
    "mean_cross_entropy": "{1}_whole = Cast({1}, to=7)\nSoftmaxCrossEntropyLoss({0}, {1}_whole)",
    "cross_entropy": "label := np.array([{label}])\nSoftmaxCrossEntropyLoss({0}, label)",
}
"""Nodes, one a line, of which the last makes the result; `name := …` is an array that goes in."""
