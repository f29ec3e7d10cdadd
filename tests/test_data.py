"""Maps and kernels from names, literals, arrays, text, .npy files and images, and every mistake's one line."""

from __future__ import annotations

import io
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

FIXED = [name for name in KERNEL_NAMES if name not in kernels.ANY_SIZE_NAMES]
KINDS = ".npy, .csv, .tsv, .txt, .png, .jpg, .jpeg, .gif, .bmp, .webp, .tif, .tiff, .pgm, .ppm"

finite = st.floats(-limits.MAX_VALUE, limits.MAX_VALUE)
grids = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=finite)


@pytest.fixture(autouse=True)
def _in_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def of_map(spec, size=None, **options):
    return load_map(spec, size, seed=options.pop("seed", 0), **options)


def of_kernel(spec, size=None, **options):
    return load_kernel(spec, size, seed=options.pop("seed", 0), **options)


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


def loaded_or_refusal(spec):
    """For input at random: checked data, or the one line of its refusal; anything else fails the test."""
    try:
        data = of_map(spec)
    except UsageError:
        return message(of_map, spec)
    assert_checked(data)
    return data


def written(name, content):
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return name


def correlate(grid, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(grid, kernel.shape)
    return np.einsum("ijkl,kl->ij", windows, kernel)


def assert_checked(data):
    assert data.values.dtype == np.float64
    assert data.values.ndim == 2
    assert data.values.flags.c_contiguous
    assert not data.values.flags.writeable
    assert np.isfinite(data.values).all()


# Names


def test_random_kernels_are_never_all_zeros():
    assert all(of_kernel("random", (1, 1), seed=seed).values.any() for seed in range(100))


@pytest.mark.parametrize("name", ["random", "edge", "ramp", "picture", "arange", "ones", "zeros"])
def test_a_map_by_name(name):
    data = of_map(name.upper(), (40, 7))
    assert_checked(data)
    assert (data.values.shape, data.name, of_map(name, (5, 5)).values.shape) == ((40, 7), name, (5, 5))
    values = {"arange": set(range(280)), "ones": {1}, "zeros": {0}, "random": set(range(10))}
    assert name not in values or set(data.values.ravel()) == values[name]


# Kernels


@pytest.mark.parametrize("name", FIXED)
def test_fixed_kernels_sum_to_zero_if_they_find_edges_and_to_one_if_they_keep_the_image(name):
    assert of_kernel(name).values.sum() == (1 if name in ("sharpen", "emboss") else 0)


@pytest.mark.parametrize(("name", "filtered"), [("sobel", ndimage.sobel), ("prewitt", ndimage.prewitt)])
def test_gradients_agree_with_scipy(name, filtered):
    image = np.random.default_rng(1).normal(size=(8, 9))
    for direction, axis in (("x", 1), ("y", 0)):
        kernel = of_kernel(f"{name}-{direction}").values
        assert np.allclose(correlate(image, kernel), filtered(image, axis=axis)[1:-1, 1:-1])


def test_averages():
    assert (of_kernel("gaussian").values * 16).tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    assert np.ptp(of_kernel("box", (2, 5)).values) == 0
    for name in ("box", "gaussian"):
        assert np.isclose(of_kernel(name, (9, 4)).values.sum(), 1)


def test_a_fixed_kernel_refuses_another_size():
    assert of_kernel("sobel-x", (3, 3)).values.shape == (3, 3)
    assert "--k " in message(of_kernel, "sobel-x", (5, 4))
    assert "--k2 " in message(of_kernel, "emboss", (1, 3), what="second kernel", size_option="--k2")


# Literals


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1 2 3; 4 5 6", [[1, 2, 3], [4, 5, 6]]),
        ("1,2;3,4;", [[1, 2], [3, 4]]),
        ("[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ("1e2 2.E-1", [[100, 0.2]]),
        ("1/4 -1/2 1.5/3", [[0.25, -0.5, 0.5]]),
        ("7", [[7]]),
        ("1 \u22121; 0 2", [[1, -1], [0, 2]]),
        ("0,5 1,5; 2,5 3", [[0.5, 1.5], [2.5, 3]]),
        ("1,2,3, 4", [[1, 2, 3, 4]]),
    ],
)
def test_literals(text, rows):
    data = of_map(text)
    assert_checked(data)
    assert data.values.tolist() == rows
    assert (data.source, data.name) == ("literal", "")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("1 2; 3", ("row 2", "row 1")),
        ("1 2; 3 1-2", ("row 2, column 2", "'1-2'")),
        ("1,,2", ("row 1, column 2",)),
        ("1 2/0", ("row 1, column 2", "'2/0'")),
        ("1 2; 3 -inf", ("row 2, column 2",)),
        ("1e999", ("row 1, column 1",)),
        ("1;" * 600, ("row 513", "512")),
        ("1 x 3; 4 5 6", ("row 1, column 2", "'x'")),
        ("1 2 3, 4 5 6", ("row 1, column 3", "'3,'", "; between rows")),
        ("0,5 1,5; 2,5", ("row 2", "row 1")),
        ("0,5, 1,5", ("0.5", "0 5")),
        ("1,234 2", ("row 1, column 1", "1234", "1.234")),
        ("1 2; 1e308 4", ("row 2, column 1", "1e+09")),
    ],
)
def test_wrong_literals_name_the_place(text, named):
    said = message(of_map, text)
    assert all(part in said for part in named), said


