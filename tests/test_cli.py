"""The command line from end to end: what it writes, what it says, and how it refuses."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import click
import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from cnnviz import __version__
from cnnviz.appearance import Appearance
from cnnviz.cli import cli, scene_command, tools
from cnnviz.discovery import find_scenes, load_scene, summary
from cnnviz.parameters import parameters_of

PROGRAM = [sys.executable, "-m", "cnnviz"]
SCENES = list(find_scenes())
scenes = pytest.mark.parametrize("scene", SCENES)


def program(*arguments, cwd, **environment):
    """The real program in a process of its own."""
    words = [*PROGRAM, *map(str, arguments)]
    return subprocess.run(
        words, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60
    )


def film(path):
    """A GIF as Pillow reads it: frames, size, delays in ms, repetitions (None: plays once) and comment."""
    with Image.open(path) as image:
        delays = []
        for place in range(image.n_frames):
            image.seek(place)
            delays.append(image.info["duration"])
        image.seek(0)
        return image.size, delays, image.info.get("loop"), image.info["comment"].decode("utf-8").split("\n")[0]


def told(path):
    """The JSON storyboard at `path`."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def files(folder):
    return {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*")}


# What is written


def test_the_program_writes_a_gif_that_others_can_open(tmp_path):
    ran = program("conv", "--i", 5, "--k", 3, "--s", 2, "--p", 1, cwd=tmp_path)
    path = tmp_path / "output" / "conv_i5_k3_s2_p1.gif"
    kib = path.stat().st_size / 1024
    line = f"output/conv_i5_k3_s2_p1.gif: 960×540 px, 9 steps, 10.0 s, {kib:.1f} KiB\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, line, "")
    assert files(tmp_path) == {"output", "output/conv_i5_k3_s2_p1.gif"}
    # An output of floor((5 + 2 - 3) / 2) + 1 = 3 rows and columns, a step for each, the last one held for 2 s.
    assert film(path) == ((960, 540), [1000] * 8 + [2000], 0, "cnnviz conv --i 5 --k 3 --s 2 --p 1")
    frames = iio.imread(path, index=None)
    assert frames.shape == (9, 540, 960, 3)
    assert all((one != other).any() for one, other in pairwise(frames))


def test_the_command_in_the_file_gives_the_same_bytes_anywhere(tmp_path):
    given = (
        "conv", "--input-size", "6x5", "--kernel", "-1 0.5; 2 1e-3; 0 1/3", "--stride", "2x1", "--padding", "0x1",
        "--flip", "--bias", -0.5, "--seed", 7, "--title", "It's $x^2$, \"quoted\"", "--width", 640, "--no-values",
        "--step", 0.25, "--hold", 1.5, "--once",
    )  # fmt: skip
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    assert program(*given, "-o", "first.gif", cwd=folders[0], PYTHONHASHSEED="1").returncode == 0
    size, delays, loop, command = film(folders[0] / "first.gif")
    assert (size, loop) == ((640, 360), None)
    assert delays == [250] * (len(delays) - 1) + [1500]
    words = shlex.split(command)
    assert words[:2] == ["cnnviz", "conv"]
    ran = program(*words[1:], "--output", "second.gif", cwd=folders[1], PYTHONHASHSEED="2", LC_ALL="C")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (folders[0] / "first.gif").read_bytes() == (folders[1] / "second.gif").read_bytes()


def test_delays_are_those_asked_for_and_do_not_drift(cnnviz):
    # A step of 333 ms does not divide into hundredths of a second: the sum must.
    cnnviz("conv", "--i", 8, "--k", 3, "--step", 0.333, "--hold", 3, "--no-values", "--width", 320, "-o", "x.gif")
    _, delays, _, _ = film("x.gif")
    assert len(delays) == 36
    assert delays[-1] == pytest.approx(3000, abs=10)
    assert all(delay % 10 == 0 and delay >= 20 for delay in delays)
    for place, at in enumerate(np.cumsum(delays[:-1]), start=1):
        assert at == pytest.approx(333 * place, abs=5)
    assert iio.immeta("x.gif", index=0)["duration"] == delays[0]


def test_a_figure_of_many_steps_is_over_in_time(cnnviz):
    ran = cnnviz("conv", "--i", 14, "--k", 3, "--no-values", "--width", 320, "-o", "x.gif")
    _, delays, _, _ = film("x.gif")
    assert len(delays) == 144
    assert 23_000 < sum(delays[:-1]) <= 24_000
    assert re.fullmatch(r"x\.gif: 320×180 px, 144 steps, 2\d\.\d s, \d+\.\d KiB\n", ran.out)


def test_pictures_are_the_numbers(cnnviz):
    """No values, other values, and the same values in other words."""
    for name, more in {"a": [], "b": ["--no-values"], "c": ["--seed", 1], "d": ["--values", "--seed", "0"]}.items():
        assert cnnviz("conv", "--i", 3, "--width", 320, "-o", f"{name}.gif", *more).code == 0
    last = {name: iio.imread(f"{name}.gif", index=None)[-1] for name in "abcd"}
    assert (last["a"] != last["b"]).any()
    assert (last["a"] != last["c"]).any()
    np.testing.assert_array_equal(last["a"], last["d"])


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("conv", "conv_i5_k3_s1_p0"),
        ("conv --k 2x3 --s 2 --d 2 --flip", "conv_i5_k2x3_s2_p0_d2_flip"),
        ("conv --bias -0.5", "conv_i5_k3_s1_p0_bias-0.5"),
        ("conv --bias 1.5e-05", "conv_i5_k3_s1_p0_bias1.5e-05"),
        ("conv --input '1 2; 3 4' --k 1", "conv_i2_k1_s1_p0_input1-2-3-4"),
        ("conv --input '0.5 2; 3 4' --k 1", "conv_i2_k1_s1_p0_input0.5-2-3-4"),
        ("conv --input folder/map.csv --k 1", "conv_i2_k1_s1_p0_inputmap"),
        ("conv --kernel sobel-x --seed 3", "conv_i5_k3_s1_p0_seed3_kernelsobel-x"),
        ("conv --title 'My title' --width 640 --once", "conv_i5_k3_s1_p0_titleMy-title"),
        ("conv --theme mine.toml", "conv_i5_k3_s1_p0_thememine"),
        ("pool avg", "pool_avg_i4_k2_s2"),
    ],
)
def test_file_names_tell_the_parameters(cnnviz, given, name):
    Path("folder").mkdir()
    Path("folder/map.csv").write_text("1,2\n3,4\n")
    themes = Path(sys.modules["cnnviz"].__file__).parent / "render" / "themes"
    shutil.copy(themes / "article.toml", "mine.toml")
    ran = cnnviz(*shlex.split(given), "--width", 320)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"output/{name}.gif: ")
    assert files("output") == {f"{name}.gif"}


