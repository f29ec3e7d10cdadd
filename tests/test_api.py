"""Scenes as Python functions."""

import base64
import copy
import inspect
import json
import pickle
from itertools import pairwise

import imageio.v3 as iio
import numpy as np
import pytest

import cnnviz
from cnnviz import CnnvizError, UsageError
from cnnviz.appearance import Appearance
from cnnviz.discovery import find_scenes, load_scene
from cnnviz.export.html import TWEEN, document
from cnnviz.parameters import parameters_of
from cnnviz.pipeline import make
from tests.figures import FEWER
from tests.pages import Page

pytestmark = pytest.mark.usefixtures("here")

SMALL = {"width": 320, "values": False}
scenes = pytest.mark.parametrize("name", cnnviz.scene_names())


def test_scenes_are_functions_of_the_module():
    assert set(cnnviz.scene_names()) == {name.replace("-", "_") for name in find_scenes()}
    assert {"CnnvizError", "UsageError", "__version__", "scene_names", *cnnviz.scene_names()} <= set(dir(cnnviz))
    assert cnnviz.conv is cnnviz.conv


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
    assert figure.file_name("json") == "conv_i5_k3_s2_p1.json"
    board = figure.storyboard()
    assert (board.scene, board.count, board.parameters["p"]) == ("conv", 10, [1, 1])


# Frames and notebooks


def test_frames_are_pictures_with_memory_of_their_own():
    figure = cnnviz.conv(i=4, tween=0, **SMALL)
    frames = list(figure.frames())
    assert len(frames) == 5
    assert all(frame.shape == (180, 320, 3) and frame.dtype == np.uint8 for frame in frames)
    assert not any(np.shares_memory(one, other) for one in frames for other in frames if one is not other)
    assert all((one != other).any() for one, other in pairwise(frames))
    # In the file the question comes first.
    shown = iio.imread(figure.contents(["x.gif"])[0][1], index=..., mode="RGB")
    np.testing.assert_array_equal(shown[1:], frames)


def test_a_notebook_shows_the_player():
    figure = cnnviz.conv(i=4, title='R&D "&quot;"', **SMALL)
    bundle = figure._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {"image/png", "text/html", "text/plain"}
    assert bundle["text/plain"] == repr(figure)
    (frame,), job = Page(bundle["text/html"]).elements["iframe"], figure.job()
    assert frame["srcdoc"] == document(job, job.film(TWEEN))
    assert (frame["title"], frame["sandbox"]) == (figure.storyboard().alt, "allow-scripts")
    # A page that drops the frame shows the picture under it.
    assert f'src="data:image/png;base64,{bundle["image/png"]}"' in bundle["text/html"]
    picture = iio.imread(base64.b64decode(bundle["image/png"]), mode="RGB")
    np.testing.assert_array_equal(picture, list(figure.frames())[-1])


# Arrays


@pytest.mark.parametrize("form", [np.array, list, np.float32])
def test_arrays_and_nested_lists(form):
    rows, weights = [[1.0, 2.0, 0.5], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], [[1.0, 0.0], [0.0, -1.0]]
    figure = cnnviz.conv(input=form(rows), kernel=form(weights))
    np.testing.assert_array_equal(figure.scene.expected()["output"], [[1 - 5, 2 - 6], [4 - 8, 5 - 9]])
    assert figure.command() == "cnnviz conv --i 3 --k 2 --input '1 2 0.5; 4 5 6; 7 8 9' --kernel '1 0; 0 -1'"
    parameters = json.loads(figure.contents(["x.json"])[0][1])["parameters"]
    assert (parameters["input"], parameters["kernel"]) == (rows, weights)


@scenes
def test_a_figure_that_was_used_can_be_copied_and_sent(name):
    figure = getattr(cnnviz, name)(width=320, **FEWER.get(name.replace("_", "-"), {}))
    figure.scene.expected()
    for other in (copy.deepcopy(figure), pickle.loads(pickle.dumps(figure))):
        assert other.command() == figure.command()
        assert vars(other.scene).keys() == {p.name for p in parameters_of(type(figure.scene))}
    assert other.scene.storyboard().count == figure.scene.storyboard().count


# Refusals


REFUSED = {
    "did you mean stride?": {"strid": 2},
    "kernel_size": {"k": 3, "kernel_size": 3},
    "--width 10": {"width": 10},
    "1×2×2×2×2": {"input": np.zeros((1, 2, 2, 2, 2))},
}


def test_refusals():
    for message, given in REFUSED.items():
        with pytest.raises(UsageError) as error:
            make("conv", **given)
        assert message in str(error.value)
        assert isinstance(error.value, ValueError)
        assert isinstance(error.value, CnnvizError)
    with pytest.raises(UsageError, match=r"did you mean conv\?"):
        make("cnov")
    assert make("batch_norm").command().startswith("cnnviz batch-norm")
