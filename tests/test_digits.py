"""`--digits`: decimals at most, in the cells, captions and labels of every figure."""

from __future__ import annotations

import pytest

from cnnviz.check import check_figure
from cnnviz.discovery import find_scenes
from cnnviz.errors import UsageError
from cnnviz.pipeline import make
from cnnviz.storyboard import Block, Grid, Maps

MORE = {"conv": {"input": "1/3 2; 0.25 7.125", "k": 1, "kernel": "1/7", "bias": 0.125}}
"""Numbers with more decimals than the defaults have."""


def digits_of(name, digits):
    figure = make(name, **MORE.get(name, {}), digits=digits)
    report = check_figure(figure)
    assert not report.failed, str(report)
    panels = list(figure.storyboard().panels())
    cells = [panel.digits for panel in panels if isinstance(panel, Grid | Block) and panel.name != "logits"]
    return cells + [one.digits for panel in panels if isinstance(panel, Maps) for one in panel.stations]


@pytest.mark.parametrize("name", find_scenes())
def test_no_cell_has_more_decimals_and_the_arithmetic_stays_true(name):
    few, many = digits_of(name, 0), digits_of(name, 4)
    assert max(few, default=0) == 0
    assert max(many, default=0) <= 4
    assert name not in MORE or max(many) >= 3


@pytest.mark.parametrize("digits", [-1, 7, "many", 1.5])
def test_digits_have_bounds(digits):
    with pytest.raises(UsageError, match="--digits"):
        make("conv", digits=digits)


def test_the_figures_own_choice_is_the_default():
    assert make("conv").scene.digits is None
    assert "--digits 3" in make("conv", digits=3).command()
