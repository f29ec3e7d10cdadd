"""What learns in Keras: optimizers on a surface, and a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cnnviz.programs._writer import RefusalError
from cnnviz.operation import Call, Training

if TYPE_CHECKING:
    from cnnviz.programs.keras import Framework

_LAYERS = {"max_pool2d": "MaxPooling2D", "avg_pool2d": "AveragePooling2D"}


def descents(w: Framework, calls: Sequence[Call], surface: str) -> None:
    """Keras hands out no gradients, so a layer has the weights, and its output is the loss."""
    start = w.operation.operands["start"].values
    w._lines += [
        "# Keras takes gradients in fit alone: a layer holds the weights, and its output is the loss.",
        "class Surface(keras.layers.Layer):",
        "    def build(self, _):",
        f'        start = lambda shape, dtype=None: keras.ops.array({[float(v) for v in start]}, dtype=dtype)',
        "        self.w = self.add_weight(shape=(2,), initializer=start)",
        "",
        "    def call(self, batch):",
        "        x, y = self.w[0], self.w[1]",
        f"        return 0 * batch + {'(' + surface + ')'}",
        "", "",
        "def descend(optimizer, steps):",
        "    surface = Surface()",
        "    model = keras.Sequential([keras.Input((1,)), surface])",
        "    model.compile(optimizer, loss=lambda label, loss: loss)",
        "    for _ in range(steps):",
        "        model.train_on_batch(np.zeros((1, 1)), np.zeros((1, 1)))",
        "    return keras.ops.convert_to_numpy(surface.w)",
        "", "",
    ]  # fmt: skip
    for call in calls:
        rule = w.called(f"keras.optimizers.{call.options['rule']}", **dict(_options(call)))
        w._expressions.append(rule)
        w.put(f"{call.result} = descend({rule}, {call.options['steps']})")
    w.put("")
    for shown in w.operation.shown:
        w.put(f"print({shown.name})")


def _options(call: Call) -> Iterator[tuple[str, Any]]:
    o = call.options
    yield "learning_rate", o["lr"]
    match o["rule"]:
        case "SGD":
            yield from ((name, o[name]) for name in ("momentum", "nesterov") if name in o)
        case "Adagrad":
            yield "initial_accumulator_value", 0.0
            yield "epsilon", 1e-20
        case "RMSprop":
            yield "rho", o["alpha"]
            yield "epsilon", 1e-16
        case "Adam":
            yield "beta_1", o["betas"][0]
            yield "beta_2", o["betas"][1]
            yield "epsilon", 1e-8


def network(w: Framework, training: Training) -> None:
    """Layers with the figure's weights, one step, and what the network says then."""
    layers = [text for call in w.operation.calls for text in _layer(w, call)]
    shape = w.operation.operands["x"].values.shape
    w.put("")
    w._lines += ["model = keras.Sequential([", f"    keras.Input({(*shape[2:], shape[1])}),"]
    w._lines += [f"    {text}," for text in layers]
    w._lines += ["])"]
    names = [name for name in w.operation.operands if name != "x"]
    dense = [call.operands[1] for call in w.operation.calls if call.function == "linear"]
    listed = ", ".join(f"{name}.T" if name in dense else name for name in names)
    w.put(f"weights = [{listed}]")
    w._lines += [
        "for variable, values in zip(model.trainable_variables, weights):",
        "    variable.assign(values)",
        "",
        "cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
        f"label = np.array([{training.label}])",
    ]
    if training.rate:
        w._lines += [
            f"model.compile(keras.optimizers.SGD({w.plain(training.rate)}), loss=cross_entropy)",
            "model.train_on_batch(x, label)",
        ]
    mode = ", training=True" if any(call.function == "batch_norm" for call in w.operation.calls) else ""
    w._lines += ["", f"scores = model(x{mode})", "print(keras.ops.softmax(scores)[0])",
                 "print(cross_entropy(label, scores))"]  # fmt: skip
    w._expressions.append("model.train_on_batch(x, label)")


def _layer(w: Framework, call: Call) -> Iterator[str]:
    """The layers that a call is in Keras."""
    o, operands = call.options, w.operation.operands
    match call.function:
        case "conv2d":
            if o["padding"] != (0, 0):
                yield f"keras.layers.ZeroPadding2D({w.plain(o['padding'])})"
            kernels, _, *size = operands[call.operands[1]].values.shape
            options = {"strides": o["stride"]} if o["stride"] != (1, 1) else {}
            if o["dilation"] != (1, 1):
                options["dilation_rate"] = o["dilation"]
            yield w.called("keras.layers.Conv2D", str(kernels), w.plain(tuple(size)), **options)
        case "max_pool2d" | "avg_pool2d":
            if o["padding"] != (0, 0):
                if call.function == "max_pool2d":
                    pads = str(((0, 0), (o["padding"][0],) * 2, (o["padding"][1],) * 2, (0, 0)))
                    yield f'keras.layers.Lambda(lambda x: keras.ops.pad(x, {pads}, constant_values=-float("inf")))'
                else:
                    yield f"keras.layers.ZeroPadding2D({w.plain(o['padding'])})"
            yield f"keras.layers.{_LAYERS[call.function]}({w.plain(o['kernel_size'])}, {w.plain(o['stride'])})"
        case "batch_norm":
            yield "keras.layers.BatchNormalization(epsilon=1e-05)"
        case "flatten":
            if call.shape[2] * call.shape[3] > 1:
                # The order in which the figure's weights meet the maps.
                yield "keras.layers.Permute((3, 1, 2))"
            yield "keras.layers.Flatten()"
        case "linear":
            yield f"keras.layers.Dense({len(operands[call.operands[1]].values)})"
        case "local_response_norm":
            raise RefusalError("has no layer of local response normalization")
        case _:
            text = w.expression(Call(function=call.function, operands=("x",), result="", shape=(), options=o))
            name = text.partition("(")[0]
            plain = text == f"{name}(x)"
            yield f"keras.layers.Activation({name})" if plain else f"keras.layers.Lambda(lambda x: {text})"