def test_the_extension_chooses_the_format_and_folders_are_made(cnnviz):
    ran = cnnviz("conv", "--i", 4, "-o", "new/folder/x.JSON")
    kib = Path("new/folder/x.JSON").stat().st_size / 1024
    assert ran.out == f"new/folder/x.JSON: 4 steps, {kib:.1f} KiB\n"
    board = told("new/folder/x.JSON")
    assert (board["format"], board["count"], len(board["steps"])) == ("cnnviz-storyboard", 4, 4)


def test_a_single_step_is_named_as_such(cnnviz):
    assert cnnviz("conv", "--i", 3, "-o", "x.json").out.startswith("x.json: 1 step, ")


def test_quiet_and_verbose(cnnviz):
    ran = cnnviz("conv", "--i", 4, "-o", "x.json", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert Path("x.json").exists()
    lines = cnnviz("conv", "--i", 4, "-o", "x.json", "-v").out.splitlines()
    assert lines[1:] == ["cnnviz conv --i 4 --k 3", told("x.json")["alt"]]
    assert cnnviz("conv", "--i", 4, "-o", "x.json", "--quiet").out == ""
    assert len(cnnviz("conv", "--i", 4, "-o", "x.json", "--verbose").out.splitlines()) == 3


def test_an_existing_file_is_replaced(cnnviz):
    Path("x.json").write_text("old")
    assert cnnviz("conv", "-o", "x.json").code == 0
    assert told("x.json")["scene"] == "conv"


def test_the_title_is_in_the_data_too(cnnviz):
    cnnviz("conv", "--title", "Mine", "-o", "x.json")
    assert told("x.json")["title"] == "Mine"


@pytest.mark.parametrize("name", [b"\xff.csv", "naïve ✓.csv".encode(), b"a'b \"c\".csv", b"-1.csv"])
def test_any_file_name_can_be_an_input(cnnviz, name):
    text = os.fsdecode(name)
    Path(text).write_text("1 2\n3 4\n")
    ran = cnnviz("conv", "--input", text, "--k", 1, "--width", 320, "-o", "x.gif")
    assert (ran.code, ran.err) == (0, "")
    with Image.open("x.gif") as image:
        command = shlex.split(image.info["comment"].decode("utf-8", "surrogateescape").split("\n")[0])
    assert text in command
    assert cnnviz(*command[1:], "-o", "x.json").code == 0
    assert told("x.json")["parameters"]["input"] == text


# Values in the many ways that they can be written


@pytest.mark.parametrize(
    ("text", "size"), [("3", [3, 3]), ("3x2", [3, 2]), ("3X2", [3, 2]), (" 3 x 2 ", [3, 2]), ("3×2", [3, 2])]
)
def test_sizes(cnnviz, text, size):
    assert cnnviz("conv", "--k", text, "-o", "x.json").code == 0
    assert told("x.json")["parameters"]["k"] == size


def test_long_names_mean_the_short_ones(cnnviz):
    cnnviz(*shlex.split("conv --i 6 --k 2 --s 2 --p 1 --d 2 -o a.json"))
    cnnviz(*shlex.split("conv --input-size 6 --kernel-size 2 --stride 2 --padding 1 --dilation 2 -o b.json"))
    assert Path("a.json").read_bytes() == Path("b.json").read_bytes()
    assert [told("a.json")["parameters"][name] for name in "ikspd"] == [[6, 6], [2, 2], [2, 2], [1, 1], [2, 2]]


@scenes
def test_every_parameter_is_an_option_under_all_its_names(scene):
    command = scene_command(scene)
    options = {option.name: option for option in command.params}
    declared = [*parameters_of(load_scene(scene)), *parameters_of(Appearance)]
    own = {"code", "output", "formats", "quiet", "verbose"}
    assert set(options) == {parameter.name for parameter in declared} | own
    assert len(options) == len(declared) + len(own), "a scene reuses a name"
    taken = [name for option in options.values() for name in option.opts + option.secondary_opts]
    assert len(taken) == len(set(taken)), "an option has two meanings"
    for parameter in declared:
        if parameter.spec.positional:
            assert isinstance(options[parameter.name], click.Argument)
            continue
        expected = {parameter.option} | ({"--" + parameter.spec.alias} if parameter.spec.alias else set())
        assert set(options[parameter.name].opts) == expected


@scenes
def test_an_optional_parameter_defaults_to_nothing(scene):
    """None cannot be written in a command: it must be what stands where nothing is given."""
    for parameter in parameters_of(load_scene(scene)):
        assert not parameter.optional or parameter.default is None


def test_no_scene_has_the_name_of_a_tool_or_a_module():
    package = Path(sys.modules["cnnviz"].__file__).parent
    modules = {path.stem for path in package.iterdir()} - {"scenes"}
    taken = {name.replace("-", "_") for name in tools()} | modules
    assert not taken & {name.replace("-", "_") for name in SCENES}


# Help and lists


def words_of(text):
    """Words as help shows them, wherever it breaks its lines: at blanks, and behind hyphens."""
    return re.sub(r"(?<=\w-) ", "", " ".join(text.split()))


def test_the_help_names_every_figure_and_tool(cnnviz):
    ran = cnnviz("--help")
    assert (ran.code, ran.err) == (0, "")
    text = words_of(ran.out)
    for name, file in find_scenes().items():
        assert re.search(rf"^  {name}  +\S", ran.out, re.MULTILINE)
        assert words_of(f"{name} {summary(file)}") in text
    assert ran.out.index("\nFigures:") < ran.out.index("\nTools:")
    for name in tools():
        assert re.search(rf"^  {name}  +\S", ran.out[ran.out.index("\nTools:") :], re.MULTILINE)
    assert "cnnviz conv --k 3 --s 2 --p 1" in text
    assert cnnviz("-h").out == ran.out


def test_without_arguments_the_help_is_shown(cnnviz):
    assert cnnviz().out.rstrip() == cnnviz("--help").out.rstrip()


@scenes
def test_every_figures_help_tells_all(cnnviz, scene):
    ran = cnnviz(scene, "--help")
    assert (ran.code, ran.err) == (0, "")
    cls = load_scene(scene)
    text = words_of(ran.out)
    assert text.startswith(f"Usage: cnnviz {scene} [OPTIONS]")
    assert words_of(cls.__doc__.strip().splitlines()[0]) in text
    declared = [*parameters_of(cls), *parameters_of(Appearance)]
    for parameter in declared:
        spec = parameter.spec
        group = re.search(rf"^{spec.group}:\n((?:  .*\n|\n(?=  ))+)", ran.out, re.MULTILINE)[1]
        first = parameter.name.upper() if spec.positional else parameter.option
        row = re.search(rf"^  {first}(?:[ ,].*)?\n(?:   .*\n)*", group, re.MULTILINE)[0]
        row = words_of(row)
        assert words_of(spec.help.rstrip(".")) in row
        if spec.alias:
            assert f"--{spec.alias}" in row
        assert all(choice in row for choice in spec.choices)
        if parameter.type is not bool and parameter.shown_default:
            assert f"[default: {words_of(parameter.shown_default)}]" in row
        elif parameter.default is True:
            assert f"--no-{parameter.option[2:]}" in row
    assert text.index("Output: -o, --output FILE") < text.index("--format FORMATS") < text.index("Examples:")
    assert ran.out.split("Examples:\n")[1] == "".join(f"  {example}\n" for example in cls.examples)


@pytest.mark.parametrize("tool", tools())
def test_every_tools_help_has_an_example_and_defaults(cnnviz, tool):
    ran = cnnviz(tool, "--help")
    assert (ran.code, ran.err) == (0, "")
    declared = cli.get_command(click.Context(cli), tool).params
    if declared:
        assert f"For example: cnnviz {tool} " in ran.out
    for option in declared:
        if isinstance(option, click.Option) and not option.is_flag:
            assert re.search(rf"{option.opts[0]}\b(?:(?!\n  -).)*\[default:\s", ran.out, re.DOTALL), option.name


def test_the_list_has_a_line_for_every_figure(cnnviz):
    ran = cnnviz("list")
    assert (ran.code, ran.err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert lines == {name: summary(file) for name, file in find_scenes().items()}
    assert {line.index(lines[line.split()[0]]) for line in ran.out.splitlines()} == {max(map(len, SCENES)) + 2}


def test_the_version(cnnviz):
    assert cnnviz("--version").out == f"cnnviz, version {__version__}\n"


def test_help_does_not_wait_for_the_libraries(tmp_path):
    code = (
        "import sys\nfrom cnnviz.cli import main\n"
        "for words in (['--help'], ['list'], ['--version'], ['render', '--help']):\n"
        "    try:\n        main(words)\n    except SystemExit as left:\n        assert left.code == 0\n"
        "print(sorted({'numpy', 'matplotlib', 'PIL', 'imageio'} & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ran.stderr == "[]\n"


def provide(path):
    """A file such as an example names: a picture, or numbers."""
    values = np.arange(64.0).reshape(8, 8)
    if path.suffix in (".png", ".jpg"):
        Image.fromarray((values * 4).astype(np.uint8)).resize((64, 48)).save(path)
    elif path.suffix in (".csv", ".txt"):
        np.savetxt(path, values, delimiter=",")
    elif path.suffix == ".npy":
        np.save(path, values)
    else:
        raise AssertionError(f"say here what {path.name} holds")


@scenes
def test_every_example_in_the_help_works(cnnviz, scene):
    for place, example in enumerate(load_scene(scene).examples):
        words = shlex.split(example)[1:]
        output = words[words.index("-o") + 1] if "-o" in words else None
        for word in words:
            if re.fullmatch(r"[\w-]+\.(?!toml)[a-z]+", word) and word != output:
                provide(Path(word))
        ran = cnnviz(*words, "-o", "x.json")
        assert (ran.code, ran.err) == (0, ""), example
        assert told("x.json")["scene"] == scene
        if place == 0:
            ran = cnnviz(*words, "--width", 320, "-q")
            assert (ran.code, ran.out, ran.err) == (0, "", ""), example
            written = Path(output) if output else next(Path("output").iterdir())
            assert film(written)[0] == (320, 180)


# Refusals: one line, the right code, nothing written


def refused(cnnviz, *arguments):
    """Exit code and message of a refusal, which must leave no trace."""
    before = files(".")
    ran = cnnviz(*arguments)
    assert ran.out == ""
    assert ran.err.startswith("cnnviz: ")
    assert ran.err.count("\n") == 1
    assert files(".") == before
    return ran.code, ran.err.removeprefix("cnnviz: ").removesuffix("\n")


BAD_VALUES = {
    "--k 6": "kernel 6 does not fit the padded input 5 (= 5 + 2·0): use --p 1 or more, or --k 5 or less",
    "--s 0": "--s 0 is too small: use 1 or more",
    "--p -1": "--p -1 is too small: use 0 or more",
    "--k 3x": "--k '3x' is not a size: give a whole number such as 3, or rows x columns such as 3x2",
    "--k 3x2x1": "--k '3x2x1' is not a size: give a whole number such as 3, or rows x columns such as 3x2",
    "--k 2.5": "--k '2.5' is not a size: give a whole number such as 3, or rows x columns such as 3x2",
    "--k ''": "--k '' is not a size: give a whole number such as 3, or rows x columns such as 3x2",
    "--i 1000000": "--i 1000000 is too large: use 512 or less",
    "--i 512 --k 1": "this convolution would take 262144 steps, more than 4096: use a larger stride or less input",
    "--bias nan": "--bias 'nan' is not a number: give one such as 0.5",
    "--bias x": "--bias 'x' is not a number: give one such as 0.5",
    "--seed 1.5": "--seed '1.5' is not a whole number: give one such as 3",
    "--seed -1": "--seed -1 is too small: use 0 or more",
    "--width 9999": "--width 9999 is too large: use 3840 or less",
    "--step 0": "--step 0 is too small: use 0.02 or more",
    "--hold inf": "--hold 'inf' is not a number: give one such as 0.5",
    "--i 4 --input '1 2; 3 4' --k 1": "input is 2×2, but --i asks for 4×4: leave --i out",
    "--input '1 2 3 4'": "kernel 3 does not fit the padded input 1 (= 1 + 2·0): use --p 1 or more, or --k 1 or less, "
                         "or give more rows: data has ; between them",
    "--k 2 --kernel '1 2 3'": "kernel is 1×3, but --k asks for 2×2: leave --k out",
    "--input '1 nan; 3 4'": "input, row 1, column 2 is 'nan': use finite numbers only",
    "--input '1 2; 3'": "input, row 2 has 1 number, but row 1 has 2: make all rows the same length",
    "--theme nope": "there is no theme 'nope': choose from article, or give a .toml file",
    "--theme articel": "there is no theme 'articel': did you mean article?",
    "--theme no.toml": "theme no.toml cannot be read: no such file or directory",
    "--title 'two\nlines'": "--title 'two\\nlines' holds a sign that cannot be drawn: use one line of plain text",
    "-o x.xyz": "x.xyz: extension .xyz is not a known format: choose from .gif, .json",
    "-o x.jsn": "x.jsn: extension .jsn is not a known format: did you mean .json?",
    "-o x": "x: a file without an extension is not a known format: use one of .gif, .json",
}


@pytest.mark.parametrize("given", BAD_VALUES)
def test_bad_usage(cnnviz, given):
    from cnnviz.export import formats
    from cnnviz.render.theme import theme_names

    message = BAD_VALUES[given].replace(".gif, .json", ", ".join("." + name for name in formats()))
    message = message.replace("choose from article", "choose from " + ", ".join(theme_names()))
    assert refused(cnnviz, "conv", *shlex.split(given)) == (2, message)


def test_a_title_that_never_ends(cnnviz):
    assert refused(cnnviz, "conv", "--title", "x" * 1001) == (2, "--title has 1001 characters: use at most 1000")
    assert cnnviz("conv", "--title", "x" * 1000, "-o", "x.json").code == 0


def test_a_title_that_is_cut_is_told(cnnviz):
    said = "cnnviz: the title is too long for the picture, where it ends in …: use a shorter one\n"
    title = "A convolution " * 12
    for more, err in ((title,), said), ((title, "-q"), ""), ((title[:90],), ""):
        ran = cnnviz("conv", "--i", 3, "--width", 320, "-o", "x.png", "--title", *more)
        assert (ran.code, ran.err) == (0, err)
    assert cnnviz("conv", "--title", title, "-o", "x.json").err == ""


BAD_FILES = {
    "text.png": (b"not a picture", "is no image: its content is none of PNG, JPEG, GIF, BMP, WEBP, TIFF, PPM"),
    "empty.csv": (b"", "is empty: give one with at least one number"),
    "ragged.csv": (b"1,2\n3\n", ", line 2 has 1 number, but line 1 has 2: make all rows the same length"),
    "nan.csv": (b"1,2\nnan,4\n", ", line 2, column 1 is 'nan': use finite numbers only"),
}


@pytest.mark.parametrize("name", BAD_FILES)
@pytest.mark.parametrize("option", ["input", "kernel"])
def test_bad_files(cnnviz, name, option):
    content, message = BAD_FILES[name]
    Path(name).write_bytes(content)
    blank = "" if message.startswith(",") else " "
    assert refused(cnnviz, "conv", f"--{option}", name) == (2, f"{option} file {name!r}{blank}{message}")


def test_a_file_that_is_not_there(cnnviz):
    code, message = refused(cnnviz, "conv", "--input", "photo.png")
    assert code == 2
    assert message.startswith("input file 'photo.png' does not exist: check the path")


@pytest.mark.parametrize(("word", "meant"), [
    ("relu", "activation relu"), ("ReLU", "activation relu"), ("dense", "fully-connected"),
    ("linear", "fully-connected"), ("deconv", "transposed-conv"), ("softmax", "activation softmax"),
    ("sgd", "gradient-descent --optimizer sgd"), ("adam", "gradient-descent --optimizer adam"),
    ("maxpool", "pool max"), ("MaxPool2d", "pool max"), ("max", "pool max"), ("help", "--help"),
    ("version", "--version"), ("swish", "activation silu"), ("l1", "loss mae"), ("bce", "loss binary-cross-entropy"),
    ("Conv2D", "conv"), ("batchnorm", "batch-norm"), ("pptx", "deck"), ("poool", "pool"),
])  # fmt: skip
def test_a_command_by_another_name_is_told(cnnviz, word, meant):
    assert refused(cnnviz, word) == (2, f"there is no command {word!r}: did you mean {meant}?")


def test_a_figure_by_another_name_is_told_wherever_one_is_named(cnnviz):
    for tool in ("describe", "sheet"):
        assert refused(cnnviz, tool, "relu") == (2, "there is no figure 'relu': did you mean activation relu?")
    assert refused(cnnviz, "check", "relu") == (2, "there is no scene 'relu': did you mean activation relu?")


def test_a_slip_of_the_finger_costs_no_imports(monkeypatch, cnnviz):
    monkeypatch.setattr("cnnviz.discovery._load", pytest.fail)
    assert refused(cnnviz, "cnov")[1].endswith("did you mean conv?")


def test_a_scene_that_cannot_be_loaded_hinders_no_hint(cnnviz):
    Path("animations").mkdir()
    Path("animations/a_broken_one.py").write_text("""\"\"\"Broken.\"\"\"\n1 / 0\n""")
    assert refused(cnnviz, "adam")[1].endswith("did you mean gradient-descent --optimizer adam?")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["cnov"], "there is no command 'cnov': did you mean conv?"),
        (["fully_connected"], "there is no command 'fully_connected': did you mean fully-connected?"),
        (["xyzzy"], "there is no command 'xyzzy': choose from {}"),
    ],
)
def test_an_unknown_command(cnnviz, given, message):
    listed = ", ".join([*SCENES, *tools()])
    assert refused(cnnviz, *given) == (2, message.format(listed))


