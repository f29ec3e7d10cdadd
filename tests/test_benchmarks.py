"""The benchmarks' own machinery: canned runs become a report and plots; the peers compute what cnnviz computes."""

from types import SimpleNamespace

import pytest
from PIL import Image

from benchmarks.__main__ import AXES, HERE, kept
from benchmarks._measure import Run, Spread, ratios, wall
from benchmarks._report import markdown
from benchmarks.peer_funcanimation import Figure
from benchmarks.tokens import tokens
from cnnviz.pipeline import make


def runs(*seconds, output=""):
    return [Run(wall=second, cpu=2 * second, peak=3 * 2**20, output=output, code=0) for second in seconds]


def test_ratios_are_formed_within_each_round():
    # 3, 5 and 2, whose median is 3; the ratio of the medians would be 4.
    assert ratios(runs(3, 10, 8), runs(1, 2, 4), wall) == Spread(3, 2, 5)


def test_every_axis_is_there_with_its_results_and_its_plot():
    axes = kept(HERE)
    assert axes.keys() == AXES.keys()
    for name, one in axes.items():
        assert one["chart"], name
        with Image.open(HERE / f"{name}.png") as picture:
            assert picture.size == (960, 540)
    assert (HERE / "RESULTS.md").read_text(encoding="utf-8") == markdown(axes)


@pytest.mark.parametrize("given", [{"i": 5, "k": 3, "s": 1, "p": 0}, {"i": 6, "k": 3, "s": 2, "p": 1}])
def test_the_usual_script_computes_the_same(given):
    figure = Figure(SimpleNamespace(**given, small=False))
    assert figure.result.tolist() == make("conv", **given).scene.expected()["output"].tolist()


def test_tokens_leave_out_layout_comments_and_docstrings():
    source = '"""A module."""\n\nx = (\n    1,  # one\n)\n"""Of x."""\n\n\ndef f():\n    """F."""\n    return "text"\n'
    # x = ( 1 , )   def f ( ) :   return "text"
    assert tokens(source) == 6 + 5 + 2
