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
from cnnviz.pipeline import Figure, make

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


@pytest.mark.parametrize("name", ["nonsense", "batch-norm", "_sliding", "__wrapped__"])
def test_other_names_are_attribute_errors(name):
    with pytest.raises(AttributeError) as error:
        getattr(cnnviz, name)
    assert str(error.value) == f"module 'cnnviz' has no attribute {name!r}"


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
        assert (kind is inspect.Parameter.KEYWORD_ONLY) is not parameter.spec.positional
        head, _, rest = function.__doc__.partition(f"\n{parameter.name} : ")
        assert head
        lines = rest.splitlines()
        assert lines[1].startswith(f"    {parameter.spec.help}")
        assert all(choice in lines[1] for choice in parameter.spec.choices)
        if parameter.shown_default:
            assert lines[0].endswith(f", default {parameter.shown_default}")
    assert (function.__name__, function.__module__) == (name, "cnnviz")
    assert function.__doc__.startswith(scene.__doc__.strip())
    assert signature.return_annotation is Figure


def test_the_functions_do_what_the_command_does():
    figure = cnnviz.conv(k=3, s=2, p=1)
    assert figure.command() == "cnnviz conv --i 5 --k 3 --s 2 --p 1"
    assert repr(figure) == f"<{figure.command()}>"
    assert figure.file_name() == "conv_i5_k3_s2_p1.gif"
    assert figure.file_name("json") == "conv_i5_k3_s2_p1.json"
    board = figure.storyboard()
    assert (board.scene, board.count, board.parameters["p"]) == ("conv", 9, [1, 1])


@pytest.mark.parametrize("given", [{"k": (2, 3)}, {"k": [2, 3]}, {"k": "2x3"}, {"kernel_size": np.array([2, 3])}])
def test_sizes_in_every_form(given):
    assert cnnviz.conv(**given).command() == "cnnviz conv --i 5 --k 2x3"


def test_positional_parameters():
    assert cnnviz.pool("avg", i=4).command() == cnnviz.pool(kind="avg", i=4).command()
    with pytest.raises(TypeError) as error:
        cnnviz.pool("avg", "max")
    assert str(error.value) == "pool() takes 1 positional arguments, not 2"
    with pytest.raises(TypeError) as error:
        cnnviz.conv(3)
    assert str(error.value) == "conv() takes 0 positional arguments, not 1"
    with pytest.raises(TypeError) as error:
        cnnviz.activation("relu", kind="elu")
    assert str(error.value) == "activation() got multiple values for argument 'kind'"
    with pytest.raises(TypeError, match="multiple values"):
        cnnviz.pool("avg", kind="max")


def test_title_and_appearance():
    figure = cnnviz.conv(title="Mine", **SMALL)
    assert figure.storyboard().title == "Mine"
    assert figure.command() == "cnnviz conv --i 5 --k 3 --title Mine --width 320 --no-values"
    assert cnnviz.conv(title="").storyboard().title == ""


# Saving


@pytest.mark.parametrize("kind", [str, Path])
def test_save(kind, tmp_path):
    written = cnnviz.conv(i=4, **SMALL).save(kind(tmp_path / "new" / "x.gif"))
    assert (written.size, written.steps, written.milliseconds) == ((320, 180), 4, 5000)
    with Image.open(tmp_path / "new" / "x.gif") as image:
        assert (image.n_frames, image.size) == (4, (320, 180))


def test_saving_twice_gives_the_same_bytes():
    figure = cnnviz.conv(i=4, **SMALL)
    figure.save("a.gif")
    figure.save("b.gif")
    assert Path("a.gif").read_bytes() == Path("b.gif").read_bytes()


def test_a_folder_of_something_else_gets_a_file_but_no_frames():
    Path("folder").mkdir()
    Path("folder/notes.txt").write_text("")
    for path in ("folder", Path("folder"), "folder/"):
        with pytest.raises(CnnvizError, match="something else"):
            cnnviz.conv(width=320).save_all(path, "frames")
        cnnviz.conv(i=4, width=320).save(path)
        assert {each.name for each in Path("folder").iterdir()} == {"notes.txt", "conv_i4_k3_s1_p0.gif"}


# Frames and notebooks


def test_frames_are_pictures_with_memory_of_their_own():
    figure = cnnviz.conv(i=4, **SMALL)
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
            image.seek(place)
            np.testing.assert_array_equal(np.asarray(image.convert("RGB")), frames[place])