def test_click_refuses_in_one_line_too(cnnviz):
    code, message = refused(cnnviz, "conv", "--kernal", 3)
    assert code == 2
    assert "--kernal" in message
    assert "--kernel" in message
    for given in (["conv", "stray"], ["conv", "--k"], ["render"], ["--nonsense"]):
        assert refused(cnnviz, *given)[0] == 2


STRAY_WORDS = {
    "conv 3": "unexpected extra argument '3': name each value, as in cnnviz conv --k 3 --s 2 --p 1",
    "conv k=3 s=2": "unexpected extra arguments 'k=3' 's=2': use --k 3",
    "conv —k 3": "unexpected extra arguments '—k' '3': use --k",
    "conv –kernel-size=3": "unexpected extra argument '–kernel-size=3': use --kernel-size 3",
    "conv x.gif": "unexpected extra argument 'x.gif': use -o x.gif",
    "conv -k 3": "No such option '-k': use --k",
    "conv -s2": "No such option '-s': use --s",
    "conv -x": "No such option '-x': see cnnviz conv --help",
    "check conv -k 3": "No such option '-k': use --k",
    "gradient-descent Adam": "unexpected extra argument 'Adam': use --optimizer adam",
    "loss mse x": "unexpected extra argument 'x': name each value, as in cnnviz loss huber --delta 0.5 --label 1",
    "conv kernel_size=3": "unexpected extra argument 'kernel_size=3': use --kernel-size 3",
    "conv gif": "unexpected extra argument 'gif': use --format gif",
    "conv dark": "unexpected extra argument 'dark': use --theme dark",
    "--theme dark conv": "--theme comes too early: cnnviz FIGURE --theme …",
    "--versoin": "No such option '--versoin'. Did you mean '--version'?",
    "conv --k 2 3": "unexpected extra argument '3': use --k 2x3",
    "conv --input 1 2 -3": "No such option '-3': use --input \"1 2 -3\"",
    "gradient-descent --start 1 -2.5": "No such option '-2': use --start \"1 -2.5\"",
    "conv -3": "No such option '-3': see cnnviz conv --help",
    "conv --input 1 2 3 --k 1": "unexpected extra arguments '2' '3': use --input \"1 2 3\"",
    "conv --bias 1 2": "unexpected extra argument '2': name each value, as in cnnviz conv --k 3 --s 2 --p 1",
    "conv --seed 1 x 2": "unexpected extra arguments 'x' '2': name each value, as in cnnviz conv --k 3 --s 2 --p 1",
    "gradient-descent --start 1 2": "unexpected extra argument '2': use --start \"1 2\"",
    "gradient-descent --start 1, 2": "unexpected extra argument '2': use --start \"1 2\"",
    "conv --weight 3": "No such option '--weight': use --kernel",
    "conv --weights=3": "No such option '--weights': use --kernel",
    "cnn --weight 3": "No such option '--weight': use --weights",
    "conv --channels 3": "No such option '--channels': this figure has one channel and one kernel, so leave it out "
                         "(cnnviz cnn has more)",
    "conv --in_channels 3": "No such option '--in-channels': this figure has one channel and one kernel, so leave it "
                            "out (cnnviz cnn has more)",
    "pool --groups 2": "No such option '--groups': this figure has one channel and one kernel, so leave it out "
                       "(cnnviz cnn has more)",
    "conv --dark": "No such option '--dark': use --theme dark",
    "conv --fps 2": "No such option '--fps': use --step 0.5, the seconds of a step",
    "conv --speed 2": "No such option '--speed': use --step 0.5, the seconds of a step",
    "conv --delay 2": "No such option '--delay': use --step 0.5, the seconds of a step",
    "conv --duration 2": "No such option '--duration': use --step 0.5, the seconds of a step",
    "conv --no-loop": "No such option '--no-loop': use --once",
    "conv --loop": "No such option '--loop': use --no-once, which is how figures play unless told otherwise",
    "pool --mode avg": "No such option '--mode': the kind stands by itself, as in cnnviz pool avg",
    "activation --kind=gelu": "No such option '--kind': the kind stands by itself, as in cnnviz activation gelu",
    "loss --loss": "No such option '--loss': the kind stands by itself, as in cnnviz loss mse",
    "transposed-conv --mode scatter": "No such option '--mode': use --view",
    "fully-connected --in_features 3": "No such option '--in-features': use --inputs",
    "activation --negative_slope 0.1": "No such option '--negative-slope': use --alpha",
    "batch-norm --num_features 3": "No such option '--num-features': use --channels",
    "pool --return_indices": "No such option '--return-indices': cnnviz unpool shows where the maxima stood",
    "conv --kernal 3": "No such option '--kernal'. Did you mean '--kernel'?",
    "sheet conv --dark": "No such option '--dark': use --theme dark",
    "check conv --dark": "No such option '--dark': use --theme dark",
    "deck x.toml --for pptx": "No such option '--for': the extension chooses the kind of deck, as in -o deck.pptx",
    "deck x.toml --max-size 5MB": "No such option '--max-size': a smaller --width makes a smaller deck, as in "
                                  "--width 960",
    "deck x.toml --xyz": "No such option '--xyz': see cnnviz deck --help",
    "gallery x -o y": "No such option '-o': the page is index.html in the folder that it shows",
    "render x --output y": "No such option '--output': use --out FOLDER",
    "deck": "SETS is missing: give it, as in cnnviz deck animations/article.toml -o deck.pptx",
    "render": "SETS is missing: give it, as in cnnviz render article --out output/",
    "describe": "FIGURE|FILE is missing: give it, as in cnnviz describe conv --k 3 --s 2 --lang en",
    "deck conv -o x.pptx": "conv is a figure, and deck takes figure sets: write a TOML file, such as figures.toml, "
                           "with the lines [[figure]], scene = \"conv\" and name = \"conv\" in it",
    "render conv": "conv is a figure, and render takes figure sets: write a TOML file, such as figures.toml, "
                   "with the lines [[figure]], scene = \"conv\" and name = \"conv\" in it",
    "conv --code pytorch -o code.py": "-o code.py is for the picture, and the program is printed: use cnnviz conv "
                                      "--i 5 --k 3 --code pytorch > code.py",
    "conv --kernel 3": "--kernel 3 could be a size or the only weight: use --k 3, or --k 1 --kernel 3",
}


