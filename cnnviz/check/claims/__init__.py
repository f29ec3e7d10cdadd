"""Scene by scene: which numbers of a figure an engine can compute again, and from what it does so.

Operands are those that the figure itself shows wherever it shows them. Nothing here computes with `cnnviz.ops`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cnnviz.check.claims._claim import BESIDE, Claim, NotCheckedError
from cnnviz.check.claims.convolution import conv, conv_relation
from cnnviz.check.claims.descent import gradient_descent
from cnnviz.check.claims.functions import activation, loss
from cnnviz.check.claims.layers import fully_connected, output_size
from cnnviz.check.claims.network import cnn
from cnnviz.check.claims.normalization import batch_norm, lrn, norm
from cnnviz.check.claims.pooling import pool, unpool
from cnnviz.check.claims.transposed import transposed_conv
from cnnviz.check.engine import Engine
from cnnviz.check.subject import Subject

CLAIMS: dict[str, Callable[[Subject, Engine], Iterator[Claim]]] = {
    "activation": activation, "batch-norm": batch_norm, "cnn": cnn, "conv": conv, "conv-relation": conv_relation,
    "fully-connected": fully_connected, "gradient-descent": gradient_descent, "loss": loss, "lrn": lrn, "norm": norm,
    "output-size": output_size, "pool": pool, "transposed-conv": transposed_conv, "unpool": unpool,
}  # fmt: skip
"""The claims of every scene that has any."""

__all__ = ["BESIDE", "CLAIMS", "Claim", "NotCheckedError"]
