"""The kernels known by name.

Every framework computes a cross-correlation: the kernel lies on the input as it is printed, unflipped. So `sobel-x`
answers positively where brightness grows to the right, `sobel-y` where it grows downwards.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.errors import UsageError

if TYPE_CHECKING:
    import numpy.typing as npt

    from cnnviz.parameters import Size

_FIXED = MappingProxyType(
    {
        "sobel-x": "-1 0 1; -2 0 2; -1 0 1",
        "sobel-y": "-1 -2 -1; 0 0 0; 1 2 1",
        "prewitt-x": "-1 0 1; -1 0 1; -1 0 1",
        "prewitt-y": "-1 -1 -1; 0 0 0; 1 1 1",
        "scharr-x": "-3 0 3; -10 0 10; -3 0 3",
        "scharr-y": "-3 -10 -3; 0 0 0; 3 10 3",
        "laplacian": "0 1 0; 1 -4 1; 0 1 0",
        "laplacian-8": "1 1 1; 1 -8 1; 1 1 1",
        "sharpen": "0 -1 0; -1 5 -1; 0 -1 0",
        "emboss": "-2 -1 0; -1 1 1; 0 1 2",
    }
)

ANY_SIZE_NAMES = ("box", "gaussian", "bilinear", "identity", "ones", "random", "arange")
"""Kernels that exist for every size."""

KERNEL_NAMES = (*_FIXED, *ANY_SIZE_NAMES)
"""All kernels known by name."""

_RANDOM_TAG = 1


def make_kernel(
    name: str, size: Size | None, *, seed: int, default_size: Size, what: str, size_option: str
) -> npt.NDArray[np.float64]:
    """Make the kernel of a name.

    `size` is rows, columns, or None for the kernel's own (`default_size` for those that exist for every size). A box
    is 1/n in each of its n cells; a gaussian is the outer product of two rows of Pascal's triangle, divided by its
    sum; a bilinear one interpolates in a transposed convolution whose stride is half its size, undivided: 1 2 1
    for 3 rows or columns; an identity is 1 at row (rows-1)//2, column (columns-1)//2, the centre of odd sizes; a random
    kernel holds -1, 0 and 1, never zeros alone. Raises UsageError when `size` contradicts a kernel of fixed size.
    """
    if name in _FIXED:
        fixed = np.array([row.split() for row in _FIXED[name].split(";")], dtype=np.float64)
        if size not in (None, fixed.shape):
            raise UsageError(
                f"{what} {name} is 3×3, but {size_option} asks for {size[0]}×{size[1]}: "
                f"leave {size_option} out, or choose {', '.join(ANY_SIZE_NAMES)}"
            )
        return fixed
    rows, columns = size or default_size
    if name == "box":
        return np.full((rows, columns), 1 / (rows * columns))
    if name == "gaussian":
        return np.outer(_binomial(rows), _binomial(columns))
    if name == "bilinear":
        return np.outer(_triangle(rows), _triangle(columns))
    if name == "identity":
        kernel = np.zeros((rows, columns))
        kernel[(rows - 1) // 2, (columns - 1) // 2] = 1
        return kernel
    if name == "ones":
        return np.ones((rows, columns))
    if name == "random":
        return _random(rows, columns, seed)
    return np.arange(rows * columns, dtype=np.float64).reshape(rows, columns)


def _binomial(length: int) -> npt.NDArray[np.float64]:
    return np.array([math.comb(length - 1, k) / 2 ** (length - 1) for k in range(length)])


def _triangle(length: int) -> npt.NDArray[np.float64]:
    from_middle = [abs(2 * at - length + 1) for at in range(length)]
    return np.array([length - far if length % 2 == 0 else (length + 1 - far) / 2 for far in from_middle], np.float64)


def _random(rows: int, columns: int, seed: int) -> npt.NDArray[np.float64]:
    generator = np.random.default_rng([seed, _RANDOM_TAG])
    kernel = np.zeros((rows, columns))
    while not kernel.any():
        kernel = generator.integers(-1, 2, size=(rows, columns)).astype(np.float64)
    return kernel