@pytest.mark.parametrize("line", STRAY_WORDS)
def test_a_word_in_the_wrong_place_is_told_with_the_right_one(cnnviz, line):
    assert refused(cnnviz, *line.split()) == (2, STRAY_WORDS[line])


def test_a_picture_is_no_figure_set(cnnviz):
    Path("x.gif").write_bytes(b"GIF89a")
    for tool in ("render", "deck"):
        said = "x.gif is no figure set: give a .toml file or a folder of them"
        assert refused(cnnviz, tool, "x.gif") == (2, said)


def test_python_spells_options_with_underscores(cnnviz):
    assert cnnviz("conv", "--kernel_size", 2, "--font_scale=1.5", "--max_size", "5", "MB", "-o", "x.json").code == 0
    assert told("x.json")["parameters"]["k"] == [2, 2]
    ran = cnnviz("check", "conv", "--kernel_size", 2)
    assert (ran.code, ran.out.count("\n")) == (0, 1)


@pytest.mark.parametrize(("given", "command"), [
    ("conv --theme Dark", "conv --i 5 --k 3 --theme dark"), ("conv --for PPTX", "conv --i 5 --k 3 --for pptx"),
    ("conv --notation hwksp", "conv --i 5 --k 3 --notation HWKSP"), ("activation GELU", "activation gelu"),
    ("activation leaky_ReLU", "activation leaky-relu"), ("pool AVG", "pool avg --i 4 --k 2"),
    ("gradient-descent --optimizer SGD", "gradient-descent --optimizer sgd"),
    ("conv --frame FIRST", "conv --i 5 --k 3 --frame first"),
])  # fmt: skip
def test_choices_are_taken_in_whatever_case(cnnviz, given, command):
    ran = cnnviz(*given.split(), "-o", "x.png" if "--frame" in given else "x.json", "-v")
    assert ran.code == 0
    assert ran.out.splitlines()[1].startswith(f"cnnviz {command}")


