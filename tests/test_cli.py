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
    own |= {f"{parameter.name}_option" for parameter in declared if parameter.spec.positional}
    assert set(options) == {parameter.name for parameter in declared} | own
    assert len(command.params) == len(declared) + len(own), "a scene reuses a name"
    taken = [name for option in options.values() for name in option.opts + option.secondary_opts]
    assert len(taken) == len(set(taken)), "an option has two meanings"
    for parameter in declared:
        if parameter.spec.positional:
            assert isinstance(options[parameter.name], click.Argument)
            assert options[f"{parameter.name}_option"].opts == [parameter.option]
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
    "--k 6": "--k 5",
    "--s 0": "--s",
    "--p -1": "--p",
    "--k 3x2x1": "--k",
    "--k 2.5": "--k",
    "--k ''": "--k",
    "--i 1000000": "--i",
    "--i 512 --k 1": "4096",
    "--bias nan": "--bias",
    "--seed 1.5": "--seed",
    "--width 9999": "--width",
    "--hold inf": "--hold",
    "--i 4 --input '1 2; 3 4' --k 1": "--i",
    "--input '1 2 3 4'": "; between",
    "--k 2 --kernel '1 2 3'": "--k",
    "--input '1 nan; 3 4'": "column 2",
    "--input '1 2; 3'": "row 2",
    "--kernel 3": "--k 1 --kernel 3",
    "--theme articel": "did you mean article?",
    "--theme no.toml": "no.toml",
    "--for github2": "did you mean github?",
    "--title 'two\nlines'": "--title",
    "-o x.xyz": ".gif",
    "-o x.jsn": "did you mean .json?",
    "-o x": ".gif",
    "-k 3": "Did you mean '--k'?",
    "--kernal 3": "'--kernel'",
    "3": "3",
    "--k": "--k",
    "--code pytorch -o code.py": "> code.py",
}


@pytest.mark.parametrize("given", BAD_VALUES)
def test_bad_usage_is_told_with_what_would_work(cnnviz, given):
    code, message = refused(cnnviz, "conv", *shlex.split(given))
    assert code == 2
    assert BAD_VALUES[given] in message


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("cnov", "did you mean conv?"),
        ("fully_connected", "did you mean fully-connected?"),
        ("xyzzy", "conv-relation"),
        ("describe cnov", "did you mean conv?"),
        ("check cnov", "did you mean conv?"),
        ("pool mx", "did you mean max?"),
        ("pool max --kind avg", "--kind"),
        ("activation LeakyReLUU", "did you mean leaky-relu?"),
        ("check conv --lang x", "--lang"),
        ("check conv -k 3", "'--k'"),
        ("render", "SETS"),
        ("render conv", "figure sets"),
        ("deck conv -o x.pptx", "figure sets"),
        ("deck x.toml --xyz", "--xyz"),
        ("--nonsense", "--nonsense"),
    ],
)
def test_other_words_are_refused_with_a_hint(cnnviz, given, hint):
    code, message = refused(cnnviz, *given.split())
    assert code == 2
    assert hint in message


def test_a_title_that_is_too_long_or_too_deep(cnnviz):
    assert refused(cnnviz, "conv", "--title", "x" * 1001)[0] == 2
    assert cnnviz("conv", "--title", "x" * 1000, "-o", "x.json").code == 0
    for formula in (r"\hat{" * 21 + "x" + "}" * 21, r"\hat" * 30 + " x", "{" * 31 + "}" * 31):
        for words in (["conv", "-o", "y.json"], ["conv", "-o", "y.gif"], ["describe", "conv"]):
            code, message = refused(cnnviz, *words, "--title", f"${formula}$")
            assert code == 2
            assert "--title" in message
    assert cnnviz("conv", "--title", r"$\hat{\frac{x^{2}}{\sqrt{2}}}$", "--i", 3, "-o", "x.png").code == 0


def test_a_title_that_is_cut_is_told(cnnviz):
    title = "A convolution " * 12
    for more, told_so in ((title,), True), ((title, "-q"), False), ((title[:90],), False):
        ran = cnnviz("conv", "--i", 3, "--width", 320, "-o", "x.png", "--title", *more)
        assert (ran.code, "title" in ran.err) == (0, told_so)
    assert cnnviz("conv", "--title", title, "-o", "x.json").err == ""


def test_a_picture_is_no_figure_set(cnnviz):
    Path("x.gif").write_bytes(b"GIF89a")
    for tool in ("render", "deck"):
        code, message = refused(cnnviz, tool, "x.gif")
        assert (code, "x.gif" in message) == (2, True)


def test_python_spells_options_with_underscores(cnnviz):
    assert cnnviz("conv", "--kernel_size", 2, "--font_scale=1.5", "-o", "x.json").code == 0
    assert told("x.json")["parameters"]["k"] == [2, 2]
    ran = cnnviz("check", "conv", "--kernel_size", 2)
    assert (ran.code, ran.out.count("\n")) == (0, 1)


