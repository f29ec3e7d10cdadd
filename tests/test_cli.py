"""The command line from end to end: what it writes, what it says, and how it refuses."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from cnnviz import __version__
from cnnviz.appearance import Appearance
from cnnviz.cli import scene_command, tools
from cnnviz.discovery import find_scenes, load_scene, summary
from cnnviz.network.onnx_file import read_onnx
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
    line = f"output/conv_i5_k3_s2_p1.gif: 960×540 px, 9 steps, 16.2 s, {kib:.1f} KiB\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, line, "")
    assert files(tmp_path) == {"output", "output/conv_i5_k3_s2_p1.gif"}
    # An output of floor((5 + 2 - 3) / 2) + 1 = 3 rows and columns, a step for each: after 1.2 s of the question two are
    # read for 3 s, six take 1 s, and the last one is held for 3 s. Between them windows and results move.
    size, delays, loop, command = film(path)
    assert (size, loop, command) == ((960, 540), 0, "cnnviz conv --i 5 --k 3 --s 2 --p 1")
    assert sum(delays) == 1200 + 2 * 3000 + 6 * 1000 + 3000
    # Its parts come one after another within its time.
    assert 3000 - 5 * 20 <= delays[-1] <= 3000
    assert sum(delay > 40 for delay in delays) == 1 + 9
    frames = iio.imread(path, index=None)
    assert frames.shape == (len(delays), 540, 960, 3)
    assert all((one != other).any() for one, other in pairwise(frames))


def test_the_command_in_the_file_gives_the_same_bytes_anywhere(tmp_path):
    given = (
        "conv", "--input-size", "6x5", "--kernel", "-1 0.5; 2 1e-3; 0 1/3", "--stride", "2x1", "--padding", "0x1",
        "--flip", "--bias", -0.5, "--seed", 7, "--title", "It's $x^2$, \"quoted\"", "--width", 640, "--no-values",
        "--step", 0.25, "--hold", 1.5, "--tween", 0, "--once",
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


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("conv", "conv_i5_k3_s1_p0"),
        ("conv --k 2x3 --s 2 --d 2 --flip", "conv_i5_k2x3_s2_p0_d2_flip"),
        ("conv --bias -0.5", "conv_i5_k3_s1_p0_bias-0.5"),
        ("conv --input '1 2; 3 4' --k 1", "conv_i2_k1_s1_p0_input1-2-3-4"),
        ("conv --input folder/map.csv --k 1", "conv_i2_k1_s1_p0_inputmap"),
        ("conv --kernel sobel-x --seed 3", "conv_i5_k3_s1_p0_seed3_kernelsobel-x"),
        ("conv --title 'My title' --width 640 --once", "conv_i5_k3_s1_p0_titleMy-title"),
        ("pool avg", "pool_avg_i4_k2_s2"),
    ],
)
def test_file_names_tell_the_parameters(cnnviz, given, name):
    Path("folder").mkdir()
    Path("folder/map.csv").write_text("1,2\n3,4\n")

    ran = cnnviz(*shlex.split(given), "--width", 320, "--tween", 0)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"output/{name}.gif: ")
    assert files("output") == {f"{name}.gif"}


def test_quiet_and_verbose(cnnviz):
    ran = cnnviz("conv", "--i", 4, "-o", "x.json", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert Path("x.json").exists()
    lines = cnnviz("conv", "--i", 4, "-o", "x.json", "-v").out.splitlines()
    assert lines[1:] == ["cnnviz conv --i 4 --k 3", told("x.json")["alt"]]
    assert cnnviz("conv", "--i", 4, "-o", "x.json", "--quiet").out == ""
    assert len(cnnviz("conv", "--i", 4, "-o", "x.json", "--verbose").out.splitlines()) == 3


# Values in the many ways that they can be written


@scenes
def test_every_parameter_is_an_option_under_all_its_names(scene):
    taken = [name for option in scene_command(scene).params for name in option.opts + option.secondary_opts]
    assert len(taken) == len(set(taken)), "an option has two meanings"
    for parameter in [*parameters_of(load_scene(scene)), *parameters_of(Appearance)]:
        assert {parameter.option, f"--{parameter.spec.alias or parameter.option[2:]}"} <= set(taken)


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
    for name in (*find_scenes(), *tools()):
        assert re.search(rf"^  {name}  +\S", ran.out, re.MULTILINE)
    assert cnnviz("-h").out == ran.out


@scenes
def test_every_figures_help_tells_all(cnnviz, scene):
    ran = cnnviz(scene, "--help")
    assert (ran.code, ran.err) == (0, "")
    for parameter in [*parameters_of(load_scene(scene)), *parameters_of(Appearance)]:
        spec = parameter.spec
        first = parameter.name.upper() if spec.positional else parameter.option
        row = words_of(re.search(rf"^  {first}(?:[ ,].*)?\n(?:   .*\n)*", ran.out, re.MULTILINE)[0])
        assert words_of(spec.help.rstrip(".")) in row
        assert all(choice in row for choice in spec.choices)
        assert spec.alias is None or spec.alias in row
        if parameter.type is not bool and parameter.shown_default:
            assert f"[default: {words_of(parameter.shown_default)}]" in row


def test_the_list_has_a_line_for_every_figure(cnnviz):
    ran = cnnviz("list")
    assert (ran.code, ran.err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert lines == {name: summary(file) for name, file in find_scenes().items()}


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
        colors = np.stack([values, values.T, values[::-1]], axis=2)
        Image.fromarray((colors * 4).astype(np.uint8)).resize((64, 48)).save(path)
    elif path.suffix in (".csv", ".txt"):
        np.savetxt(path, values, delimiter=",")
    elif path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".onnx":
        path.write_bytes(read_onnx("digits", None).proto.SerializeToString())
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
            ran = cnnviz(*words, "--width", 320, "--tween", 0, "-q")
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
    "--k ''": "--k",
    "--i 512 --k 1": "4096",
    "--seed 1.5": "--seed",
    "--width 9999": "--width",
    "--i 4 --input '1 2; 3 4' --k 1": "--i",
    "--input '1 2 3 4'": "; between",
    "--k 2 --kernel '1 2 3'": "--k",
    "--kernel 3": "--k 1 --kernel 3",
    "--theme articel": "did you mean article?",
    "--for github2": "did you mean github?",
    "--title 'two\nlines'": "--title",
    "-o x.xyz": ".gif",
    "-o x.jsn": "did you mean .json?",
    "-k 3": "Did you mean '--k'?",
    "--kernal 3": "'--kernel'",
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
        ("xyzzy", "conv-relation"),
        ("describe cnov", "did you mean conv?"),
        ("pool max --kind avg", "--kind"),
        ("check conv --lang x", "--lang"),
        ("render", "SETS"),
        ("render conv", "figure sets"),
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
    for formula in (r"\hat{" * 21 + "x" + "}" * 21, "{" * 31 + "}" * 31):
        code, message = refused(cnnviz, "conv", "-o", "y.json", "--title", f"${formula}$")
        assert (code, "--title" in message) == (2, True)


@pytest.mark.parametrize(("given", "command"), [
    ("conv --theme Dark", "conv --i 5 --k 3 --theme dark"), ("conv --for PPTX", "conv --i 5 --k 3 --for pptx"),
    ("conv --notation hwksp", "conv --i 5 --k 3 --notation HWKSP"), ("activation GELU", "activation gelu"),
    ("activation leaky_ReLU", "activation leaky-relu"), ("lrn --kind intra", "lrn intra"),
    ("norm --kind=group", "norm group"), ("gradient-descent --optimizer SGD", "gradient-descent --optimizer sgd"),
    ("conv --frame FIRST", "conv --i 5 --k 3 --frame first"),
    ("activation elu --alpha 0,5", "activation elu --alpha 0.5"),
])  # fmt: skip
def test_one_value_in_other_words(cnnviz, given, command):
    ran = cnnviz(*given.split(), "-o", "x.png" if "--frame" in given else "x.json", "-v")
    assert ran.code == 0
    assert ran.out.splitlines()[1].startswith(f"cnnviz {command}")


# Environments


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("conv --the", {"--theme"}),
        ("conv --theme d", {"file", "dark"}),
        ("conv --input a", {"file", "arange"}),
        ("conv --kernel sob", {"file", "sobel-x", "sobel-y"}),
        ("pool a", {"avg"}),
        ("info mir", {"file"}),
        ("describe tran", {"file", "transposed-conv"}),
    ],
)
def test_a_shell_completes(monkeypatch, cnnviz, words, offered):
    monkeypatch.setenv("_CNNVIZ_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"cnnviz {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
    lines = [line.partition(",") for line in cnnviz().out.splitlines()]
    assert {"file" if kind == "file" else value for kind, _, value in lines} == offered


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


@pytest.mark.parametrize(
    "words", [("render", "https://x/a.toml"), ("info", "https://x/a.gif"), ("conv", "-o", "ftp://x/a.gif")]
)
def test_a_web_address_is_refused_as_such(cnnviz, words):
    result = cnnviz(*words)
    assert result.code == 2
    assert f"{words[-1]} is a web address" in result.err
