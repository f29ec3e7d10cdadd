"""ONNX's nodes that take maps apart and put them together: padding, sampling, patches, attention."""

from __future__ import annotations

from cnnviz.operation import Call
from cnnviz.programs._onnx_graph import Graph, window_attributes
from cnnviz.programs._writer import Writer, pad_sides

_PAD_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


class Sampling(Writer):
    """Methods add nodes to the `graph` and give nothing back."""

    graph: Graph
    given: list[str]

    def _give(self, name: str, text: str) -> str:
        """One more array that goes in."""
        if name not in self.given:
            self.put(f"{name} = {text}")
            self.given.append(name)
        return name

    def _pad(self, call: Call) -> None:
        mode, sides = call.options.get("mode", "constant"), pad_sides(call)
        names = [call.operands[0], self.graph.constant(tuple(end for ends in zip(*sides, strict=True) for end in ends))]
        if call.options.get("value"):
            names.append(self.graph.constant(call.options["value"]))
        how = {} if mode == "constant" else {"mode": f'"{_PAD_MODES[mode]}"'}
        self.graph.node("Pad", names, call.result, **how)

    def _interpolate(self, call: Call) -> None:
        o, sizes = call.options, self.graph.constant((*call.shape[:2], *call.options["size"]))
        if o["mode"] == "nearest":
            how = {"mode": '"nearest"', "coordinate_transformation_mode": '"asymmetric"', "nearest_mode": '"floor"'}
        else:
            corners = "align_corners" if o["align_corners"] else "half_pixel"
            how = {"mode": '"linear"', "coordinate_transformation_mode": f'"{corners}"'}
        self.graph.node("Resize", [call.operands[0], "", "", sizes], call.result, **how)

    def _deform_conv2d(self, call: Call) -> None:
        x, offset, w, *mask = call.operands
        names = [x, w, offset, *(["", *mask] if mask else [])]
        self.graph.node("DeformConv", names, call.result, **window_attributes(call))

    def _pixel_shuffle(self, call: Call) -> None:
        how = {"blocksize": call.options["upscale_factor"], "mode": '"CRD"'}
        self.graph.node("DepthToSpace", call.operands, call.result, **how)

    def _pixel_unshuffle(self, call: Call) -> None:
        (n, c, h, w), r = call.shape, call.options["downscale_factor"]
        split = self.graph.constant((n, c, h // r, r, w // r, r))
        cells = self.graph.node("Reshape", [call.operands[0], split], f"{call.result}_cells")
        turned = self.graph.node("Transpose", [cells], f"{call.result}_channels", perm=(0, 1, 3, 5, 2, 4))
        shape = self.graph.constant((n, c * r * r, h // r, w // r))
        self.graph.node("Reshape", [turned, shape], call.result)

    def _unfold(self, call: Call) -> None:
        o, x, y = call.options, call.operands[0], call.result
        k, p, shape = o["kernel_size"], o["padding"], call.shape
        self.graph.remark("ONNX has Col2Im but no Im2Col: the rows of all windows, then their columns.")
        if any(p):
            x = self.graph.node("Pad", [x, self.graph.constant((0, 0, *p, 0, 0, *p))], "padded")
        for axis, name in ((0, f"{y}_rows"), (1, f"{y}_columns")):
            d, s = o["dilation"][axis], o["stride"][axis]
            count = (shape[2 + axis] + 2 * p[axis] - d * (k[axis] - 1) - 1) // s + 1
            cells = [[start * s + at * d for start in range(count)] for at in range(k[axis])]
            x = self.graph.node("Gather", [x, self._give(name, f"np.array({cells})")], f"in_{name}", axis=2 + 2 * axis)
        turned = self.graph.node("Transpose", [x], "windows", perm=(0, 1, 2, 4, 3, 5))
        self.graph.node("Reshape", [turned, self.graph.constant((shape[0], shape[1] * k[0] * k[1], -1))], y)

    def _tokens(self, call: Call) -> None:
        shape = self.graph.constant((*call.shape[:2], -1))
        rows = self.graph.node("Reshape", [call.operands[0], shape], f"{call.result}_channels")
        self.graph.node("Transpose", [rows], call.result, perm=(0, 2, 1))

    def _fold(self, call: Call) -> None:
        o = call.options
        how = {"dilations": o["dilation"], "pads": (*o["padding"], *o["padding"]), "strides": o["stride"]}
        sizes = [self.graph.constant(o["output_size"]), self.graph.constant(o["kernel_size"])]
        self.graph.node("Col2Im", [call.operands[0], *sizes], call.result, **how)

    def _scaled_dot_product_attention(self, call: Call) -> None:
        (q, k, v), axes = call.operands, len(call.shape)
        turned = self.graph.node("Transpose", [k], f"{k}_turned", perm=(*range(axes - 2), axes - 1, axes - 2))
        products = self.graph.node("MatMul", [q, turned], f"{call.result}_products")
        root = self.graph.constant(float(call.shape[-1] ** 0.5))
        scores = self.graph.node("Div", [products, root], f"{call.result}_scores")
        if call.options.get("is_causal"):
            keys = self.operation.operands[k].values.shape[-2]
            mask = f"np.where(np.tri({call.shape[-2]}, {keys}) > 0, 0, -np.inf).astype({self.dtype})"
            scores = self.graph.node("Add", [scores, self._give("mask", mask)], f"{call.result}_masked")
        weights = self.graph.node("Softmax", [scores], f"{call.result}_weights", axis=-1)
        self.graph.node("MatMul", [weights, v], call.result)