@given(st.text(alphabet="0123456789+-.eE ,;/[]\n", max_size=20))
@settings(max_examples=300)
def test_whatever_is_typed_is_a_grid_or_a_usage_error(text):
    data = loaded_or_refusal(text)
    assert isinstance(data, str) or data.source == "literal"


# Sizes that contradict or exceed


def test_data_of_another_size_than_asked_for_is_refused():
    said = message(of_map, "1 2 3 4; 1 2 3 4; 1 2 3 4", (5, 5))
    assert "3×4" in said
    assert "--i" in said
    np.save("a.npy", np.zeros((2, 3)))
    assert "--k" in message(of_kernel, Path("a.npy"), (3, 2))
    assert of_map([[1, 2, 3]], (1, 3)).values.shape == (1, 3)


def test_the_largest_sides_are_those_of_limits():
    for load, limit in ((of_map, limits.MAX_SIDE), (of_kernel, limits.MAX_KERNEL)):
        assert load("ones", (limit, 1)).values.shape == (limit, 1)
        assert load([[1] * limit]).values.shape == (1, limit)
        assert load(" ".join("1" * limit)).values.shape == (1, limit)
        assert f"is 1×{limit + 1}: use at most {limit} rows and columns" in message(load, [[1] * (limit + 1)])
        assert f"is {limit + 1}×1: use at most {limit} rows and columns" in message(load, [[1]] * (limit + 1))
        assert f"more than {limit} numbers" in message(load, " ".join("1" * (limit + 1)))


# Arrays


@pytest.mark.parametrize(
    "spec",
    [
        [[1, 2], [3, 4]],
        np.array([[1, 2], [3, 4]], dtype=np.int8),
        np.array([[1, 3], [2, 4]], dtype=np.float16).T,
        np.array([[4, 3], [2, 1]], dtype=">f8")[::-1, ::-1],
        np.array([[1, 2], [3, 4]]).reshape(1, 1, 2, 2),
    ],
)
def test_arrays(spec):
    data = of_map(spec)
    assert_checked(data)
    assert data.values.tolist() == [[1, 2], [3, 4]]
    assert (data.source, data.name) == ("array", "")


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        (5, "single number"),
        ([[], []], "2×0"),
        (np.zeros((2, 3, 4)), "2×3×4"),
        ([[1, 2], [3]], "row 2"),
        ([[1, [2, 3]]], "--input"),
        ([[1j]], "complex numbers"),
        (b"1 2", "text"),
        ([[None]], "Python objects"),
        ([[1, 2], [float("nan"), 1]], "row 2, column 1"),
    ],
)
def test_wrong_arrays(spec, named):
    assert named in message(of_map, spec)


# Names and files that do not exist or cannot be read


@pytest.mark.parametrize(
    ("load", "spec", "named"),
    [
        (of_kernel, "SobelX", "did you mean sobel-x?"),
        (of_map, "hm", "arange"),
        (of_map, "a\nb\x1b\0", r"a\nb\x1b\x00"),
        (of_map, "no.csv", "'no.csv'"),
        (of_map, Path("no/where"), "'no/where'"),
        (of_map, ".", "folder"),
        (of_map, "https://example.org/x.png", "download it first"),
        (of_map, "x" * 100_000, "…"),
        (of_map, "1 " * 99 + "q" * 99, "column 100"),
    ],
)
def test_unknown_names_and_missing_files(load, spec, named):
    assert named in message(load, spec)


