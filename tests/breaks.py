"""What `tests.mutation` breaks, one place each: a mistake that somebody could make, or that other figures have made.

The `old` text stands in its file exactly once; where code changes, its breaks must follow (`tests/test_mutation.py`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Break:
    """A mistake in a file: what it is in words, the tests most likely to see it, a text and what takes its place."""

    id: str
    file: str
    what: str
    tests: tuple[str, ...]
    old: str
    new: str


_OPS = ("tests/ops/test_known_values.py", "tests/ops/test_algebra.py", "tests/ops/test_scipy.py")
_POOL = (*_OPS, "tests/ops/test_onnxruntime.py")
_NORM = (*_OPS, "tests/ops/test_onnxruntime.py")
_CURVES = ("tests/ops/test_known_values.py", "tests/ops/test_tables.py", "tests/ops/test_scipy.py")
_RULES = ("tests/ops/test_optimizers.py",)
_SLOPES = ("tests/ops/test_gradients.py", "tests/ops/test_algebra.py")
_CONV = ("tests/scenes/test_conv.py", "tests/test_registry.py", "tests/properties")
_SCENES = ("tests/test_registry.py", "tests/properties")
_FRAMES = ("tests/render/test_frames.py", "tests/render/test_block.py", "tests/render/test_pictures.py")
_SETS = ("tests/test_batch.py", "tests/test_sweep.py")
_GIF = ("tests/render/test_gif.py", "tests/export/test_formats.py")

_CONVOLUTION = "cnnviz/ops/convolution.py"
_POOLING = "cnnviz/ops/pooling.py"
_UNPOOLING = "cnnviz/ops/unpooling.py"
_NORMALIZATION = "cnnviz/ops/normalization.py"
_ACTIVATIONS = "cnnviz/ops/activations.py"
_DERIVATIVES = "cnnviz/ops/derivatives.py"
_LOSSES = "cnnviz/ops/losses.py"
_OPTIMIZERS = "cnnviz/ops/optimizers.py"
_GRADIENTS = "cnnviz/ops/gradients.py"
_SLIDING = "cnnviz/scenes/_sliding.py"
_CELLS = "cnnviz/render/panels/_cells.py"
_FILM = "cnnviz/render/frames.py"


OPERATIONS = (
    Break(
        "size-rounded-up", _CONVOLUTION, "the output size is rounded up", _OPS,
        "return room // s + 1",
        "return -(-room // s) + 1",
    ),
    Break(
        "size-without-first-place", _CONVOLUTION, "the kernel's first place is not counted", _OPS,
        "return room // s + 1",
        "return max(1, room // s)",
    ),
    Break(
        "size-padding-outside", _CONVOLUTION, "positions are counted as (n − k)/s + 2p", _OPS,
        "return room // s + 1",
        "return (room - 2 * p) // s + 2 * p + 1",
    ),
    Break(
        "size-one-sided", _CONVOLUTION, "padding is counted on one side", _OPS,
        "room = i + 2 * p -",
        "room = i + p -",
    ),
    Break(
        "size-transposed-plus", _CONVOLUTION, "+p instead of −2p in the transposed size", _OPS,
        "return full - 2 * p",
        "return full + p",
    ),
    Break(
        "pad-one-side", _CONVOLUTION, "all padding stands above and on the left", _OPS,
        "return pad_sides(x, (rows, rows), (cols, cols), value)",
        "return pad_sides(x, (2 * rows, 0), (2 * cols, 0), value)",
    ),
    Break(
        "pad-swapped", _CONVOLUTION, "padding of rows and of columns swapped", _OPS,
        "return pad_sides(x, (rows, rows), (cols, cols), value)",
        "return pad_sides(x, (cols, cols), (rows, rows), value)",
    ),
    Break(
        "zeros-one-too-many", _CONVOLUTION, "s zeros between neighbours instead of s − 1", _OPS,
        'rows, cols = pair(stride, "stride", 1)',
        'rows, cols = (s + 1 for s in pair(stride, "stride", 1))',
    ),
    Break(
        "stride-swapped", _CONVOLUTION, "strides of rows and of columns swapped", _OPS,
        ":: step[0], :: step[1], ::",
        ":: step[1], :: step[0], ::",
    ),
    Break(
        "stride-late", _CONVOLUTION, "the first window stands s − 1 cells too far", _OPS,
        ":: step[0], :: step[1], ::",
        "step[0] - 1 :: step[0], step[1] - 1 :: step[1], ::",
    ),
    Break(
        "dilation-ignored", _CONVOLUTION, "the kernel's cells stand side by side whatever the dilation", _OPS,
        ":: gap[0], :: gap[1]]",
        ": kernel[0], : kernel[1]]",
    ),
    Break(
        "kernel-flipped", _CONVOLUTION, "convolution instead of cross-correlation", _OPS,
        "windows[None], kernels, groups)",
        "windows[None], kernels[..., ::-1, ::-1], groups)",
    ),
    Break(
        "groups-interleaved", _CONVOLUTION, "a group takes every n-th channel", _OPS,
        "split = windows.reshape(n, groups, channels // groups, height, width, rows, cols)",
        "split = windows.reshape(n, channels // groups, groups, height, width, rows, cols).swapaxes(1, 2)",
    ),
    Break(
        "transposed-not-flipped", _CONVOLUTION, "the transposed convolution's kernel is not turned", _OPS,
        "rows, cols)[:, :, ::-1, ::-1]",
        "rows, cols)",
    ),
    Break(
        "transposed-crop", _CONVOLUTION, "the transposed convolution's padding is cut off below and on the right alone",
        _OPS,
        "crop.append(slice(p, p + ",
        "crop.append(slice(0, ",
    ),
    Break(
        "output-padding-before", _CONVOLUTION, "output padding above and on the left", _OPS,
        "(d * (k - 1), d * (k - 1) + a)",
        "(d * (k - 1) + a, d * (k - 1))",
    ),
    Break(
        "pool-starts-in-padding", _POOLING, "with ceil_mode a window may start in the padding behind the input", _POOL,
        "last * step >= i + p:",
        "last * step >= i + 2 * p:",
    ),
    Break(
        "max-pads-zero", _POOLING, "max pooling pads with 0 instead of −∞", _POOL,
        'return 0 if dtype.kind == "b" else -np.inf',
        "return 0",
    ),
    Break(
        "max-last-of-equals", _POOLING, "of equal maxima the last one counts", (*_POOL, "tests/ops/test_gradients.py"),
        "place = hits.argmax(axis=-1)",
        "place = hits.shape[-1] - 1 - hits[..., ::-1].argmax(axis=-1)",
    ),
    Break(
        "max-indices-transposed", _POOLING, "the places of maxima are counted down the columns", _POOL,
        ".reshape(height, width)\n",
        ".reshape(width, height).T\n",
    ),
    Break(
        "avg-counts-padding", _POOLING, "a mean counts padding that it was told to leave out", _POOL,
        "np.minimum(stop, i) - np.maximum(start, 0))",
        "stop - start)",
    ),
    Break(
        "avg-counts-beyond", _POOLING, "a mean counts cells beyond the padding", _POOL,
        "stop = np.minimum(start + k, i + p)",
        "stop = start + k",
    ),
    Break(
        "adaptive-end", _POOLING, "windows of adaptive pooling end rounded down", _POOL,
        "-(-(r + 1) * i // o)) for r in",
        "(r + 1) * i // o) for r in",
    ),
    Break(
        "unpool-transposed", _UNPOOLING, "unpooling counts places down the columns", _POOL,
        "return output.reshape(*x.shape[:-2], height, width)",
        "return output.reshape(*x.shape[:-2], width, height).swapaxes(-1, -2)",
    ),
    Break(
        "unpool-sums", _UNPOOLING, "where windows overlap average unpooling adds them up", _POOL,
        "= total / np.maximum(count, 1)",
        "= total",
    ),
    Break(
        "lrn-alpha", _NORMALIZATION, "α instead of α/n", _NORM,
        "scale = alpha / n if alpha_over_n else alpha",
        "scale = alpha",
    ),
    Break(
        "lrn-even", _NORMALIZATION, "an even neighbourhood has its one more on the other side", _NORM,
        "(n // 2, (n - 1) // 2)",
        "((n - 1) // 2, n // 2)",
    ),
    Break(
        "lrn-edges", _NORMALIZATION, "beyond the edge the last channel is counted again", _NORM,
        "np.pad(x, border)",
        'np.pad(x, border, mode="edge")',
    ),
    Break(
        "lrn-within-alpha", _NORMALIZATION, "α/n instead of α/n² within a channel", _NORM,
        "scale = alpha / n**2 if",
        "scale = alpha / n if",
    ),
    Break(
        "bn-unbiased", _NORMALIZATION, "batch normalization by the unbiased variance", _NORM,
        "x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)\n",
        "x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True, ddof=1)\n",
    ),
    Break(
        "bn-running-biased", _NORMALIZATION, "the running variance takes the biased one", _NORM,
        "running_var, \"running_var\", var * (count / (count - 1)), momentum)",
        "running_var, \"running_var\", var, momentum)",
    ),
    Break(
        "bn-momentum", _NORMALIZATION, "momentum keeps what it should replace", _NORM,
        "running *= 1 - momentum\n    running += momentum * fresh",
        "running *= momentum\n    running += (1 - momentum) * fresh",
    ),
    Break(
        "eps-outside", _NORMALIZATION, "ε is added outside of the root", _NORM,
        "(x - mean) / np.sqrt(var + eps)",
        "(x - mean) / (np.sqrt(var) + eps)",
    ),
    Break(
        "groups-share", _NORMALIZATION, "all groups of a sample share one mean", _NORM,
        "_standardise(grouped, (2,), eps)",
        "_standardise(grouped, (1, 2), eps)",
    ),
    Break(
        "leaky-sign", _ACTIVATIONS, "leaky ReLU's slope has the other sign", _CURVES,
        "np.where(x > 0, x, negative_slope * x)",
        "np.where(x > 0, x, -negative_slope * x)",
    ),
    Break(
        "elu-alpha", _ACTIVATIONS, "ELU's α stands in the exponent", _CURVES,
        "alpha * np.expm1(np.minimum(x, 0))",
        "np.expm1(alpha * np.minimum(x, 0))",
    ),
    Break(
        "softplus-threshold", _ACTIVATIONS, "softplus compares x with its threshold, not βx", _CURVES,
        "np.where(scaled > threshold,",
        "np.where(x > threshold,",
    ),
    Break(
        "gelu-digits", _ACTIVATIONS, "two digits swapped in GELU's constant", _CURVES,
        "(x + 0.044715 * x**3)",
        "(x + 0.044751 * x**3)",
    ),
    Break(
        "softmax-unshifted", _ACTIVATIONS, "softmax takes powers of the scores as they are", _CURVES,
        "powers = np.exp(x - x.max(axis=dim, keepdims=True))",
        "powers = np.exp(x)",
    ),
    Break(
        "corner-slope", _DERIVATIVES, "slope 1 at the corners of hard tanh and ReLU6", _CURVES,
        "(x > min_val) & (x < max_val)",
        "(x >= min_val) & (x <= max_val)",
    ),
    Break(
        "huber-delta", _LOSSES, "Huber's line starts at ½ whatever δ", _CURVES,
        "delta * (distance - delta / 2)",
        "delta * (distance - 1 / 2)",
    ),
    Break(
        "smooth-l1-beta", _LOSSES, "smooth L1's parabola forgets β", _CURVES,
        "distance**2 / (2 * beta)",
        "distance**2 / 2",
    ),
    Break(
        "hinge-sign", _LOSSES, "the hinge opens on the other side", _CURVES,
        "np.maximum(margin - y * x, 0)",
        "np.maximum(margin + y * x, 0)",
    ),
    Break(
        "bce-swapped", _LOSSES, "cross-entropy with the two labels swapped", _CURVES,
        "-(y * hit + (1 - y) * miss)",
        "-((1 - y) * hit + y * miss)",
    ),
    Break(
        "ce-mean", _LOSSES, "a mean over samples instead of over the labels' weights", _CURVES,
        "losses.sum() / losses.dtype.type(total)",
        "losses.mean()",
    ),
    Break(
        "smoothing-others", _LOSSES, "label smoothing shared among one class too few", _CURVES,
        "+ label_smoothing / classes\n",
        "+ label_smoothing / (classes - 1)\n",
    ),
    Break(
        "sgd-uphill", _OPTIMIZERS, "gradient descent climbs", _RULES,
        "return x - self.lr * grad, {}",
        "return x + self.lr * grad, {}",
    ),
    Break(
        "momentum-late", _OPTIMIZERS, "a step takes the velocity of the step before", _RULES,
        "if self.nesterov else velocity",
        'if self.nesterov else slots["momentum_buffer"]',
    ),
    Break(
        "dampening-first", _OPTIMIZERS, "dampening weakens the first step, too", _RULES,
        "(1 - self.dampening if t > 1 else 1)",
        "(1 - self.dampening)",
    ),
    Break(
        "nesterov-behind", _OPTIMIZERS, "Nesterov looks ahead along the old velocity", _RULES,
        "grad + self.momentum * velocity if",
        'grad + self.momentum * slots["momentum_buffer"] if',
    ),
    Break(
        "fade-swapped", _OPTIMIZERS, "fading means keep what they should forget", _RULES,
        "return keep * past + (1 - keep) * fresh",
        "return (1 - keep) * past + keep * fresh",
    ),
    Break(
        "adam-uncorrected", _OPTIMIZERS, "Adam's mean is not corrected for its start", _RULES,
        '(kept["exp_avg"] / (1 - first**t))',
        'kept["exp_avg"]',
    ),
    Break(
        "adagrad-eps", _OPTIMIZERS, "Adagrad's ε stands under the root", _RULES,
        "(np.sqrt(total) + self.eps)",
        "np.sqrt(total + self.eps)",
    ),
    Break(
        "adamw-rate", _OPTIMIZERS, "AdamW's decay forgets the rate", _RULES,
        "(1 - self.lr * self.weight_decay)",
        "(1 - self.weight_decay)",
    ),
    Break(
        "conv-grad-rest", _GRADIENTS, "the gradient's cells that no stride reached are missing", _SLOPES,
        "(i + 2 * p - d * (k - 1) - 1) % s",
        "0 * s",
    ),
    Break(
        "pool-grad-overwrites", _GRADIENTS, "gradients of windows that share a maximum overwrite each other", _SLOPES,
        "np.add.at(planes, (np.arange(len(planes))[:, None], places), slope.reshape(places.shape))",
        "planes[np.arange(len(planes))[:, None], places] = slope.reshape(places.shape)",
    ),
    Break(
        "bn-grad-variance", _GRADIENTS, "batch normalization's gradient takes the variance for a constant", _SLOPES,
        "through = through - normal *",
        "through = through - 0 * normal *",
    ),
    Break(
        "ce-grad-sign", _GRADIENTS, "cross-entropy's gradient points uphill", _SLOPES,
        "slope = softmax(x, axis) * shares.sum(axis=axis, keepdims=True) - shares",
        "slope = shares - softmax(x, axis) * shares.sum(axis=axis, keepdims=True)",
    ),
    Break(
        "loss-grad-mean", _GRADIENTS, "the gradient of a mean is that of the sum", _SLOPES,
        'return slope / x.size if reduction == "mean" else slope',
        "return slope",
    ),
    Break(
        "rosenbrock-slope", "cnnviz/ops/surfaces.py", "Rosenbrock's slope along y is half of what it is",
        ("tests/ops/test_tables.py",),
        "200 * (y - x**2)]",
        "100 * (y - x**2)]",
    ),
)  # fmt: skip


STORYBOARDS = (
    Break(
        "window-without-stride", "cnnviz/scenes/conv.py", "the outline moves by one cell whatever the stride", _CONV,
        "row=row * self.s[0], column=column * self.s[1],",
        "row=row, column=column,",
    ),
    Break(
        "window-stride-swapped", _SLIDING, "the cells lit up move across by the stride of the rows", _CONV,
        "columns = position[1] * stride[1] +",
        "columns = position[1] * stride[0] +",
    ),
    Break(
        "window-dilation", _SLIDING, "the rows lit up stand side by side whatever the dilation", _CONV,
        "rows = position[0] * stride[0] + np.arange(kernel[0]) * dilation[0]",
        "rows = position[0] * stride[0] + np.arange(kernel[0])",
    ),
    Break(
        "order-by-columns", _SLIDING, "output cells are written column by column", _CONV,
        "for row in range(size[0]):\n        for column in range(size[1]):",
        "for column in range(size[1]):\n        for row in range(size[0]):",
    ),
    Break(
        "roles-of-input", _SLIDING, "covered input cells are shown as padding", _CONV,
        '"input": "kernel", "unreached"',
        '"input": "kernel_on_padding", "unreached"',
    ),
    Break(
        "roles-of-padding", _SLIDING, "covered padding is shown as input", _CONV,
        '"padding": "kernel_on_padding",\n',
        '"padding": "kernel",\n',
    ),
    Break(
        "note-stays", _SLIDING, "the weight stays in the corner of a cell that the window has left", _CONV,
        'role=str(self._roles[row, column]), note="")',
        "role=str(self._roles[row, column]))",
    ),
    Break(
        "hatch-gaps", _SLIDING, "cells in a dilated kernel's gaps count as reached", _CONV,
        "np.add.outer(starts, np.arange(kernel[axis]) * dilation[axis])",
        "np.add.outer(starts, np.arange(dilation[axis] * (kernel[axis] - 1) + 1))",
    ),
    Break(
        "terms-swapped", _SLIDING, "a caption has the weight before the input", _CONV,
        "terms = [f\"{factor(a, digits['input'])}·{factor(w, digits['kernel'])}\"",
        "terms = [f\"{factor(w, digits['kernel'])}·{factor(a, digits['input'])}\"",
    ),
    Break(
        "caption-without-bias", _SLIDING, "a caption leaves the bias out", _CONV,
        'terms.append(factor(bias, digits["bias"]))',
        "terms = list(terms)",
    ),
    Break(
        "sign-of-factor", _SLIDING, "a negative factor has no parentheses", _CONV,
        'return f"({text})" if value < 0',
        'return f"({text})" if value < -9',
    ),
    Break(
        "exact-where-rounded", _SLIDING, "a rounded sum is said to be exact",
        ("tests/properties/test_found.py", *_CONV),
        'return "=" if same else "≈"',
        'return "="',
    ),
    Break(
        "ellipsis-eats-last", _SLIDING, "a shortened sum does not say that it is shortened", _CONV,
        'return between.join([*first[: len(terms) - 2], "…", last])',
        'return between.join([*first[: len(terms) - 2], last])',
    ),
    Break(
        "notes-transposed", "cnnviz/scenes/conv.py", "the weights in the cells' corners have rows and columns swapped",
        _CONV,
        "for w in self._weights.ravel()]",
        "for w in self._weights.T.ravel()]",
    ),
    Break(
        "flip-forgotten", "cnnviz/scenes/conv.py", "--flip turns no kernel", _CONV,
        "return values[::-1, ::-1] if self.flip else values",
        "return values",
    ),
    Break(
        "boundary-swapped", "cnnviz/scenes/conv.py", "the line around the map stands with rows and columns swapped",
        _CONV,
        'role="boundary", row=self.p[0], column=self.p[1],',
        'role="boundary", row=self.p[1], column=self.p[0],',
    ),
    Break(
        "label-swapped", "cnnviz/scenes/conv.py", "the input's label has columns × rows", _CONV,
        'label = f"Input {size_text(rows, columns)}"',
        'label = f"Input {size_text(columns, rows)}"',
    ),
    Break(
        "formula-of-rows", "cnnviz/scenes/conv.py", "the formula of the columns has the numbers of the rows", _CONV,
        "i, k, o = self._size[axis], self._k[axis], self._out[axis]",
        "i, k, o = self._size[0], self._k[0], self._out[0]",
    ),
    Break(
        "settings-swapped", "cnnviz/scenes/conv.py", "the padding written above is the stride", _CONV,
        '("padding", math_size("p", self.p)),',
        '("padding", math_size("p", self.s)),',
    ),
    Break(
        "alt-swapped", "cnnviz/scenes/conv.py", "the alt text swaps stride and padding", _CONV,
        'f"{words_size(self.s)}, padding {words_size(self.p)}',
        'f"{words_size(self.p)}, padding {words_size(self.s)}',
    ),
    Break(
        "count-of-steps", "cnnviz/scenes/conv.py", "one step more is announced than there are", _CONV,
        "count=self._out[0] * self._out[1],",
        "count=self._out[0] * self._out[1] + 1,",
    ),
    Break(
        "winner-in-rows", "cnnviz/scenes/_pooling.py", "in a map that is no square another cell is the maximum",
        ("tests/scenes/test_pool.py", *_SCENES),
        "divmod(int(self.winners[position]), self.windows.size[1])",
        "divmod(int(self.winners[position]), self.windows.size[0])",
    ),
    Break(
        "mean-first-unsigned", "cnnviz/scenes/_pooling.py", "a mean's caption drops minus signs",
        ("tests/scenes/test_pool.py", *_SCENES),
        "terms = [number(added[0], digits), *(factor(value, digits) for value in added[1:])]",
        "terms = [number(abs(value), digits) for value in added]",
    ),
    Break(
        "empty-counted", "cnnviz/scenes/_pooling.py", "cells beyond the padding belong to a window",
        ("tests/scenes/test_pool.py", *_SCENES),
        "if row < i0 + p0 and column < i1 + p1",
        "if row < i0 + p0 + 1",
    ),
    Break(
        "stamps-overwrite", "cnnviz/scenes/_stamps.py", "a stamp overwrites what is there",
        ("tests/scenes/test_transposed_conv.py", *_SCENES),
        "self.sums[row, column] += value * weight",
        "self.sums[row, column] = value * weight",
    ),
    Break(
        "stamps-offset", "cnnviz/scenes/_stamps.py", "stamps are shifted with rows and columns swapped",
        ("tests/scenes/test_transposed_conv.py", *_SCENES),
        "- np.array(self._offset)",
        "- np.array(self._offset[::-1])",
    ),
    Break(
        "cut-one-off", "cnnviz/scenes/_stamps.py", "a row that is cut off is kept",
        ("tests/scenes/test_transposed_conv.py", *_SCENES),
        "if top <= row < top + rows and",
        "if top <= row <= top + rows and",
    ),
    Break(
        "kernel-mirrored", "cnnviz/scenes/_stretch.py", "the kernel is mirrored instead of turned",
        ("tests/scenes/test_transposed_conv.py", *_SCENES),
        "turned = t.kernel.values[::-1, ::-1]",
        "turned = t.kernel.values[::-1]",
    ),
    Break(
        "frame-without-padding", "cnnviz/scenes/_transposed.py", "the frame of zeros is as wide as without padding",
        ("tests/scenes/test_transposed_conv.py", *_SCENES),
        "return self.d * (self.k - 1) - self.p",
        "return self.d * (self.k - 1)",
    ),
    Break(
        "formula-plus-p", "cnnviz/scenes/_transposed.py", "+p instead of −2p in the formula's numbers",
        ("tests/scenes/test_transposed_conv.py", *_SCENES),
        "{axis.s}+{span}-2\\cdot{axis.p}{more}",
        "{axis.s}+{span}+{axis.p}{more}",
    ),
    Break(
        "unpool-wipes", "cnnviz/scenes/unpool.py", "the zeros of a window wipe out the maximum of another",
        ("tests/scenes/test_unpool.py", *_SCENES),
        "if cell not in known and cell != winner",
        "if cell != winner",
    ),
    Break(
        "unpool-last-wins", "cnnviz/scenes/unpool.py", "a cell of several windows takes the last one's mean",
        ("tests/scenes/test_unpool.py", *_SCENES),
        "mean = sum(parts[cell]) / len(parts[cell])",
        "mean = value",
    ),
    Break(
        "left-beside", "cnnviz/scenes/output_size.py", "the cells left beside the kernel forget the stride",
        ("tests/scenes/test_output_size.py", *_SCENES),
        "= **{free - place * s}**",
        "= **{free - place}**",
    ),
    Break(
        "rest-without-padding", "cnnviz/scenes/conv_relation.py", "the output padding back counts padding once",
        ("tests/scenes/test_conv_relation.py", *_SCENES),
        "(i + 2 * p - k) % s for",
        "(i + p - k) % s for",
    ),
    Break(
        "lrn-lit", "cnnviz/scenes/lrn.py", "the channels lit up around an even neighbourhood are others",
        ("tests/scenes/test_lrn.py", *_SCENES),
        "before, after = self.n // 2, (self.n - 1) // 2",
        "after, before = self.n // 2, (self.n - 1) // 2",
    ),
    Break(
        "lrn-words-alpha", "cnnviz/scenes/lrn.py", "the caption has α where α/n is computed",
        ("tests/scenes/test_lrn.py", *_SCENES),
        'f"/{self._shares}" if self.alpha_over_n else ""',
        '""',
    ),
    Break(
        "norm-sheets", "cnnviz/scenes/norm.py", "batch normalization lights up a sample's channels",
        ("tests/scenes/test_norm.py", *_SCENES),
        "tuple(n * len(channels) + c for n in samples)",
        "tuple(c * len(samples) + n for n in samples)",
    ),
    Break(
        "words-unbiased", "cnnviz/scenes/_statistics.py", "captions have the unbiased variance",
        ("tests/scenes/test_batch_norm.py", "tests/scenes/test_norm.py", *_SCENES),
        "else float(self.values.var())",
        "else float(self.values.var(ddof=1))",
    ),
    Break(
        "root-by-floats", "cnnviz/scenes/_statistics.py", "a root is called exact whose square is not",
        ("tests/scenes/test_batch_norm.py", *_SCENES),
        "top**2 == shown**2 * below and",
        "abs(float(top**2 - shown**2 * below)) < 1e-9 and",
    ),
    Break(
        "lrn-formula-undivided", "cnnviz/scenes/lrn.py", "the formula has α where captions divide it",
        ("tests/scenes/test_lrn.py", *_SCENES),
        'rf"({self._divided})" if self.alpha_over_n else r"\\alpha"',
        'r"\\alpha"',
    ),
    Break(
        "ends-rounded", "cnnviz/scenes/_curves.py", "the first and the last place are rounded away",
        ("tests/scenes/test_as_given.py", "tests/scenes/test_activation.py", *_SCENES),
        "least = max([2, *(n for n in map(decimals_as_given, (lo, hi)) if n <= _MOST_DECIMALS)])",
        "least = 2",
    ),
    Break(
        "bn-upside-down", "cnnviz/scenes/batch_norm.py", "a channel's results are filled in from below",
        ("tests/scenes/test_batch_norm.py", *_SCENES),
        "in enumerate(values[:, c])",
        "in enumerate(values[::-1, c])",
    ),
    Break(
        "pointer-swapped", "cnnviz/scenes/fully_connected.py", "the weights are outlined with rows and columns swapped",
        ("tests/scenes/test_fully_connected.py", *_SCENES),
        '("weights", j, i, not is_bias)',
        '("weights", i, j, not is_bias)',
    ),
    Break(
        "slope-is-value", "cnnviz/scenes/activation.py", "f(x) is written where f′(x) belongs",
        ("tests/scenes/test_activation.py", *_SCENES),
        "{number(trace.slopes[step], trace.results)}",
        "{number(trace.values[step], trace.results)}",
    ),
    Break(
        "likeliest-least", "cnnviz/scenes/_softmax.py", "the least likely class is marked",
        ("tests/scenes/test_activation.py", *_SCENES),
        "largest = int(p.argmax())",
        "largest = int(p.argmin())",
    ),
    Break(
        "loss-label-swapped", "cnnviz/scenes/loss.py", "estimate and label are swapped in the caption",
        ("tests/scenes/test_loss.py", *_SCENES),
        '{r"\\hat{y}": number(x, trace.digits), "y": as_given(self._label)}',
        '{"y": number(x, trace.digits), r"\\hat{y}": as_given(self._label)}',
    ),
    Break(
        "adam-words", "cnnviz/scenes/_descent.py", "Adam's caption has the mean that is not corrected",
        ("tests/scenes/test_gradient_descent.py", *_SCENES),
        'update.new["exp_avg"] / (1 - settings.beta1**update.count)',
        'update.new["exp_avg"]',
    ),
    Break(
        "walker-swapped", "cnnviz/scenes/gradient_descent.py", "an optimizer's dot has its two weights swapped",
        ("tests/scenes/test_gradient_descent.py", *_SCENES),
        "x=float(places[-1, 0]), y=float(places[-1, 1]))",
        "x=float(places[-1, 1]), y=float(places[-1, 0]))",
    ),
    Break(
        "softmax-words", "cnnviz/scenes/cnn.py", "softmax's caption has the largest score instead of the label's",
        ("tests/scenes/test_cnn.py", *_SCENES),
        "(powers[self._label], powers.sum())",
        "(powers.max(), powers.sum())",
    ),
    Break(
        "xavier", "cnnviz/network/model.py", "weights are drawn with half the variance",
        ("tests/test_network.py", "tests/scenes/test_cnn.py"),
        "math.sqrt(2 / math.prod(shape[1:]))",
        "math.sqrt(1 / math.prod(shape[1:]))",
    ),
)  # fmt: skip


PICTURES = (
    Break(
        "cells-swapped", _CELLS, "cells are drawn with rows and columns swapped", _FRAMES,
        "+ y + place[-2] * cell, self._beside + x + place[-1] * cell",
        "+ y + place[-1] * cell, self._beside + x + place[-2] * cell",
    ),
    Break(
        "cells-shifted", _CELLS, "a cell's fill stands half a gap too far right and down", _FRAMES,
        "near, inner = gap // 2, side - gap",
        "near, inner = gap, side - gap",
    ),
    Break(
        "outline-open", _CELLS, "an outline has no right side", _FRAMES,
        "pixels[rows, box.right - width : box.right] = index",
        "pixels[rows, box.right : box.right] = index",
    ),
    Break(
        "outline-swapped", _CELLS, "outlines are drawn with rows and columns swapped", _FRAMES,
        "x + round(mark.column * cell), y + round(mark.row * cell)",
        "x + round(mark.row * cell), y + round(mark.column * cell)",
    ),
    Break(
        "outline-remains", _CELLS, "where an outline stood it remains", _FRAMES,
        "for s in (*before, *spans)",
        "for s in spans",
    ),
    Break(
        "hatch-missing", _CELLS, "nothing is hatched",
        ("tests/render/test_themes.py", "tests/export/test_svg.py", *_FRAMES),
        "if style.hatch and inner > 3:",
        "if style.hatch and inner > 999:",
    ),
    Break(
        "hatch-turned", "cnnviz/render/pen.py", "strokes run down where they should run up",
        ("tests/render/test_themes.py", "tests/export/test_svg.py"),
        'rows if way == "/" else -rows',
        'rows if way != "/" else -rows',
    ),
    Break(
        "decimals-lost", _CELLS, "cells show whole numbers alone",
        ("tests/export/test_svg.py", "tests/export/test_pdf.py", *_FRAMES),
        "text = number(value, self._panel.digits) if",
        "text = number(value, 0) if",
    ),
    Break(
        "scale-reversed", _CELLS, "high values have the colours of low ones", ("tests/render/test_block.py", *_FRAMES),
        "at = (value - shade.lo) / span",
        "at = (shade.hi - value) / span",
    ),
    Break(
        "role-not-in-palette", _CELLS, "the palette lacks the colours of roles that steps bring in", _FRAMES,
        "[*panel.roles.ravel().tolist(), *step_roles]",
        "panel.roles.ravel().tolist()",
    ),
    Break(
        "ink-worse", _CELLS, "numbers on coloured cells have the ink of less contrast",
        ("tests/render/test_themes.py", *_FRAMES),
        "return black if contrast(black, fill) >= contrast(white, fill) else white",
        "return white if contrast(black, fill) >= contrast(white, fill) else black",
    ),
    Break(
        "luminance-swapped", "cnnviz/render/theme.py", "contrast is measured with red and blue swapped",
        ("tests/render/test_themes.py",),
        "0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]",
        "0.0722 * linear[0] + 0.7152 * linear[1] + 0.2126 * linear[2]",
    ),
    Break(
        "delay-tenfold", _FILM, "every step lasts ten times as long", _GIF,
        "return centiseconds * 10",
        "return centiseconds * 100",
    ),
    Break(
        "last-not-held", _FILM, "the last picture is not held", _GIF,
        "last = place == self._count - 1",
        "last = place == self._count",
    ),
    Break(
        "times-drift", _FILM, "each step's time is rounded up by itself", _GIF,
        "self._given += centiseconds\n",
        "self._given = self._wanted * 100\n",
    ),
    Break(
        "caption-ahead", _FILM, "a picture has the caption of the next step", _FRAMES,
        "boxes = page.show(step, place, canvas)",
        "boxes = page.show(following or step, place, canvas)",
    ),
    Break(
        "counter-behind", _FILM, "the counter is one step behind", (*_FRAMES, "tests/export/test_svg.py"),
        "counter_text(place + 1, self._storyboard.count",
        "counter_text(max(1, place), self._storyboard.count",
    ),
    Break(
        "progress-behind", _FILM, "the progress line is one step behind", (*_FRAMES, "tests/export/test_svg.py"),
        "width * (place + 1) // self._storyboard.count, height)",
        "width * place // self._storyboard.count, height)",
    ),
    Break(
        "box-too-small", _FILM, "the rectangle that a frame announces leaves a change out", _FRAMES,
        "painted = apart(moved + boxes)",
        "painted = apart(moved + boxes[:-1])",
    ),
    Break(
        "no-flash-guard", "cnnviz/render/flashes.py", "figures may flash as fast as they like",
        ("tests/render/test_flashes.py",),
        "return LEAST_MILLISECONDS * min(1.0, changed / self._area)",
        "return 0.0 * changed",
    ),
    Break(
        "label-remains", "cnnviz/render/panels/base.py", "a shorter label leaves the ends of a longer one", _FRAMES,
        "width = max(self._label_size[0], place.width,",
        "width = max(place.width,",
    ),
    Break(
        "result-cut", "cnnviz/render/text.py", "a caption that is too long loses its result", _FRAMES,
        'return "".join(parts).rstrip() + "…" + sign + result',
        'return "".join(parts).rstrip() + "…"',
    ),
    Break(
        "plot-mirrored", "cnnviz/render/axes.py", "curves are drawn upside down", ("tests/render/test_plot.py",),
        "np.stack([self.x.at(x), self.y.at(y)], axis=-1)",
        "np.stack([self.x.at(x), self.y.at(-np.asarray(y))], axis=-1)",
    ),
    Break(
        "field-mirrored", "cnnviz/render/panels/surface.py", "a surface is coloured upside down",
        ("tests/render/test_surface.py",),
        "up = np.linspace(rows - 1, 0,",
        "up = np.linspace(0, rows - 1,",
    ),
    Break(
        "edge-behind-node", "cnnviz/render/canvas.py", "the rectangle around several leaves out the upper ones",
        _FRAMES,
        "min(b.left for b in kept), min(b.top for b in kept)",
        "min(b.left for b in kept), max(b.top for b in kept)",
    ),
)  # fmt: skip


FILES = (
    Break(
        "gif-delay", "cnnviz/export/gif.py", "GIF's delays are ten times too long", _GIF,
        "flags, milliseconds // 10, clear)",
        "flags, milliseconds, clear)",
    ),
    Break(
        "gif-loop", "cnnviz/export/gif.py", "a GIF plays twice instead of for ever", _GIF,
        "NETSCAPE2.0\\x03\\x01\\x00\\x00",
        "NETSCAPE2.0\\x03\\x01\\x01\\x00",
    ),
    Break(
        "gif-once", "cnnviz/export/gif.py", "--once loops, and nothing else does", _GIF,
        'loop = b"" if once else',
        'loop = b"" if not once else',
    ),
    Break(
        "gif-transparent-index", "cnnviz/export/gif.py", "a colour stands for “unchanged”", _GIF,
        "unchanged if place else None)",
        "0 if place else None)",
    ),
    Break(
        "gif-disposal", "cnnviz/export/gif.py", "what a window has left stays on a transparent ground",
        ("tests/export/test_transparent.py",),
        "_KEEP, _CLEAR = 1, 2",
        "_KEEP, _CLEAR = 1, 1",
    ),
    Break(
        "patch-of-first", "cnnviz/export/_patches.py", "what differs is told from the first picture, not from the last",
        _GIF,
        "before[part.slices] = frame.pixels[part.slices]\n",
        "before[:1] = before[:1]\n",
    ),
    Break(
        "patch-too-small", "cnnviz/export/_patches.py", "a patch lacks its last column", _GIF,
        "left + int(columns[-1]) + 1, top",
        "left + int(columns[-1]), top",
    ),
    Break(
        "equal-frames-lost", "cnnviz/export/_patches.py", "the time of equal pictures is lost", _GIF,
        "milliseconds=waiting.milliseconds + frame.milliseconds)",
        "milliseconds=waiting.milliseconds)",
    ),
    Break(
        "apng-delay", "cnnviz/export/apng.py", "APNG's delays are ten times too long",
        ("tests/export/test_formats.py",),
        "delay = (patch.milliseconds, 1000)",
        "delay = (patch.milliseconds, 100)",
    ),
    Break(
        "webp-loop", "cnnviz/export/webp.py", "WebP plays once unless told to", ("tests/export/test_formats.py",),
        "_little(int(once), 2)",
        "_little(int(not once), 2)",
    ),
    Break(
        "video-colours", "cnnviz/export/_video.py", "videos have the colours of older television",
        ("tests/export/test_formats.py",),
        "np.array([0.2126, 0.7152, 0.0722])",
        "np.array([0.299, 0.587, 0.114])",
    ),
    Break(
        "video-times", "cnnviz/export/_video.py", "a video shows every picture for 40 ms",
        ("tests/export/test_formats.py",),
        "total += frame.milliseconds\n",
        "total += 40\n",
    ),
    Break(
        "still-one-off", "cnnviz/export/__init__.py", "a still shows the step before the one asked for",
        ("tests/export/test_formats.py", "tests/export/test_svg.py"),
        "return place - 1",
        "return max(0, place - 2)",
    ),
    Break(
        "json-drops-zero", "cnnviz/export/json.py", "changes to 0 and to no text are left out of JSON",
        ("tests/test_files.py", "tests/test_registry.py"),
        "in found if value is not None}",
        "in found if value}",
    ),
    Break(
        "svg-escape", "cnnviz/render/vector.py", "texts in SVG and HTML are not escaped",
        ("tests/export/test_svg.py", "tests/export_html"),
        "return html.escape(text.encode(\"utf-8\", \"replace\").decode(\"utf-8\"), quote=True)",
        "return text",
    ),
    Break(
        "script-escape", "cnnviz/export/html.py", "a caption can end the player's script", ("tests/export_html",),
        '.replace("</", "<\\\\/")',
        '.replace("</", "</")',
    ),
    Break(
        "svg-times", "cnnviz/export/_animated_svg.py", "an animated SVG runs through its steps twice as fast",
        ("tests/export/test_svg.py",),
        '{100 * at / whole:.6g}%',
        '{100 * at / whole / 2:.6g}%',
    ),
    Break(
        "player-cells", "cnnviz/export/player.js", "the player draws cells with rows and columns swapped",
        ("tests/export_html",),
        "const row = Math.floor(place / columns), column = place % columns;",
        "const column = Math.floor(place / columns), row = place % columns;",
    ),
    Break(
        "player-back", "cnnviz/export/player.js", "the player's way back skips a step", ("tests/export_html",),
        "go(at - 1);",
        "go(at - 2);",
    ),
    Break(
        "player-once", "cnnviz/export/html.py", "the player starts again even with --once", ("tests/export_html",),
        "loop=not job.once)",
        "loop=True)",
    ),
    Break(
        "temporary-stays", "cnnviz/files.py", "a failure leaves its temporary file",
        ("tests/test_files.py", "tests/test_cli.py"),
        "Path(name).unlink(missing_ok=True)",
        "Path(name).exists()",
    ),
    Break(
        "half-a-set", "cnnviz/files.py", "of files that belong together some stay when others fail",
        ("tests/test_files.py", "tests/test_outputs.py"),
        "created += [target] if is_new else []",
        "created += []",
    ),
    Break(
        "rounded-half", "cnnviz/notation.py", "numbers are cut off instead of rounded",
        ("tests/test_notation.py", "tests/test_registry.py"),
        'text = f"{value:.{digits}f}"',
        'text = f"{int(value * 10**digits) / 10**digits:.{digits}f}"',
    ),
    Break(
        "decimals-kept", "cnnviz/notation.py", "whole numbers are written with decimals", ("tests/test_notation.py",),
        "for digits in range(most):",
        "for digits in range(1, most):",
    ),
    Break(
        "size-read-swapped", "cnnviz/parameters.py", "3x2 is read as columns × rows",
        ("tests/test_parameters.py", "tests/test_cli.py"),
        "return rows, int(match[2]) if match[2] else rows",
        "return (int(match[2]) if match[2] else rows), rows",
    ),
    Break(
        "bound-refused", "cnnviz/parameters.py", "the largest value allowed is refused", ("tests/test_parameters.py",),
        "if hi is not None and value > hi:",
        "if hi is not None and value >= hi:",
    ),
    Break(
        "too-many-steps", _SLIDING, "ten times as many steps as the limit are taken on",
        ("tests/scenes/test_conv.py", "tests/test_cli.py"),
        "if count > MAX_STEPS:",
        "if count > 10 * MAX_STEPS:",
    ),
    Break(
        "seed-ignored", "cnnviz/scenes/fully_connected.py", "--seed changes no weight",
        ("tests/scenes/test_fully_connected.py",),
        "np.random.default_rng([seed, tag])",
        "np.random.default_rng([tag])",
    ),
    Break(
        "exit-code", "cnnviz/cli.py", "a failure ends with exit code 0", ("tests/test_cli.py",),
        "_fail(str(error), error.exit_code)",
        "_fail(str(error), 0)",
    ),
    Break(
        "command-forgets", "cnnviz/pipeline.py", "the command in a file forgets how the figure looks",
        ("tests/test_cli.py", "tests/test_reading.py"),
        "for parameters in (self.scene, self.appearance):",
        "for parameters in (self.scene,):",
    ),
    Break(
        "digest-parameters", "cnnviz/batch/digests.py", "a figure with other parameters counts as up to date", _SETS,
        "json.dumps([entry.scene, kinds, entry.resolved()]",
        "json.dumps([entry.scene, kinds, entry.file]",
    ),
    Break(
        "digest-inputs", "cnnviz/batch/digests.py", "a figure of a changed input file counts as up to date", _SETS,
        'parts += [f"{key} {self._content(path)}"',
        'parts += [f"{key} {path}"',
    ),
    Break(
        "digest-code", "cnnviz/batch/digests.py", "figures made by other code count as up to date", _SETS,
        "return _sum([__version__, *map(_release, _RELEASES), *files])",
        "return _sum([__version__, *map(_release, _RELEASES)])",
    ),
    Break(
        "content-unread", "cnnviz/batch/manifest.py", "a file that was cut or replaced counts as up to date", _SETS,
        'content_digest(path) == one["sha256"]',
        'one["sha256"]',
    ),
    Break(
        "journal-lost", "cnnviz/batch/manifest.py", "what a killed run had made is made again", _SETS,
        "        if kept:\n            files =",
        "        if not kept:\n            files =",
    ),
    Break(
        "sweep-transposed", "cnnviz/batch/sweep.py", "a sweep's names and values do not belong together", _SETS,
        "chosen = dict(zip(lists, values, strict=True))",
        "chosen = dict(zip(lists, values[::-1], strict=True))",
    ),
    Break(
        "sweep-first", "cnnviz/batch/sweep.py", "a sweep's first parameter changes fastest", _SETS,
        "for values in product(*lists.values()):",
        "for values in sorted(product(*lists.values()), key=lambda one: str(one[::-1])):",
    ),
)  # fmt: skip


BREAKS = (*OPERATIONS, *STORYBOARDS, *PICTURES, *FILES)
