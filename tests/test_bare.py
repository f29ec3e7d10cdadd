"""`--bare`: grids and windows alone, whatever the format."""

import io
import re

import numpy as np
import pytest
from PIL import Image

import cnnviz
from cnnviz.errors import UsageError
from cnnviz.pipeline import make
from cnnviz.render.theme import load_theme
from cnnviz.sets import shipped_sets
from cnnviz.toml import read_toml

GRIDS = ("conv", "transposed-conv", "pool", "unpool", "lrn")


@pytest.mark.parametrize("scene", GRIDS)
def test_no_word_is_drawn(scene):
    page = str(contents(make(scene, bare=True, frame="all"), "svg"))
    drawn = re.sub(r"<(title|desc|metadata|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    assert "<text" not in drawn
    assert "<image" not in drawn


def test_windows_and_results_are_what_they_are_in_the_whole_figure():
    whole, bare = cnnviz.conv(i=5, p=1).storyboard(), cnnviz.conv(i=5, p=1, bare=True).storyboard()
    assert [panel.name for panel in bare.panels()] == ["input", "output"]
    assert bare.count == whole.count
    assert bare.alt == whole.alt
    for one, other in zip(whole.steps(), bare.steps(), strict=True):
        assert one.changes == other.changes


def test_grids_fill_the_frame():
    picture = np.asarray(Image.open(io.BytesIO(contents(cnnviz.conv(i=5, bare=True, width=960), "png"))).convert("L"))
    inked = np.argwhere(picture < 250)
    height, width = inked.max(axis=0) - inked.min(axis=0)
    assert height > 0.85 * picture.shape[0] or width > 0.9 * picture.shape[1]


def test_a_figure_without_grids_is_refused():
    with pytest.raises(UsageError, match="--bare"):
        cnnviz.activation(bare=True).storyboard()


def test_what_is_usual_gives_way_to_what_is_said():
    assert cnnviz.conv(bare=True).command() == "cnnviz conv --i 5 --k 3 --bare"
    assert cnnviz.conv(bare=True).appearance.width < 500
    assert cnnviz.conv(bare=True, width=960).appearance.width == 960
    assert cnnviz.conv(bare=True, for_="pptx").appearance.width == 1920


# Dumoulin and Visin (2016), figures 2.1 to 2.7, 4.1 to 4.7 and 5.1.
OUTPUTS = """
no_padding_no_strides 2
arbitrary_padding_no_strides 6
same_padding_no_strides 5
full_padding_no_strides 7
no_padding_strides 2
padding_strides 3
padding_strides_odd 3
no_padding_no_strides_transposed 4
arbitrary_padding_no_strides_transposed 5
same_padding_no_strides_transposed 5
full_padding_no_strides_transposed 5
no_padding_strides_transposed 5
padding_strides_transposed 5
padding_strides_odd_transposed 6
dilation 3
"""


def test_the_arithmetic_figures_have_the_sizes_of_the_guide_and_are_small():
    sizes, made = {}, {}
    for figure in read_toml(shipped_sets()["arithmetic"], "figure set")["figure"]:
        given = {key: value for key, value in figure.items() if key not in ("name", "section", "caption", "scene")}
        made[figure["name"]] = make(figure["scene"], **given)
        shape = made[figure["name"]].storyboard().panel("output").shape
        assert shape[0] == shape[1]
        sizes[figure["name"]] = str(shape[0])
    assert sizes == dict(line.split() for line in OUTPUTS.strip().splitlines())
    for name in ("full_padding_no_strides", "padding_strides_odd_transposed"):
        data = contents(made[name], "gif")
        assert len(data) < 60 * 1024
        # Between two steps something moves, and all is over before anyone looks away.
        film = Image.open(io.BytesIO(data))
        durations = [film.seek(place) or film.info["duration"] for place in range(film.n_frames)]
        assert len(durations) > 1.9 * made[name].storyboard().count
        assert sum(durations) < 16_000


def test_it_begins_with_an_empty_output_and_ends_at_rest():
    film = Image.open(io.BytesIO(contents(cnnviz.conv(i=4, bare=True), "gif")))
    colors = []
    for place in (0, film.n_frames - 1):
        film.seek(place)
        colors.append({color for _, color in film.convert("RGB").getcolors()})
    theme = load_theme("article")
    assert theme.cell("output").fill not in colors[0]
    assert theme.cell("kernel").fill not in colors[1]
    assert theme.cell("pending").fill not in colors[1]


def contents(figure, name):
    """The bytes of a figure in a format."""
    return figure.contents([f"x.{name}"])[0][1]
