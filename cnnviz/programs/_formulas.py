"""Formulas of what not every framework has, as Python expressions; theirs alone, so that programs check `ops`."""

from __future__ import annotations

import re
from collections.abc import Mapping

FORMULAS: Mapping[str, str] = {
    "l1_loss": "abs(x - label)",
    "mse_loss": "(x - label) ** 2",
    "huber_loss": "where(abs(x - label) <= delta, (x - label) ** 2 / 2, delta * (abs(x - label) - delta / 2))",
    "smooth_l1_loss": "where(abs(x - label) < beta, (x - label) ** 2 / (2 * beta), abs(x - label) - beta / 2)",
    "hinge_loss": "maximum(margin - label * x, 0)",
    "binary_cross_entropy": "-label * log(x) - (1 - label) * log(1 - x)",
    "binary_cross_entropy_with_logits": "softplus(x) - label * x",
    "softplus": "softplus(beta * x) / beta",
    "silu": "x * sigmoid(x)",
}
"""Functions of `x` and of a call's options."""

SURFACES: Mapping[str, str] = {
    "beale": "(1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2",
    "saddle": "x**2 - y**2",
    "rosenbrock": "(1 - x) ** 2 + 100 * (y - x**2) ** 2",
    "himmelblau": "(x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2",
    "bowl": "0.5 * (x**2 + 10 * y**2)",
    "booth": "(x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2",
}
"""Loss surfaces over x and y."""


def expand(formula: str, names: Mapping[str, str]) -> str:
    """Put other expressions for the names of a formula."""
    return re.sub(r"[a-z_]\w*", lambda name: names.get(name[0], name[0]), formula)