@pytest.mark.parametrize(("given", "command"), [
    ("conv --theme Dark", "conv --i 5 --k 3 --theme dark"), ("conv --for PPTX", "conv --i 5 --k 3 --for pptx"),
    ("conv --notation hwksp", "conv --i 5 --k 3 --notation HWKSP"), ("activation GELU", "activation gelu"),
    ("activation leaky_ReLU", "activation leaky-relu"), ("lrn --kind intra", "lrn intra"),
    ("norm --kind=group", "norm group"), ("gradient-descent --optimizer SGD", "gradient-descent --optimizer sgd"),
    ("conv --frame FIRST", "conv --i 5 --k 3 --frame first"), ("conv --bias −0,5", "conv --i 5 --k 3 --bias -0.5"),
])  # fmt: skip
def test_one_value_in_other_words(cnnviz, given, command):
    ran = cnnviz(*given.split(), "-o", "x.png" if "--frame" in given else "x.json", "-v")
    assert ran.code == 0
    assert ran.out.splitlines()[1].startswith(f"cnnviz {command}")


def test_a_choice_has_one_meaning():
    for scene in SCENES:
        for parameter in (*parameters_of(load_scene(scene)), *parameters_of(Appearance)):
            choices = parameter.spec.choices
            assert len({choice.lower().replace("_", "-") for choice in choices}) == len(choices)


def test_a_theme_that_lacks_a_role_is_refused_without_a_trace(cnnviz):
    themes = Path(sys.modules["cnnviz"].__file__).parent / "render" / "themes"
    text = (themes / "article.toml").read_text(encoding="utf-8")
    Path("t.toml").write_text(text.replace("[cells.kernel_on_padding]", "[cells.other]"), encoding="utf-8")
    code, message = refused(cnnviz, "conv", "--p", 1, "--theme", "t.toml", "-o", "new/folder/x.gif")
    assert (code, "kernel_on_padding" in message) == (2, True)


# Environments


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("conv --the", {"--theme"}),
        ("conv --theme d", {"file", "dark"}),
        ("conv --lang z", {"file", "zh"}),
        ("conv --for p", {"pptx", "pypi", "print"}),
        ("conv --code p", {"pytorch"}),
        ("conv --format m", {"mp4"}),
        ("conv --notation h", {"HWKSP"}),
        ("conv --input a", {"file", "arange"}),
        ("conv --kernel sob", {"file", "sobel-x", "sobel-y"}),
        ("conv -o x", {"file"}),
        ("pool a", {"avg"}),
        ("pool --kind a", {"avg"}),
        ("info mir", {"file"}),
        ("rerun mir", {"file"}),
        ("render mir", {"file"}),
        ("describe tran", {"file", "transposed-conv"}),
        ("describe conv --input-s", {"--input-size"}),
        ("sheet conv --theme d", {"file", "dark"}),
        ("check conv --notation i", {"file", "ikspo"}),
        ("check --against t", {"torch"}),
        ("languages z", {"file", "zh"}),
    ],
)
def test_a_shell_completes(monkeypatch, cnnviz, words, offered):
    monkeypatch.setenv("_CNNVIZ_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"cnnviz {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
    lines = [line.partition(",") for line in cnnviz().out.splitlines()]
    assert {"file" if kind == "file" else value for kind, _, value in lines} == offered


def test_help_where_python_drops_docstrings(tmp_path):
    for tool in ("conv", "render"):
        out = program(tool, "--help", cwd=tmp_path, PYTHONOPTIMIZE="2").stdout
        assert summary((find_scenes() | tools())[tool]) in words_of(out)
        assert "(*" not in out


def test_a_home_directory_that_the_shell_has_left(monkeypatch, cnnviz):
    Path("home").mkdir()
    monkeypatch.setenv("HOME", str(Path("home").resolve()))
    Path("home/x.csv").write_text("1 2\n3 4\n")
    assert cnnviz("conv", "--input=~/x.csv", "--k", 1, "--output=~/x.json").code == 0
    assert told("home/x.json")["parameters"]["i"] == [2, 2]
    Path("s.toml").write_text('[[figure]]\nscene = "conv"\nname = "a"\nformat = "json"\nk = 1\ninput = "~/x.csv"\n')
    assert cnnviz("render", "s.toml", "--out=~/out", "-q").code == 0
    assert told("home/out/a.json")["parameters"]["i"] == [2, 2]


def test_a_default_folder_that_cannot_be_written(cnnviz):
    Path("output").write_text("")
    code, message = refused(cnnviz, "conv")
    assert (code, "-o FILE" in message) == (1, True)


def test_places_where_nothing_can_be_written(cnnviz):
    Path("file").write_text("")
    for place in ("file/x.gif", "file/a/x.gif", "a" * 300 + ".gif"):
        assert refused(cnnviz, "conv", "-o", place)[0] == 1


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