def test_a_place_in_capitals_is_that_place():
    from cnnviz.pipeline import make

    assert make("conv", for_="PPTX").appearance == make("conv", for_="pptx").appearance


def test_a_choice_has_one_meaning():
    """In whatever case it is written; and other words for choices lead to one, and are none themselves."""
    for scene in SCENES:
        for parameter in (*parameters_of(load_scene(scene)), *parameters_of(Appearance)):
            choices = parameter.spec.choices
            assert len({choice.lower().replace("_", "-") for choice in choices}) == len(choices)
            assert set(parameter.spec.near.values()) <= set(choices)
            assert not set(parameter.spec.near) & set(choices)


def test_what_is_suggested_is_there():
    from cnnviz.commands._hints import _MEANT, _OF_TOOLS, _UNKNOWN, COMMANDS
    from cnnviz.discovery import _ALSO_CALLED

    options = {name for scene in SCENES for option in scene_command(scene).params for name in option.opts}
    options |= {name for scene in SCENES for option in scene_command(scene).params for name in option.secondary_opts}
    for meant in [option for several in _MEANT.values() for option in several] + [it for it, _ in _UNKNOWN.values()]:
        assert re.split("[ :,]", meant)[0] in options, meant
    assert not {f"--{name}" for name in _MEANT} & set.intersection(*(
        {name for option in scene_command(scene).params for name in option.opts} for scene in SCENES
    ))  # fmt: skip
    assert set(COMMANDS.values()) <= {*tools(), "--help", "--version"}
    assert set(_OF_TOOLS) <= set(tools())
    assert not {*COMMANDS, *_ALSO_CALLED} & {*tools(), *SCENES}
    for figure in set(_ALSO_CALLED.values()):
        scene, *kind = figure.split()
        assert [p.check(word) for p in parameters_of(load_scene(scene)) if p.spec.positional for word in kind] == kind