@pytest.mark.parametrize("kind", KINDS.split(", "))
def test_empty_and_too_large_files_of_every_kind(kind, monkeypatch):
    name = written(f"a{kind}", "")
    assert "empty" in message(of_map, name)
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 3)
    written(name, "123")
    assert " bytes: " not in str(loaded_or_refusal(name))
    written(name, "1234")
    assert message(of_map, name) == f"input file '{name}' has 4 bytes: use at most 3"
    Path(name).unlink()
    Path(name).mkdir()
    assert message(of_map, name) == f"input file '{name}' is a folder: give a file in it"


def test_a_name_wins_over_a_file_which_a_path_still_reaches():
    for name in ("ones", "3.csv"):
        written(name, "4 5")
    assert of_map("ones", (1, 1)).values.tolist() == [[1]]
    assert of_map("./3.csv").values.tolist() == [[4, 5]]
    Path("3").mkdir()
    assert of_map("3").values.tolist() == [[3]]
    assert message(of_map, "./3") == "input file './3' is a folder: give a file in it"
    assert message(of_map, Path("ones")).startswith("input file 'ones' is of an unknown kind:")


# Text files


@given(grids, st.sampled_from([",", ";", "\t", " ", ", ", "   "]), st.sampled_from(["\n", "\r\n"]))
def test_an_array_written_as_text_comes_back(grid, separator, newline):
    text = newline.join(separator.join(map(repr, row)) for row in grid.tolist())
    for name, content in (("a.csv", text), ("a.txt", "\ufeff\n" + text + newline * 2)):
        data = of_map(written(name, content))
        assert np.array_equal(data.values, grid)
        assert (data.source, data.name) == ("file", name)
    assert_checked(data)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("0,5\t1,5\n2\t3", [[0.5, 1.5], [2, 3]]),
        ("# a,b\n0,5;1,5\n1;-2,5", [[0.5, 1.5], [1, -2.5]]),
        ('"0,5","1"\n"2","3"', [[0.5, 1], [2, 3]]),
        ("1,2\n3,4", [[1, 2], [3, 4]]),
        ("\ufeff\u22121;2", [[-1, 2]]),
    ],
)
def test_what_spreadsheets_save(content, rows):
    assert of_map(written("a.csv", content)).values.tolist() == rows


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("1,2\n\n3\n", ("line 3", "line 1")),
        ("a,b\n1,2\n", ("line 1", "'a'")),
        ('"1,234",2', ("line 1, column 1", "1234", "1.234")),
        ("1,10%", ("line 1, column 2", "'10%'")),
        ("1,2\n3,x\n", ("line 2, column 2", "'x'")),
        ("1\n" * 513, ("line 513", "512")),
        (" \n# nothing\n", ("no numbers",)),
        (b"1,2\n\xff,4\n", ("UTF-8",)),
    ],
)
def test_wrong_text_files_name_the_place(content, named):
    said = message(of_map, written("a.csv", content))
    assert all(part in said for part in ("input file 'a.csv'", *named)), said


# .npy


@given(hnp.arrays(st.sampled_from(["f4", ">f8", "i2", "u8", "?"]), (3, 4)), st.booleans())
def test_an_array_saved_by_numpy_comes_back(array, transposed):
    array = np.where(np.abs(array.astype(np.float64)) <= limits.MAX_VALUE, array, 1).astype(array.dtype)
    np.save("a.npy", array.T if transposed else array)
    data = of_map("a.npy")
    assert_checked(data)
    assert np.array_equal(data.values, (array.T if transposed else array).astype(np.float64))


def npy(shape, descr="<f8", body=b""):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue() + body


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (npy((2, 2), body=b"12345678"), "cut short"),
        (npy((10**12, 10**12)), "cut short"),
        (npy((2, 2), "<c16", bytes(64)), "complex numbers"),
        (npy((-1, -1)), "cut short"),
        (npy((2, 3, 4), body=bytes(192)), "2×3×4"),
        (npy((2, 2))[:30], "numpy.save"),
        (b"PK\x03\x04 zipped", "numpy.save"),
    ],
)
def test_wrong_npy_files(content, named):
    assert named in message(of_map, written("a.npy", content))


