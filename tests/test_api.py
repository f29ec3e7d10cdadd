"""Scenes as Python functions."""

from __future__ import annotations

import base64
import copy
import inspect
import io
import json
import pickle
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cnnviz
from cnnviz import CnnvizError, UsageError
from cnnviz.appearance import Appearance
from cnnviz.discovery import find_scenes, load_scene
from cnnviz.export.html import TWEEN, document
from cnnviz.parameters import parameters_of
from cnnviz.pipeline import make

SMALL = {"width": 320, "values": False}
scenes = pytest.mark.parametrize("name", cnnviz.scene_names())


@pytest.fixture(autouse=True)
def _in_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_scenes_are_functions_of_the_module():
    assert set(cnnviz.scene_names()) == {name.replace("-", "_") for name in find_scenes()}
    assert set(cnnviz.scene_names()) <= set(dir(cnnviz))
    assert {"CnnvizError", "UsageError", "__version__", "scene_names"} <= set(dir(cnnviz))
    assert cnnviz.conv is cnnviz.conv


def test_importing_it_is_cheap():
    code = "import sys, cnnviz; dir(cnnviz); print({'numpy', 'matplotlib', 'click', 'PIL'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@scenes
def test_signature_and_docstring_come_from_the_declaration(name):
    function, scene = getattr(cnnviz, name), load_scene(name)
    declared = [*parameters_of(scene), *parameters_of(Appearance)]
    signature = inspect.signature(function)
    assert {n: p.default for n, p in signature.parameters.items()} == {p.name: p.default for p in declared}
    for parameter in declared:
        kind = signature.parameters[parameter.name].kind
        assert (kind is inspect.Parameter.KEYWORD_ONLY) is not (parameter.spec.positional or parameter.spec.unnamed)
        assert f"\n{parameter.name} : " in function.__doc__
        assert parameter.spec.help in function.__doc__
    assert (function.__name__, function.__module__) == (name, "cnnviz")


def test_the_functions_do_what_the_command_does():
    figure = cnnviz.conv(k=3, s=2, p=1)
    assert figure.command() == "cnnviz conv --i 5 --k 3 --s 2 --p 1"
    assert repr(figure) == f"<{figure.command()}>"
    assert figure.file_name() == "conv_i5_k3_s2_p1.gif"
    assert figure.file_name("json") == "conv_i5_k3_s2_p1.json"
    board = figure.storyboard()
    assert (board.scene, board.count, board.parameters["p"]) == ("conv", 9, [1, 1])


# Frames and notebooks


def test_frames_are_pictures_with_memory_of_their_own():
    figure = cnnviz.conv(i=4, tween=0, **SMALL)
    frames = list(figure.frames())
    assert len(frames) == 4
    assert all(frame.shape == (180, 320, 3) and frame.dtype == np.uint8 for frame in frames)
    assert not any(np.shares_memory(one, other) for one in frames for other in frames if one is not other)
    assert all((one != other).any() for one, other in pairwise(frames))
    before = frames[1].copy()
    frames[0][:] = 0
    np.testing.assert_array_equal(frames[1], before)
    figure.save("x.gif")
    with Image.open("x.gif") as image:
        for place in (1, 3):
            image.seek(1 + place)  # the question comes first
            np.testing.assert_array_equal(np.asarray(image.convert("RGB")), frames[place])


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.found[f"meta {found['name']}" if tag == "meta" and "name" in found else tag] = found


def test_a_notebook_shows_the_player():
    figure = cnnviz.conv(i=4, title='R&D "&quot;"', **SMALL)
    bundle = figure._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {"image/png", "text/html", "text/plain"}
    assert bundle["text/plain"] == repr(figure)
    found, alt = Elements(bundle["text/html"]).found, figure.storyboard().alt
    assert (found["iframe"]["title"], found["iframe"]["sandbox"]) == (alt, "allow-scripts")
    page, job = found["iframe"]["srcdoc"], figure.job()
    assert page == document(job, job.film(TWEEN), packed=True)
    inside = Elements(page).found
    assert inside["svg"]["aria-label"] == alt
    assert inside["meta generator"]["content"] == figure.command()
    # A page that drops the frame shows the picture under it.
    assert found["img"] == {
        "src": "data:image/png;base64," + bundle["image/png"], "alt": alt, "style": "display:block;width:100%",
    }  # fmt: skip
    with Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))) as picture:
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), list(figure.frames())[-1])


# Arrays


@pytest.mark.parametrize("form", [np.array, lambda rows: rows, lambda rows: tuple(map(tuple, rows)), np.float32])
def test_arrays_and_nested_lists(form):
    rows, weights = [[1.0, 2.0, 0.5], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], [[1.0, 0.0], [0.0, -1.0]]
    figure = cnnviz.conv(input=form(rows), kernel=form(weights))
    expected = [[1 - 5, 2 - 6], [4 - 8, 5 - 9]]
    np.testing.assert_array_equal(figure.scene.expected()["output"], expected)
    command = "cnnviz conv --i 3 --k 2 --input '1 2 0.5; 4 5 6; 7 8 9' --kernel '1 0; 0 -1'"
    assert figure.command() == command
    figure.save("x.json")
    parameters = json.loads(Path("x.json").read_text())["parameters"]
    assert (parameters["input"], parameters["kernel"]) == (rows, weights)


def test_figures_are_equal_that_say_the_same():
    array, rows = np.eye(3), [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    one, *same = (cnnviz.conv(input=form, k=1) for form in (array, array, rows, np.eye(3, dtype=int)))
    others = [cnnviz.conv(input=array + 1, k=1), cnnviz.conv(input=array), cnnviz.conv(input=array, k=1, theme="dark")]
    assert all(figure == one for figure in same)
    assert all(figure != one for figure in [*others, cnnviz.pool(input=array, k=1), "conv"])
    assert len({one, *same, *others}) == 1 + len(others)
    assert {one: 1}[same[0]] == 1
    board = one.storyboard()
    assert board == board
    assert board != one.storyboard()


@scenes
def test_a_figure_that_was_used_can_be_copied_and_sent(name):
    figure = getattr(cnnviz, name)(width=320)
    steps = [step.caption for step in figure.storyboard().steps()]
    for other in (copy.deepcopy(figure), pickle.loads(pickle.dumps(figure))):
        assert other == figure
        assert vars(other.scene).keys() == {p.name for p in parameters_of(type(figure.scene))}
    assert [step.caption for step in other.storyboard().steps()] == steps


# Refusals


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"strid": 2}, "did you mean stride?"),
        ({"output": "x.gif"}, "'output'"),
        ({"k": 3, "kernel_size": 3}, "kernel_size"),
        ({"width": 10}, "--width 10"),
        ({"input": np.zeros((1, 2, 2, 2, 2))}, "1×2×2×2×2"),
    ],
)
def test_refusals(given, message):
    with pytest.raises(UsageError) as error:
        cnnviz.conv(**given)
    assert message in str(error.value)
    assert isinstance(error.value, ValueError)
    assert isinstance(error.value, CnnvizError)


def test_an_unknown_scene():
    with pytest.raises(UsageError) as error:
        make("cnov")
    assert "did you mean conv?" in str(error.value)
    assert make("batch_norm").command().startswith("cnnviz batch-norm")