def test_a_scene_without_examples_points_to_its_help(monkeypatch, cnnviz):
    monkeypatch.setattr(load_scene("conv"), "examples", ())
    assert refused(cnnviz, "conv", "3")[1].endswith("name each value, as in cnnviz conv --help")


def test_a_mistyped_kind_is_told_what_there_is(cnnviz):
    assert refused(cnnviz, "pool", "mx") == (2, "kind 'mx' is not known: did you mean max?")


@pytest.mark.parametrize(("given", "meant"), [
    ("activation swish", "silu"), ("activation LeakyReLU", "leaky-relu"), ("loss bce", "binary-cross-entropy"),
    ("loss l1", "mae"), ("loss L2", "mse"), ("loss ce", "cross-entropy"), ("pool mean", "avg"),
    ("pool average", "avg"), ("unpool average", "avg"),
])  # fmt: skip
def test_a_kind_by_another_name_is_told(cnnviz, given, meant):
    kind = given.split()[1]
    assert refused(cnnviz, *given.split()) == (2, f"kind {kind!r} is not known: did you mean {meant}?")


def test_a_theme_that_lacks_a_role_is_refused_without_a_trace(cnnviz):
    themes = Path(sys.modules["cnnviz"].__file__).parent / "render" / "themes"
    text = (themes / "article.toml").read_text(encoding="utf-8")
    Path("t.toml").write_text(text.replace("[cells.kernel_on_padding]", "[cells.other]"), encoding="utf-8")
    code, message = refused(cnnviz, "conv", "--p", 1, "--theme", "t.toml", "-o", "new/folder/x.gif")
    assert code == 2
    assert message.startswith("theme t has no cell role 'kernel_on_padding': ")