def test_pickles_are_never_loaded():
    class Trap:
        def __reduce__(self):
            return (os.mkdir, ("sprung",))

    np.save("a.npy", np.array([[Trap()]], dtype=object), allow_pickle=True)
    assert "holds no array of numbers" in message(of_map, "a.npy")
    written("b.npy", __import__("pickle").dumps(Trap()))
    assert "holds no array of numbers" in message(of_map, "b.npy")
    assert not Path("sprung").exists()


@given(st.binary(min_size=1, max_size=60), st.integers(0, 130))
def test_a_damaged_npy_file_is_a_usage_error(junk, at):
    good = npy((2, 2), body=np.ones(4).tobytes())
    written("a.npy", good[:at] + junk + good[at + len(junk) :])
    loaded_or_refusal("a.npy")


# Images

IMAGE_KINDS = ["png", "jpg", "gif", "bmp", "webp", "tif", "pgm"]
LEVELS = np.add.outer(np.arange(8) * 20, np.arange(8) * 10).astype(np.uint8)
RGB = np.random.default_rng(3).integers(0, 256, size=(8, 8, 3), dtype=np.uint8)


def saved(name, pixels, mode=None, **options):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(name, **options)
    return name


def test_transparency_stands_on_white():
    alpha = np.tile(np.array([0, 51, 204, 255], dtype=np.uint8), (8, 2))
    part = alpha[..., None] / 255
    expected = (RGB * part + 255 * (1 - part)) @ [0.299, 0.587, 0.114]
    saved("a.png", np.dstack([RGB, alpha]))
    assert np.abs(of_map("a.png", (8, 8)).values - expected).max() <= 1.5
    saved("b.png", Image.merge("LA", [Image.fromarray(LEVELS), Image.fromarray(alpha)]))
    expected = LEVELS * part[..., 0] + 255 * (1 - part[..., 0])
    assert np.abs(of_map("b.png", (8, 8)).values - expected).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_cameras_orientation_is_respected(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    shown = np.repeat(np.repeat(np.array([[0, 80], [160, 240]], dtype=np.uint8), 8, axis=0), 8, axis=1)
    stored = {
        1: shown, 2: shown[:, ::-1], 3: shown[::-1, ::-1], 4: shown[::-1],
        5: shown.T, 6: np.rot90(shown), 7: np.rot90(shown, 2).T, 8: np.rot90(shown, -1),
    }[orientation]  # fmt: skip
    saved("a.png", stored.copy(), exif=exif)
    assert of_map("a.png", (2, 2)).values.tolist() == [[0, 80], [160, 240]]
    saved("a.jpg", stored.copy(), exif=exif, quality=100)
    assert np.abs(of_map("a.jpg", (2, 2)).values - [[0, 80], [160, 240]]).max() <= 2


def test_images_are_averaged_down_to_the_size_asked_for():
    saved("a.png", LEVELS)
    blocks = LEVELS.reshape(4, 2, 4, 2).mean(axis=(1, 3))
    assert np.array_equal(of_map("a.png", (4, 4)).values, blocks)
    assert of_map("a.png").values.shape == (16, 16)
    assert of_map("a.png", default_image_size=(3, 2)).values.shape == (3, 2)
    assert of_kernel("a.png").values.shape == (3, 3)


def test_the_middle_is_cut_out_before_resizing():
    wide = np.zeros((4, 12), dtype=np.uint8)
    wide[:, 4:8] = 90
    assert (of_map(saved("a.png", wide), (4, 4)).values == 90).all()
    assert (of_map(saved("b.png", wide.T.copy()), (2, 2)).values == 90).all()
    assert np.array_equal(of_map("a.png", (4, 12)).values, wide)


@given(st.sampled_from(IMAGE_KINDS), st.binary(min_size=1, max_size=8), st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_image_is_levels_or_a_usage_error(kind, junk, data):
    name = f"whole.{kind}"
    content = (Path(name) if Path(name).exists() else Path(saved(name, LEVELS))).read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    written(f"a.{kind}", content[:at] + junk + content[at + len(junk) :])
    loaded_or_refusal(f"a.{kind}")
