"""The operations of a convolutional network in NumPy, under the names and shapes of `torch.nn.functional`.

`gradients` goes back through one; `cnnviz.functions` computes any of them by name.
"""

from cnnviz.ops._arrays import Array, floating
from cnnviz.ops.activations import softmax
from cnnviz.ops.attention import scaled_dot_product_attention
from cnnviz.ops.convolution import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose2d,
    output_size,
    pad2d,
)
from cnnviz.ops.deformable import deform_conv2d
from cnnviz.ops.gradients import gradients
from cnnviz.ops.linear import flatten, flip, linear
from cnnviz.ops.losses import cross_entropy
from cnnviz.ops.normalization import (
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    local_response_norm_within,
)
from cnnviz.ops.padding import pad
from cnnviz.ops.patches import tokens, unfold
from cnnviz.ops.pooling import adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool2d, max_pool2d
from cnnviz.ops.sampling import interpolate, pixel_shuffle, pixel_unshuffle, sample_points
from cnnviz.ops.unpooling import avg_unpool2d, max_unpool2d