def test_places_where_nothing_can_be_written(cnnviz):
    Path("file").write_text("")
    Path("folder").mkdir()
    assert refused(cnnviz, "conv", "-o", "file/x.gif") == (1, "cannot write to folder file: file exists")
    assert refused(cnnviz, "conv", "-o", "file/a/x.gif") == (1, "cannot write to folder file/a: not a directory")
    Path("folder/notes.txt").write_text("")
    hint = "it is a folder that holds something else, give a file such as folder/conv_i5_k3_s1_p0.gif"
    assert refused(cnnviz, "conv", "-o", "folder") == (1, f"cannot write folder: {hint}")
    name = "a" * 300 + ".gif"
    assert refused(cnnviz, "conv", "-o", name) == (1, f"cannot write {name}: file name too long")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="/proc is Linux's")
def test_a_folder_that_takes_no_files(cnnviz):
    message = "cannot write to folder /proc: no such file or directory"
    assert refused(cnnviz, "conv", "-o", "/proc/x.gif") == (1, message)


def test_a_full_disk(tmp_path, cnnviz, monkeypatch):
    """On a disk of 16 KiB where one can be had, else with a system that says so."""
    shell = 'mount -t tmpfs -o size=16k none full || exit 99; "$@"; code=$?; ls -A full; exit $code'
    (tmp_path / "full").mkdir()
    words = ["unshare", "-rm", "sh", "-c", shell, "sh", *PROGRAM, "conv", "-o", "full/x.gif"]
    ran = None
    if shutil.which("unshare"):
        ran = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    if ran is not None and ran.returncode not in (1, 99):
        raise AssertionError(ran.stderr)
    if ran is not None and "mount" not in ran.stderr and "unshare" not in ran.stderr:
        message = "cnnviz: cannot write full/x.gif: no space left on device\n"
        assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", message)
        return

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    assert refused(cnnviz, "conv", "-o", "x.gif") == (1, "cannot write x.gif: no space left on device")