def test_frames_come_one_by_one():
    frames = cnnviz.conv(i=66, k=3, **SMALL).frames()
    assert next(frames).shape == next(frames).shape == (180, 320, 3)


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


@pytest.mark.parametrize("still", [{"frame": 1}, {"frame": "all"}, {"sheet": "2x2"}])
def test_a_notebook_shows_the_last_step_whatever_a_still_would_show(still):
    figure = cnnviz.conv(i=4, **SMALL, **still)
    with Image.open(io.BytesIO(base64.b64decode(figure._repr_mimebundle_()["image/png"]))) as picture:
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), list(figure.frames())[-1])


def test_the_page_as_text_is_the_file():
    figure = cnnviz.conv(i=4, **SMALL)
    figure.save("x.html")
    assert figure.to_html() == Path("x.html").read_text(encoding="utf-8")


# Arrays


@pytest.mark.parametrize("form", [np.array, lambda rows: rows, lambda rows: tuple(map(tuple, rows)), np.float32])
def test_arrays_and_nested_lists(form):
    rows, weights = [[1.0, 2.0, 0.5], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], [[1.0, 0.0], [0.0, -1.0]]
    figure = cnnviz.conv(input=form(rows), kernel=form(weights))
    expected = [[1 - 5, 2 - 6], [4 - 8, 5 - 9]]
    np.testing.assert_array_equal(figure.scene.expected()["output"], expected)
    command = 'cnnviz conv --i 3 --k 2 --input \'1 2 0.5; 4 5 6; 7 8 9\' --kernel \'1 0; 0 -1\''
    assert figure.command() == command
    figure.save("x.json")
    parameters = json.loads(Path("x.json").read_text())["parameters"]
    assert (parameters["input"], parameters["kernel"]) == (rows, weights)


def test_an_array_may_be_changed_afterwards():
    array = np.eye(3)
    figure = cnnviz.conv(input=array, k=1, kernel="ones")
    before = figure.command()
    array[:] = 7
    assert figure.command() == before
    np.testing.assert_array_equal(figure.scene.expected()["output"], np.eye(3))


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


def test_a_path_is_a_file():
    np.savetxt("map.csv", np.eye(3), delimiter=",")
    figure = cnnviz.conv(input=Path("map.csv"), k=1, kernel="ones")
    np.testing.assert_array_equal(figure.scene.expected()["output"], np.eye(3))
    assert figure.command() == "cnnviz conv --i 3 --k 1 --input map.csv --kernel ones"


# Refusals


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"strid": 2}, "conv has no parameter 'strid': did you mean stride?"),
        ({"scene": "conv"}, "conv has no parameter 'scene': "),
        ({"output": "x.gif"}, "conv has no parameter 'output': "),
        ({"k": 3, "kernel_size": 3}, "kernel_size is given twice: k and its long form mean the same"),
        ({"k": 3.5}, "--k 3.5 is not a size: give a whole number such as 3, or rows x columns such as 3x2"),
        ({"flip": 1}, "--flip 1 is neither true nor false"),
        ({"width": 10}, "--width 10 is too small: use 320 or more"),
        ({"input": [[1, 2], [3]]}, "input, row 2 has 1 number, but row 1 has 2: make all rows the same length"),
        ({"input": np.zeros((2, 2, 2))}, "input has 3 dimensions (2×2×2): give --input rows and columns"),
        ({"input": np.array([[1, np.nan]])}, "input, row 1, column 2 is nan: use finite numbers only"),
    ],
)
def test_refusals(given, message):
    with pytest.raises(UsageError) as error:
        cnnviz.conv(**given)
    assert str(error.value).startswith(message)
    assert isinstance(error.value, ValueError)
    assert isinstance(error.value, CnnvizError)


def test_an_unknown_parameter_is_told_all_names():
    with pytest.raises(UsageError) as error:
        cnnviz.conv(zzz=1)
    declared = [*parameters_of(load_scene("conv")), *parameters_of(Appearance)]
    names = sorted([p.name for p in declared] + [p.spec.alias.replace("-", "_") for p in declared if p.spec.alias])
    assert str(error.value) == f"conv has no parameter 'zzz': choose from {', '.join(names)}"


def test_an_unknown_scene():
    with pytest.raises(UsageError) as error:
        make("cnov")
    assert str(error.value) == "there is no scene 'cnov': did you mean conv?"
    assert make("batch_norm").command().startswith("cnnviz batch-norm")
