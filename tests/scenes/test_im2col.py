"""im2col: columns are the windows, and one product is the convolution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from cnnviz import UsageError
from cnnviz.pipeline import make
from tests.scenes.trees import final


def test_each_column_is_a_window_and_the_product_folds_into_the_correlation():
    x = np.arange(20.0).reshape(4, 5) ** 2
    figure = make("im2col", input=x, kernel="1 2; -1 3", k=2)
    values = final(figure)
    np.testing.assert_array_equal(values["columns"][:, 5], x[1:3, 1:3].ravel())
    np.testing.assert_allclose(values["output"], signal.correlate2d(x, [[1, 2], [-1, 3]], "valid"))
    np.testing.assert_array_equal(values["product"][0], values["output"].ravel())


def test_copies_are_counted():
    *_, last = make("im2col", i=5, k=3).storyboard().steps()
    assert "81/25 = **3.24**" in last.caption


def test_more_than_anybody_reads_is_refused():
    with pytest.raises(UsageError, match="25 rows and 1 columns, more than 16 and 36"):
        make("im2col", i=5, k=5)