def test_a_disk_that_fills_up_leaves_the_old_file(cnnviz):
    resource = pytest.importorskip("resource")
    Path("x.gif").write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        outcome = refused(cnnviz, "conv", "-o", "x.gif")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert outcome == (1, "cannot write x.gif: file too large")
    assert Path("x.gif").read_bytes() == b"old"


def listed_to(stdout, cwd):
    """Exit code and stderr of `cnnviz list` into a file."""
    ran = subprocess.run([*PROGRAM, "list"], cwd=cwd, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    return ran.returncode, ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_terminal_that_takes_nothing(tmp_path):
    with open("/dev/full", "wb") as full:
        code, err = listed_to(full, tmp_path)
    assert (code, err) == (1, "cnnviz: cannot write: no space left on device\n")


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    code, err = listed_to(writer, tmp_path)
    os.close(writer)
    assert (code, err) == (1, "")


# A shell starts what runs in its background deaf to Ctrl-C, and children inherit that.
LISTENING = (
    "import runpy, signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "runpy.run_module('cnnviz', run_name='__main__', alter_sys=True)"
)


def interrupted(folder, sign, *arguments):
    """Send Ctrl-C once there is a file such as `sign`: exit code and what stands on stderr."""
    words = [sys.executable, "-c", LISTENING, *map(str, arguments)]
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 30
    while not list(folder.rglob(sign)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    return process.returncode, err


def test_ctrl_c(tmp_path):
    # The empty line keeps the message clear of the terminal's ^C.
    ran = interrupted(tmp_path, ".cnnviz-*.gif", "conv", "--i", 64, "-o", "new/x.gif")
    assert ran == (130, "\ncnnviz: interrupted\n")
    assert files(tmp_path) == set()


def test_ctrl_c_in_a_set_keeps_what_is_done(tmp_path):
    entry = '[[figure]]\nscene = "conv"\nname = "{}"\nformat = "{}"\ni = {}\n'
    (tmp_path / "s.toml").write_text(entry.format("a", "json", 4) + entry.format("b", "gif", 64))
    code, err = interrupted(tmp_path, "a.json", "render", "s.toml", "--out", "out", "--jobs", 1)
    assert (code, err) == (130, "\ncnnviz: interrupted\n")
    assert files(tmp_path / "out") == {"a.json", "manifest.json"}
    assert [record["name"] for record in told(tmp_path / "out" / "manifest.json")["figures"]] == ["a"]
