"""Maps and kernels from names, literals, arrays, text, .npy files and images, and every mistake's one line."""

import io
import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from scipy import ndimage

from cnnviz import kernels, limits
from cnnviz.data import KERNEL_NAMES, load_kernel, load_map
from cnnviz.errors import UsageError

pytestmark = pytest.mark.usefixtures("here")

FIXED = [name for name in KERNEL_NAMES if name not in kernels.ANY_SIZE_NAMES]


def of_map(spec, size=None, **options):
    return load_map(spec, size, seed=0, **options)


def of_kernel(spec, size=None, seed=0, **options):
    return load_kernel(spec, size, seed=seed, **options)


def message(load, *args, **options):
    """The whole message of a refusal, which must be one printable line and carry no warning beside it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UsageError) as caught:
            load(*args, **options)
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 400
    return text


def checked(data):
    assert data.values.dtype == np.float64
    assert data.values.ndim == 2
    assert data.values.flags.c_contiguous
    assert not data.values.flags.writeable
    assert np.isfinite(data.values).all()
    return data


def checked_or_refused(spec):
    """For input at random: checked data, or the one line of its refusal; anything else fails the test."""
    try:
        return checked(of_map(spec))
    except UsageError:
        return message(of_map, spec)


def written(name, content):
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return name


# Names


def test_a_map_by_name():
    for name in ("random", "edge", "ramp", "picture", "arange", "ones", "zeros"):
        data = checked(of_map(name.upper(), (40, 7)))
        assert (data.values.shape, data.name) == ((40, 7), name)
    assert sorted(of_map("random", (4, 5)).values.ravel()) == sorted([*range(10)] * 2), "equally frequent"
    assert of_map("arange", (4, 5)).values.ravel().tolist() == [*range(20)]
    assert (of_map("ones", (2, 2)).values - of_map("zeros", (2, 2)).values == 1).all()
    picture = of_map("picture", (9, 30))
    assert picture.source == "image"
    assert 0 <= picture.values.min() < picture.values.max() <= 255


def test_kernels_by_name():
    assert all(of_kernel("random", (1, 1), seed=seed).values.any() for seed in range(100)), "a kernel of zeros"
    for name in FIXED:
        # Zero where they find edges, one where they keep the image.
        assert of_kernel(name, (3, 3)).values.sum() == (name in ("sharpen", "emboss"))
    assert (of_kernel("gaussian").values * 16).tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    assert np.allclose(of_kernel("box", (2, 5)).values, 0.1)
    assert np.isclose(of_kernel("gaussian", (9, 4)).values.sum(), 1)
    assert "--k2 " in message(of_kernel, "emboss", (1, 3), what="second kernel", size_option="--k2")
    image = np.random.default_rng(1).normal(size=(8, 9))
    for name, axis in {"x": 1, "y": 0}.items():
        for kind, filtered in {"sobel": ndimage.sobel, "prewitt": ndimage.prewitt}.items():
            kernel = of_kernel(f"{kind}-{name}").values
            assert np.allclose(ndimage.correlate(image, kernel), filtered(image, axis=axis))


# Numbers: typed, in an array, in a text file

TYPED = {
    "1,2;3,4;": "[[1, 2], [3, 4]]",
    "[[1, 2], [3, 4]]": "[[1, 2], [3, 4]]",
    "1e2 2.E-1 \u22127": "[[100, 0.2, -7]]",
    "1/4 -1/2 1.5/3": "[[0.25, -0.5, 0.5]]",
    "0,5 1,5; 2,5 3": "[[0.5, 1.5], [2.5, 3]]",
    "1,2,3, 4": "[[1, 2, 3, 4]]",
}
SAVED = {
    "0,5\t1,5\n2\t3": "[[0.5, 1.5], [2, 3]]",
    "0,5;1,5\n1;-2,5": "[[0.5, 1.5], [1, -2.5]]",
    '"0,5","1"\n"2","3"': "[[0.5, 1], [2, 3]]",
    "\ufeff\u22121;2": "[[-1, 2]]",
}


def test_numbers_as_they_are_typed_and_as_spreadsheets_save_them():
    for text, rows in TYPED.items():
        data = checked(of_map(text))
        assert data.values.tolist() == json.loads(rows), text
        assert (data.source, data.name) == ("literal", "")
    for content, rows in SAVED.items():
        data = checked(of_map(written("a.csv", content)))
        assert data.values.tolist() == json.loads(rows), content
        assert (data.source, data.name) == ("file", "a.csv")


def test_arrays():
    rows = np.arange(4).reshape(2, 2)
    for spec in (rows.tolist(), rows.astype("f2").T.copy().T, rows[::-1].astype(">f8")[::-1], rows[None, None]):
        data = checked(of_map(spec))
        assert np.array_equal(data.values, rows)
        assert (data.source, data.name) == ("array", "")


finite = st.floats(-limits.MAX_VALUE, limits.MAX_VALUE)
grids = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=finite)


@given(grids, st.sampled_from([",", ";", "\t", " ", ", ", "   "]), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=50)
def test_an_array_that_is_written_comes_back(grid, separator, newline):
    text = newline.join(separator.join(map(repr, row)) for row in grid.tolist())
    np.save("a.npy", grid.T.astype(">f8"))
    assert np.array_equal(checked(of_map("a.npy")).values.T, grid)
    for name, content in (("a.csv", text), ("a.txt", "\ufeff\n" + text + newline * 2)):
        assert np.array_equal(checked(of_map(written(name, content))).values, grid)


@given(st.text(alphabet="0123456789+-.eE ,;/[]\n", max_size=20))
def test_whatever_is_typed_is_a_grid_or_a_usage_error(text):
    data = checked_or_refused(text)
    assert isinstance(data, str) or data.source == "literal"


# Refusals name the place


def npy(shape, descr="<f8", body=b""):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue() + body


WRONG = {
    "1 2; 3": "row 2",
    "1 2; 3 1-2": "row 2, column 2: '1-2'",
    "1,,2": "row 1, column 2",
    "1 2/0": "row 1, column 2: '2/0'",
    "1 2; 3 -inf": "row 2, column 2",
    "1;" * 600: "row 513",
    "1 2 3, 4 5 6": "; between rows",
    "0,5, 1,5": "0 5",
    "1,234 2": "row 1, column 1",
    "1 2; 1e308 4": "row 2, column 1",
    "1 " * 99 + "q" * 99: "column 100",
    "hm": "arange",
    "a\nb\x1b\0": r"a\nb\x1b\x00",
    "no.csv": "'no.csv'",
    Path("no/where"): "'no/where'",
    "https://example.org/x.png": "download it first",
    "x" * 100_000: "…",
    5: "single number",
    ((), ()): "2×0",
    ((1, 2), (3,)): "same length",
    ((1, (2, 3)),): "--input",
    ((1j,),): "complex128",
    b"1 2": "bytes",
    ((None,),): "object",
    ((1, 2), (float("nan"), 1)): "row 2, column 1",
}
WRONG_CSV = {
    "1,2\n\n3\n": "line 3",
    "a,b\n1,2\n": "line 1",
    '"1,234",2': "1.234",
    "1,10%": "line 1, column 2: '10%'",
    "1,2\n3,x\n": "line 2, column 2: 'x'",
    "1\n" * 513: "line 513",
    " \n# nothing\n": "no numbers",
    b"1,2\n\xff,4\n": "UTF-8",
}
WRONG_NPY = {
    npy((10**12, 10**12)): "cut short",
    npy((2, 2), "<c16", bytes(64)): "complex128",
    npy((-1, -1)): "cut short",
    npy((2, 3, 4), body=bytes(192)): "2×3×4",
    b"PK\x03\x04 zipped": "numpy.save",
}


def test_a_refusal_names_the_place():
    for spec, named in WRONG.items():
        assert named in message(of_map, spec)
    for name, wrong in (("a.csv", WRONG_CSV), ("a.npy", WRONG_NPY)):
        for content, named in wrong.items():
            said = message(of_map, written(name, content))
            assert said.startswith(f"input file '{name}'")
            assert named in said


def test_data_of_another_size_than_asked_for_are_refused():
    said = message(of_map, "1 2 3 4; 1 2 3 4; 1 2 3 4", (5, 5))
    assert "3×4" in said
    assert "--i" in said
    assert "--k" in message(of_kernel, np.zeros((2, 3)), (3, 2))


def test_the_largest_sides_are_those_of_limits():
    for load, limit in ((of_map, limits.MAX_SIDE), (of_kernel, limits.MAX_KERNEL)):
        assert load("ones", (limit, 1)).values.shape == (limit, 1)
        assert f"is 1×{limit + 1}" in message(load, np.ones((1, limit + 1)))
        assert f"is {limit + 1}×1" in message(load, np.ones((limit + 1, 1)))
        assert f"more than {limit} numbers" in message(load, " ".join("1" * (limit + 1)))


def test_empty_and_too_large_files_and_folders(monkeypatch):
    monkeypatch.setattr("cnnviz.data.MAX_FILE_BYTES", 3)
    for name in ("a.npy", "a.csv", "a.png", "a.ppm"):
        assert message(of_map, written(name, "")).startswith(f"input file '{name}' ")
        assert " bytes: " not in str(checked_or_refused(written(name, "123")))
        assert message(of_map, written(name, "1234")) == f"input file '{name}' has 4 bytes: use at most 3"
        Path(name).unlink()
        Path(name).mkdir()
        assert message(of_map, name) == f"input file '{name}' is no regular file: give one"


def test_a_name_wins_over_a_file_which_a_path_still_reaches():
    for name in ("ones", "3.csv"):
        written(name, "4 5")
    assert of_map("ones", (1, 1)).values.tolist() == [[1]]
    assert of_map("./3.csv").values.tolist() == [[4, 5]]
    assert "neither a name nor a file" in message(of_map, Path("ones"))


def test_pickles_are_never_loaded():
    class Trap:
        def __reduce__(self):
            return (os.mkdir, ("sprung",))

    np.save("a.npy", np.array([[Trap()]], dtype=object), allow_pickle=True)
    assert "holds no array of numbers" in message(of_map, "a.npy")
    written("b.npy", __import__("pickle").dumps(Trap()))
    assert "holds no array of numbers" in message(of_map, "b.npy")
    assert not Path("sprung").exists()


# Images

LEVELS = np.add.outer(np.arange(8) * 20, np.arange(8) * 10).astype(np.uint8)
RGB = np.random.default_rng(3).integers(0, 256, size=(8, 8, 3), dtype=np.uint8)


def saved(name, pixels, **options):
    Image.fromarray(np.ascontiguousarray(pixels)).save(name, **options)
    return name


def test_transparency_stands_on_white():
    alpha = np.tile(np.array([0, 51, 204, 255], dtype=np.uint8), (8, 2))
    part = alpha / 255
    for pixels in (np.dstack([RGB, alpha]), np.dstack([LEVELS, alpha])):
        grey = RGB @ [0.299, 0.587, 0.114] if pixels.shape[2] == 4 else LEVELS
        shown = of_map(saved("a.png", pixels), (8, 8)).values
        assert np.abs(shown - (grey * part + 255 * (1 - part))).max() <= 1.5


def test_the_cameras_orientation_is_respected():
    shown = np.repeat(np.repeat(np.array([[0, 80], [160, 240]], dtype=np.uint8), 8, axis=0), 8, axis=1)
    for orientation, turns in {1: 0, 3: 2, 6: 1, 8: 3}.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        for kind, off in {"png": 0, "jpg": 2}.items():
            name = saved(f"a.{kind}", np.rot90(shown, turns), exif=exif)
            assert np.abs(of_map(name, (2, 2)).values - [[0, 80], [160, 240]]).max() <= off, (orientation, kind)


def test_images_are_cut_to_the_middle_and_averaged_down_to_the_size_asked_for():
    saved("a.png", LEVELS)
    assert np.array_equal(of_map("a.png", (4, 4)).values, LEVELS.reshape(4, 2, 4, 2).mean(axis=(1, 3)))
    assert of_map("a.png").values.shape == (16, 16)
    assert of_map("a.png", default_image_size=(3, 2)).values.shape == (3, 2)
    assert of_kernel("a.png").values.shape == (3, 3)
    wide = np.kron([0, 90, 0], np.ones((4, 4))).astype(np.uint8)
    for pixels in (wide, wide.T):
        assert (of_map(saved("a.png", pixels), (4, 4)).values == 90).all()
        assert np.array_equal(of_map("a.png", pixels.shape).values, pixels)


@given(st.sampled_from(["npy", "png", "jpg", "gif", "bmp", "webp", "tif", "pgm"]), st.binary(min_size=1), st.data())
@settings(max_examples=100)
def test_a_damaged_file_is_levels_or_a_usage_error(kind, junk, data):
    name = f"whole.{kind}"
    if not Path(name).exists():
        np.save(name, LEVELS) if kind == "npy" else saved(name, LEVELS)
    content = Path(name).read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    checked_or_refused(written(f"a.{kind}", content[:at] + junk + content[at + len(junk) :]))
