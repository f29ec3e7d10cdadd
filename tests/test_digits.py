"""`--digits`: decimals at most, in the cells, captions and labels of every figure."""

import pytest

from cnnviz.check import check_figure
from cnnviz.discovery import find_scenes
from cnnviz.errors import UsageError
from cnnviz.pipeline import make
from cnnviz.storyboard import Block, Grid, Maps
from tests.figures import FEWER

MORE = {"conv": {"input": "1/3 2; 0.25 7.125", "k": 1, "kernel": "1/7", "bias": 0.125}}
"""Numbers with more decimals than the defaults have."""


def digits_of(figure):
    panels = list(figure.storyboard().panels())
    cells = [panel.digits for panel in panels if isinstance(panel, Grid | Block) and panel.name != "logits"]
    return cells + [one.digits for panel in panels if isinstance(panel, Maps) for one in panel.stations]


@pytest.mark.parametrize("name", ["conv", *list(find_scenes())[::3]])
def test_no_cell_has_more_decimals_and_the_arithmetic_stays_true(name):
    few, many = (make(name, **MORE.get(name, FEWER.get(name, {})), digits=digits) for digits in (0, 4))
    assert max(digits_of(few), default=0) == 0
    assert max(digits_of(many), default=0) <= 4
    assert name not in MORE or max(digits_of(many)) >= 3
    report = check_figure(few)
    assert not report.failed, str(report)


@pytest.mark.parametrize("digits", [-1, 7, "many", 1.5])
def test_digits_have_bounds(digits):
    with pytest.raises(UsageError, match="--digits"):
        make("conv", digits=digits)
