"""The operations of a convolutional network in NumPy, under the names and shapes of `torch.nn.functional`."""

from importlib import import_module
from typing import TYPE_CHECKING

from cnnviz.ops.activation_table import ACTIVATIONS, Activation
from cnnviz.ops.activations import (
    elu,
    gelu,
    hardswish,
    hardtanh,
    identity,
    leaky_relu,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from cnnviz.ops.convolution import (
    conv2d,
    conv_output_size,
    conv_transpose2d,
    conv_transpose_output_size,
    insert_zeros,
    pad2d,
    windows2d,
)
from cnnviz.ops.curves import Line, Parameter
from cnnviz.ops.gradients import (
    activation_grad,
    avg_pool2d_grad,
    batch_norm_grad,
    conv2d_input_grad,
    conv2d_weight_grad,
    cross_entropy_grad,
    linear_grad,
    loss_grad,
    max_pool2d_grad,
)
from cnnviz.ops.linear import linear
from cnnviz.ops.loss_table import LOSSES, Loss
from cnnviz.ops.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    huber_loss,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)
from cnnviz.ops.normalization import (
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    local_response_norm_within,
)
from cnnviz.ops.pooling import (
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    avg_pool2d,
    max_pool2d,
    pool_output_size,
)
from cnnviz.ops.unpooling import avg_unpool2d, max_unpool2d

if TYPE_CHECKING:
    from cnnviz.ops.optimizers import (
        OPTIMIZERS,
        SGD,
        Adadelta,
        Adagrad,
        Adam,
        AdamW,
        Optimizer,
        OptimizerState,
        RMSprop,
    )
    from cnnviz.ops.surfaces import SURFACES, Surface

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "OPTIMIZERS",
    "SGD",
    "SURFACES",
    "Activation",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Line",
    "Loss",
    "Optimizer",
    "OptimizerState",
    "Parameter",
    "RMSprop",
    "Surface",
    "activation_grad",
    "adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "avg_pool2d",
    "avg_pool2d_grad",
    "avg_unpool2d",
    "batch_norm",
    "batch_norm_grad",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "conv2d_input_grad",
    "conv2d_weight_grad",
    "conv_output_size",
    "conv_transpose2d",
    "conv_transpose_output_size",
    "cross_entropy",
    "cross_entropy_grad",
    "elu",
    "gelu",
    "group_norm",
    "hardswish",
    "hardtanh",
    "hinge_loss",
    "huber_loss",
    "identity",
    "insert_zeros",
    "instance_norm",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "linear_grad",
    "local_response_norm",
    "local_response_norm_within",
    "log_softmax",
    "loss_grad",
    "max_pool2d",
    "max_pool2d_grad",
    "max_unpool2d",
    "mish",
    "mse_loss",
    "nll_loss",
    "pad2d",
    "pool_output_size",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "tanh",
    "windows2d",
]

# Gradient descent is one figure's business, and building its dataclasses takes half of this package's import time.
_LATE = {
    **dict.fromkeys(("SURFACES", "Surface"), "surfaces"),
    **dict.fromkeys(
        ("OPTIMIZERS", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Optimizer", "OptimizerState", "RMSprop"),
        "optimizers",
    ),
}


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
