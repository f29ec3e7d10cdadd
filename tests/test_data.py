"""Maps and kernels from names, literals, arrays, text, .npy files and images, and every mistake's one line."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
import tracemalloc
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from scipy import ndimage

from cnnviz import kernels, limits
from cnnviz.data import KERNEL_NAMES, MAP_NAMES, load_kernel, load_map
from cnnviz.errors import UsageError

FIXED = [name for name in KERNEL_NAMES if name not in kernels.ANY_SIZE_NAMES]
KINDS = ".npy, .csv, .tsv, .txt, .png, .jpg, .jpeg, .gif, .bmp, .webp, .tif, .tiff, .pgm, .ppm"
FORMATS = "PNG, JPEG, GIF, BMP, WEBP, TIFF, PPM"

finite = st.floats(-limits.MAX_VALUE, limits.MAX_VALUE)
grids = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=finite)
sizes = st.tuples(st.integers(1, 9), st.integers(1, 9))


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


@pytest.mark.parametrize("name", MAP_NAMES)
def test_every_map_name_takes_the_size_asked_for_and_a_default(name):
    data = of_map(name.upper(), (2, 7))
    assert_checked(data)
    assert data.values.shape == (2, 7)
    assert (data.source, data.name) == (name, name)
    assert of_map(name).values.shape == (5, 5)
    assert of_map(name, default_size=(4, 3)).values.shape == (4, 3)


@pytest.mark.parametrize("name", KERNEL_NAMES)
def test_every_kernel_name_is_loaded_without_a_size_in_any_spelling(name):
    data = of_kernel(f" {name.upper().replace('-', '_')} ")
    assert_checked(data)
    assert data.values.shape == (3, 3)
    assert (data.source, data.name) == (name, name)


def test_maps_by_name():
    assert of_map("arange", (2, 3)).values.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert of_map("ones", (1, 2)).values.tolist() == [[1, 1]]
    assert of_map("zeros", (2, 1)).values.tolist() == [[0], [0]]


def test_nothing_given_means_random():
    assert np.array_equal(of_map(None, (6, 6)).values, of_map("random", (6, 6)).values)
    assert np.array_equal(of_kernel(None, (6, 6)).values, of_kernel("random", (6, 6)).values)
    assert of_map(None).source == "random"


def test_random_values_are_small_whole_numbers_and_all_of_them_occur():
    assert set(of_map("random", (40, 40)).values.ravel()) == {0, 1, 2, 3}
    assert set(of_kernel("random", (40, 40)).values.ravel()) == {-1, 0, 1}


def test_random_values_differ_between_seeds_and_between_map_and_kernel():
    one, two = of_map("random", (9, 9)).values, of_map("random", (9, 9), seed=1).values
    assert not np.array_equal(one, two)
    assert not np.array_equal(one - 1, of_kernel("random", (9, 9)).values)


def test_random_kernels_are_never_all_zeros():
    assert all(of_kernel("random", (1, 1), seed=seed).values.any() for seed in range(100))


def test_random_values_are_the_same_in_every_process_and_nothing_heavy_is_imported():
    code = (
        "import sys; from cnnviz.data import load_map, load_kernel\n"
        "a = load_map(None, (9, 9), seed=7).values; b = load_kernel(None, (9, 9), seed=7).values\n"
        "heavy = {'PIL', 'imageio', 'matplotlib', 'scipy', 'difflib', 'click'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "sys.stdout.write((a.tobytes() + b.tobytes()).hex())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "123"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    here = of_map(None, (9, 9), seed=7).values.tobytes() + of_kernel(None, (9, 9), seed=7).values.tobytes()
    assert done.stdout == here.hex()


# Kernels


@pytest.mark.parametrize("name", FIXED)
def test_fixed_kernels_sum_to_zero_if_they_find_edges_and_to_one_if_they_keep_the_image(name):
    assert of_kernel(name).values.sum() == (1 if name in ("sharpen", "emboss") else 0)


@given(sizes)
def test_averages_sum_to_one_and_are_symmetric(size):
    for name in ("box", "gaussian"):
        kernel = of_kernel(name, size).values
        assert kernel.shape == size
        assert np.isclose(kernel.sum(), 1, rtol=0, atol=1e-12)
        assert (kernel > 0).all()
        assert np.allclose(kernel, kernel[::-1, ::-1], rtol=1e-12)
    assert np.ptp(of_kernel("box", size).values) == 0


def test_gaussian_is_binomial():
    assert (of_kernel("gaussian").values * 16).tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    once, wider = of_kernel("gaussian").values, of_kernel("gaussian", (5, 5)).values
    assert np.allclose(ndimage.convolve(np.pad(once, 1), once, mode="constant"), wider)
    assert np.isclose(of_kernel("gaussian", (64, 64)).values.sum(), 1)


def test_gradients_answer_positively_to_growing_brightness_under_cross_correlation():
    right = np.tile(np.arange(6.0), (5, 1))
    for name in ("sobel", "prewitt", "scharr"):
        x, y = of_kernel(f"{name}-x").values, of_kernel(f"{name}-y").values
        assert np.array_equal(y, x.T)
        assert np.array_equal(x[:, ::-1], -x)
        assert np.array_equal(x[::-1], x)
        assert (correlate(right, x) > 0).all()
        assert (correlate(right, y) == 0).all()
        assert (correlate(right.T, y) > 0).all()


@pytest.mark.parametrize(("name", "filtered"), [("sobel", ndimage.sobel), ("prewitt", ndimage.prewitt)])
def test_gradients_agree_with_scipy(name, filtered):
    image = np.random.default_rng(1).normal(size=(8, 9))
    for direction, axis in (("x", 1), ("y", 0)):
        kernel = of_kernel(f"{name}-{direction}").values
        assert np.allclose(correlate(image, kernel), filtered(image, axis=axis)[1:-1, 1:-1])


def test_laplacians_and_sharpen():
    image = np.random.default_rng(2).normal(size=(8, 9))
    laplacian = of_kernel("laplacian").values
    assert np.allclose(correlate(image, laplacian), ndimage.laplace(image)[1:-1, 1:-1])
    assert np.array_equal(of_kernel("sharpen").values, of_kernel("identity").values - laplacian)
    eight = of_kernel("laplacian-8").values
    assert np.array_equal(eight, np.rot90(eight))
    assert np.array_equal(eight + 9 * of_kernel("identity").values, of_kernel("ones").values)


@given(sizes)
def test_identity_is_one_at_the_centre(size):
    kernel = of_kernel("identity", size).values
    assert kernel.sum() == 1
    assert kernel[(size[0] - 1) // 2, (size[1] - 1) // 2] == 1


def test_identity_keeps_the_image():
    image = np.arange(30.0).reshape(5, 6)
    assert np.array_equal(correlate(image, of_kernel("identity").values), image[1:-1, 1:-1])


def test_arange_kernel_counts_row_by_row():
    assert of_kernel("arange", (2, 2)).values.tolist() == [[0, 1], [2, 3]]


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
        ("[1, 2; -3, +.5]", [[1, 2], [-3, 0.5]]),
        ("[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ("\n1 2\n3 4\n", [[1, 2], [3, 4]]),
        ("1 2;\n\n3 4", [[1, 2], [3, 4]]),
        ("1e2 2.E-1", [[100, 0.2]]),
        ("1/4 -1/2 1.5/3", [[0.25, -0.5, 0.5]]),
        ("7", [[7]]),
        ("[5]", [[5]]),
        ("1 \u22121; 0 2", [[1, -1], [0, 2]]),
        ("0,5 1,5; 2,5 3", [[0.5, 1.5], [2.5, 3]]),
        ("0,5\t-1,5\n2,5\t3", [[0.5, -1.5], [2.5, 3]]),
        ("1,2,3, 4", [[1, 2, 3, 4]]),
        ("1, 2; 3, 4", [[1, 2], [3, 4]]),
        ("[[1,2],[3,4]]", [[1, 2], [3, 4]]),
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
        ("1;;2", ("row 2, column 1",)),
        ("1 2/0", ("row 1, column 2", "'2/0'")),
        ("1 nan", ("row 1, column 2",)),
        ("1 2; 3 -inf", ("row 2, column 2",)),
        ("1e999", ("row 1, column 1",)),
        ("[[1], []]", ("empty row",)),
        ("[1 [2]]", ("row 1, column 2", "'[2]'")),
        ("1;" * 600, ("row 513", "512")),
        ("1 " * 600, ("row 1", "512")),
        ("1 x 3; 4 5 6", ("row 1, column 2", "'x'")),
        ("1/9 1; 2 a/b", ("row 2, column 2", "'a/b'")),
        ("1 2 3, 4 5 6", ("'1 2 3; 4 5 6'",)),
        ("0,5, 1,5", ("0 5 1 5", "0.5 1.5")),
        ("1,234 2", ("row 1, column 1", "1234", "1.234")),
        ("10% 20%", ("row 1, column 1", "percentage")),
        ("1 2; 1e308 4", ("row 2, column 1", "1e+09")),
    ],
)
def test_wrong_literals_name_the_place(text, named):
    said = message(of_map, text)
    assert all(part in said for part in named), said


@given(grids)
def test_an_array_written_as_a_literal_comes_back(grid):
    for text in (str(grid.tolist()), "; ".join(" ".join(map(repr, row)) for row in grid.tolist())):
        assert np.array_equal(of_map(text).values, grid)


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


@pytest.mark.parametrize("spec", [None, "sobel-x", "1 2", "none.csv"])
@pytest.mark.parametrize("size", [(0, 3), (3, -1), (65, 3), (3, 10**9)])
def test_an_impossible_size_is_refused_before_anything_else(spec, size):
    assert message(of_kernel, spec, size).startswith(f"--k asks for {size[0]}×{size[1]}")


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
        ((1, 2.0), (3, 4)),
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


def test_one_dimension_becomes_one_row_and_truth_becomes_numbers():
    assert of_map([1, 2, 3]).values.tolist() == [[1, 2, 3]]
    assert of_map([[[1, 2, 3]]]).values.tolist() == [[1, 2, 3]]
    assert of_map([[True, False]]).values.tolist() == [[1, 0]]


def test_the_callers_array_is_copied_and_left_writeable():
    array = np.zeros((2, 2))
    data = of_map(array)
    array[0, 0] = 9
    assert data.values[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        data.values[0, 0] = 1


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        (5, "single number"),
        ([], "empty"),
        ([[], []], "2×0"),
        (np.zeros((2, 3, 4)), "2×3×4"),
        ([[1, 2], [3]], "row 2"),
        ([[1, 2], 3], "row 2"),
        ([[1, [2, 3]]], "--input"),
        ([[1j]], "complex numbers"),
        ([["a", 1]], "text"),
        (b"1 2", "text"),
        ([[None]], "Python objects"),
        ({1: 2}, "Python objects"),
        (np.zeros(2, dtype="M8[s]"), "datetime64[s]"),
        ([[1, 2], [float("nan"), 1]], "row 2, column 1"),
        (np.array([[1, -np.inf]]), "row 1, column 2"),
        (np.array([[np.longdouble("1e4000")]]), "row 1, column 1"),
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
        (of_map, "", "arange"),
        (of_map, "a\nb\x1b\0", r"a\nb\x1b\x00"),
        (of_map, "my notes 1", "'my notes 1'"),
        (of_map, "no.csv", "'no.csv'"),
        (of_map, "photo 2.png", "'photo 2.png'"),
        (of_map, Path("no/where"), "'no/where'"),
        (of_map, ".", "folder"),
        (of_map, "../", "folder"),
        (of_map, "https://example.org/x.png", "download it first"),
        (of_map, "x" * 100_000, "…"),
        (of_map, "1 " * 99 + "q" * 99, "column 100"),
    ],
)
def test_unknown_names_and_missing_files(load, spec, named):
    assert named in message(load, spec)


def test_a_file_may_be_named_like_numbers_with_a_slip():
    Path("1 x").write_text("1")
    assert "unknown kind" in message(of_map, "1 x")


def test_files_of_another_kind_are_refused():
    written("a.xlsx", "1")
    assert KINDS in message(of_map, "a.xlsx")


@pytest.mark.parametrize("kind", KINDS.split(", "))
def test_empty_and_too_large_files_of_every_kind(kind, monkeypatch):
    name = written(f"a{kind}", "")
    assert message(of_map, name) == f"input file '{name}' is empty: give one with at least one number"
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 3)
    written(name, "123")
    assert " bytes: " not in str(loaded_or_refusal(name))
    written(name, "1234")
    assert message(of_map, name) == f"input file '{name}' has 4 bytes: use at most 3"
    Path(name).unlink()
    Path(name).mkdir()
    assert message(of_map, name) == f"input file '{name}' is a folder: give a file in it"


def test_a_large_file_is_refused_unread():
    with open("a.csv", "wb") as file:
        file.truncate(limits.MAX_FILE_BYTES + 1)
    assert message(of_map, "a.csv") == "input file 'a.csv' has 67108865 bytes: use at most 67108864"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_refused_instead_of_waited_for():
    os.mkfifo("a.csv")
    found = []
    thread = threading.Thread(target=lambda: found.append(message(of_map, "a.csv")), daemon=True)
    thread.start()
    thread.join(timeout=5)
    assert found == ["input file 'a.csv' is no regular file: save it as one"]


def test_an_unreadable_file(monkeypatch):
    written("a.csv", "1")

    def refuse(*_):
        raise PermissionError(13, "Permission denied", "a.csv")

    # Permission bits mean nothing to root, as which these tests may run.
    monkeypatch.setattr("builtins.open", refuse)
    assert message(of_map, "a.csv") == "input file 'a.csv' cannot be read: Permission denied"
    monkeypatch.undo()
    monkeypatch.setattr(os, "stat", refuse)
    assert message(of_map, "a.csv") == "input file 'a.csv' cannot be read: Permission denied"


def test_a_name_wins_over_a_file_which_a_path_still_reaches():
    for name in ("ones", "3.csv"):
        written(name, "4 5")
    assert of_map("ones", (1, 1)).values.tolist() == [[1]]
    assert of_map("./3.csv").values.tolist() == [[4, 5]]
    Path("3").mkdir()
    assert of_map("3").values.tolist() == [[3]]
    assert message(of_map, "./3") == "input file './3' is a folder: give a file in it"
    assert message(of_map, Path("ones")).startswith("input file 'ones' is of an unknown kind:")


def test_a_files_name_is_a_short_printable_label():
    assert of_map(Path(written("ä b.CSV", "1"))).name == "ä b.CSV"
    assert of_map(written("a\nb.csv", "1")).name == "a?b.csv"
    label = of_map(written("x" * 100 + ".csv", "1")).name
    assert len(label) == 40
    assert label.endswith("…" + "x" * 7 + ".csv")


# Text files


@given(grids, st.sampled_from([",", ";", "\t", " ", ", ", "   "]), st.sampled_from(["\n", "\r\n"]))
def test_an_array_written_as_text_comes_back(grid, separator, newline):
    text = newline.join(separator.join(map(repr, row)) for row in grid.tolist())
    for name, content in (("a.csv", text), ("a.txt", "\ufeff\n" + text + newline * 2)):
        data = of_map(written(name, content))
        assert np.array_equal(data.values, grid)
        assert (data.source, data.name) == ("file", name)
    assert_checked(data)


def test_what_numpy_writes_as_text_is_read():
    grid = np.random.default_rng(0).normal(size=(3, 4))
    np.savetxt("a.tsv", grid, delimiter="\t", header="made by numpy")
    assert np.array_equal(of_map("a.tsv").values, grid)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("5\t1\n2\t3", [[5, 1], [2, 3]]),
        ("0,5\t1,5\n2\t3", [[0.5, 1.5], [2, 3]]),
        ("0,5;1,5\n1;-2,5", [[0.5, 1.5], [1, -2.5]]),
        ("0,5 1,5\n1 2", [[0.5, 1.5], [1, 2]]),
        ('"0,5","1"\n"2","3"', [[0.5, 1], [2, 3]]),
        ("1,2\n3,4", [[1, 2], [3, 4]]),
        ("TRUE,FALSE\n2,3", [[1, 0], [2, 3]]),
        ("\ufeff\u22121;2", [[-1, 2]]),
    ],
)
def test_what_spreadsheets_save(content, rows):
    assert of_map(written("a.csv", content)).values.tolist() == rows


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("1,2\n\n3\n", ("line 3", "line 1")),
        ("a,b\n1,2\n", ("line 1", "header")),
        ("x;y\n1,5;2", ("line 1", "header")),
        ("10%,20%", ("line 1, column 1", "percentage")),
        ('"1,234",2', ("1234", "1.234")),
        ("1,2\n3,x\n", ("line 2, column 2", "'x'")),
        ("1,2\n3,\n", ("line 2, column 2",)),
        ("1_0 2", ("line 1, column 1",)),
        ("1 2\n3 NaN", ("line 2, column 2",)),
        ("1\n" * 513, ("line 513", "512")),
        ("1," * 513, ("line 1", "512")),
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


def test_a_huge_array_is_refused_by_its_header():
    written("a.npy", npy((10**5, 10**4)))
    written("b.npy", npy((400, 400)))
    tracemalloc.start()
    refused = message(of_map, "a.npy")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused == "input file 'a.npy' is 100000×10000: use at most 512 rows and columns"
    assert peak < 5 * 2**20


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (npy((2, 2), body=b"12345678"), "2×2"),
        (npy((2, 2), "<c16", bytes(64)), "complex numbers"),
        (npy((2, 2), "<U3", bytes(48)), "text"),
        (npy((2, 2), [("a", "<f8")], bytes(32)), "records"),
        (npy((0, 2)), "empty"),
        (npy((-1, -1)), "empty"),
        (npy(()), "single number"),
        (npy((2, 3, 4)), "2×3×4"),
        (npy((1, 1), body=struct.pack("<d", float("inf"))), "row 1, column 1"),
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
    assert message(of_map, "a.npy") == "input file 'a.npy' holds Python objects: use whole or real numbers"
    written("b.npy", __import__("pickle").dumps(Trap()))
    assert message(of_map, "b.npy") == "input file 'b.npy' is no .npy file: save the array with numpy.save"
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


@pytest.mark.parametrize("kind", ["png", "gif", "bmp", "tif", "tiff", "pgm", "PNG"])
def test_grey_images_keep_their_levels(kind):
    data = of_map(saved(f"a.{kind}", LEVELS), (8, 8))
    assert_checked(data)
    assert np.array_equal(data.values, LEVELS)
    assert (data.source, data.name) == ("image", f"a.{kind}")


@pytest.mark.parametrize(("kind", "options"), [("jpg", {"quality": 100}), ("jpeg", {}), ("webp", {"lossless": True})])
def test_compressed_images_are_close(kind, options):
    data = of_map(saved(f"a.{kind}", np.stack([LEVELS] * 3, axis=2), **options), (8, 8))
    assert np.abs(data.values - LEVELS).max() <= 12
    assert np.array_equal(data.values, np.floor(data.values))


@pytest.mark.parametrize("kind", ["png", "ppm"])
def test_colours_become_luma(kind):
    values = of_map(saved(f"a.{kind}", RGB), (8, 8)).values
    assert np.abs(values - RGB @ [0.299, 0.587, 0.114]).max() <= 1
    assert np.array_equal(values, np.floor(values))


def test_transparency_stands_on_white():
    alpha = np.tile(np.array([0, 51, 204, 255], dtype=np.uint8), (8, 2))
    part = alpha[..., None] / 255
    expected = (RGB * part + 255 * (1 - part)) @ [0.299, 0.587, 0.114]
    saved("a.png", np.dstack([RGB, alpha]))
    assert np.abs(of_map("a.png", (8, 8)).values - expected).max() <= 1.5
    saved("b.png", Image.merge("LA", [Image.fromarray(LEVELS), Image.fromarray(alpha)]))
    expected = LEVELS * part[..., 0] + 255 * (1 - part[..., 0])
    assert np.abs(of_map("b.png", (8, 8)).values - expected).max() <= 1


def test_palettes_are_looked_up_and_their_transparent_colour_is_white():
    image = Image.fromarray(np.array([[0, 1], [2, 1]], dtype=np.uint8), mode="P")
    image.putpalette([10, 10, 10, 90, 90, 90, 255, 0, 0])
    assert of_map(saved("a.png", image), (2, 2)).values.tolist() == [[10, 90], [76, 90]]
    for name in ("b.png", "b.gif"):
        assert of_map(saved(name, image, transparency=1), (2, 2)).values.tolist() == [[10, 255], [76, 255]]


def test_one_bit_four_inks_and_sixteen_bits():
    assert of_map(saved("a.png", LEVELS > 99), (8, 8)).values.tolist() == ((LEVELS > 99) * 255.0).tolist()
    saved("b.tif", Image.fromarray(RGB).convert("CMYK"))
    assert np.abs(of_map("b.tif", (8, 8)).values - RGB @ [0.299, 0.587, 0.114]).max() <= 1
    for name in ("c.png", "c.tif", "c.pgm"):
        saved(name, LEVELS.astype(np.uint16) * 257)
        assert np.array_equal(of_map(name, (8, 8)).values, LEVELS)


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


def test_a_turned_image_is_cut_after_turning():
    exif = Image.Exif()
    exif[0x0112] = 6
    saved("a.png", np.tile(np.arange(0, 240, 20, dtype=np.uint8), (4, 1)), exif=exif)
    assert of_map("a.png", (12, 4)).values[:, 0].tolist() == list(range(0, 240, 20))


def test_only_the_first_frame_is_read():
    frames = [Image.new("L", (4, 4), level) for level in (30, 200)]
    for name in ("a.gif", "a.png", "a.tif"):
        frames[0].save(name, save_all=True, append_images=frames[1:])
        assert of_map(name, (2, 2)).values.tolist() == [[30, 30], [30, 30]]


def test_images_are_averaged_down_to_the_size_asked_for():
    saved("a.png", LEVELS)
    blocks = LEVELS.reshape(4, 2, 4, 2).mean(axis=(1, 3))
    assert np.array_equal(of_map("a.png", (4, 4)).values, blocks)
    assert of_map("a.png").values.shape == (16, 16)
    assert of_map("a.png", default_image_size=(3, 2)).values.shape == (3, 2)
    assert of_kernel("a.png").values.shape == (3, 3)


@given(sizes, sizes)
@settings(max_examples=40)
def test_resizing_never_leaves_the_images_levels(source, target):
    pixels = np.random.default_rng(0).choice([40, 200], size=source).astype(np.uint8)
    values = of_map(saved("a.png", pixels), target).values
    assert values.shape == target
    assert values.min() >= pixels.min()
    assert values.max() <= pixels.max()
    assert np.array_equal(values, np.floor(values))


def test_the_middle_is_cut_out_before_resizing():
    wide = np.zeros((4, 12), dtype=np.uint8)
    wide[:, 4:8] = 90
    assert (of_map(saved("a.png", wide), (4, 4)).values == 90).all()
    assert (of_map(saved("b.png", wide.T.copy()), (2, 2)).values == 90).all()
    assert np.array_equal(of_map("a.png", (4, 12)).values, wide)


def png_header(width, height):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0" * 9)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("sides", [(6501, 8000), (9500, 9500), (20_000, 20_000), (10**9, 2)])
def test_an_image_with_too_many_pixels_is_refused_undecoded(sides):
    # Past ours, past Pillow's warning, past Pillow's error.
    assert message(of_map, written("a.png", png_header(*sides))) == (
        "input file 'a.png' has more than 52000000 pixels: make the image smaller"
    )


@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_a_truncated_image_is_refused(kind):
    noise = np.random.default_rng(0).integers(0, 256, size=(64, 64), dtype=np.uint8)
    content = Path(saved(f"whole.{kind}", noise)).read_bytes()
    refused = message(of_map, written(f"a.{kind}", content[: len(content) // 2]))
    assert refused in (
        f"input file 'a.{kind}' is cut short or damaged: save the image again",
        f"input file 'a.{kind}' is no image: its content is none of {FORMATS}",
    )


def test_wrong_images():
    written("a.png", "not an image")
    assert message(of_map, "a.png") == f"input file 'a.png' is no image: its content is none of {FORMATS}"
    for mode, pixels in (("F", LEVELS.astype(np.float32)), ("I", LEVELS.astype(np.int32) * 10**6)):
        assert message(of_map, saved("a.tif", pixels)) == (
            f"input file 'a.tif' has pixels of Pillow's mode {mode}: save it as 8-bit grey or RGB"
        )
    written("b.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    assert message(of_map, "b.png") == f"input file 'b.png' is no image: its content is none of {FORMATS}"


@given(st.sampled_from(IMAGE_KINDS), st.binary(min_size=1, max_size=8), st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_image_is_levels_or_a_usage_error(kind, junk, data):
    name = f"whole.{kind}"
    content = (Path(name) if Path(name).exists() else Path(saved(name, LEVELS))).read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    written(f"a.{kind}", content[:at] + junk + content[at + len(junk) :])
    loaded_or_refusal(f"a.{kind}")


def test_the_callers_warning_filters_are_left_alone():
    before = list(warnings.filters)
    message(of_map, written("a.png", png_header(9500, 9500)))
    of_map(saved("b.png", LEVELS))
    assert warnings.filters == before
