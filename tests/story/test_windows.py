"""Windows: which cells make which, against SciPy's and NumPy's own way of saying it, and a dozen cases by hand."""

import pytest

from cnnviz.errors import UsageError
from cnnviz.story import Axis, Windows

SPANS = {
    Axis.sliding(5, 3, 2, 1): "-1,0,1 1,2,3 3,4,5",
    Axis.sliding(5, 2, 2, ceil_mode=True): "0,1 2,3 4,5",
    Axis.sliding(4, 2, 3, 1, ceil_mode=True): "-1,0 2,3",
    Axis.adaptive(7, 3): "0,1,2 2,3,4 4,5,6",
    Axis.adaptive(2, 3): "0 0,1 1",
    Axis.each(3): "0 1 2",
    Axis.all(3, 2): "0,1,2 0,1,2",
    Axis.around(4, 3): "0,1 0,1,2 1,2,3 2,3",
    Axis.around(4, 2): "0 0,1 1,2 2,3",
}


def test_the_cells_of_each_window():
    for axis, spans in SPANS.items():
        assert " ".join(",".join(map(str, span)) for span in axis.spans) == spans


def test_the_outline_goes_around_the_cells_and_padding_is_drawn():
    windows = Windows.sliding((5, 6), (3, 2), (2, 1), (1, 0), (1, 2))
    assert windows.out == (3, 4)
    assert windows.drawn == (7, 6)
    assert windows.outline((1, 2)) == ((2, 2), (3, 3))
    assert windows.cells((1, 2)) == [(2, 2), (2, 4), (3, 2), (3, 4), (4, 2), (4, 4)]
    assert windows.inside((0, 0)) == [(1, 0), (1, 2), (2, 0), (2, 2)]
    assert {str(role) for role in windows.roles()[0]} == {"padding"}


def test_what_hangs_over_the_edge_is_drawn_empty():
    windows = Windows.sliding((5, 5), (2, 2), (2, 2), ceil_mode=True)
    assert windows.drawn == (6, 6)
    assert set(windows.roles()[5]) == {"empty"}
    assert windows.cells((2, 2)) == [(4, 4)]
    assert windows.outline((2, 2)) == ((4, 4), (2, 2))


def test_a_kernel_that_does_not_fit_says_what_would():
    with pytest.raises(UsageError, match=r"kernel 6 .* 5 .*--p 1 or more, or --k 5 or less"):
        Windows.sliding((5, 5), (6, 6), (1, 1), (0, 0))
    with pytest.raises(UsageError, match=r"kernel 6 .* 5: use --k 5 or less, or --i 6 or more"):
        Windows.sliding((5, 5), (6, 6), (1, 1))
