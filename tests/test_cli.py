"""The command line from end to end: what it writes, what it says, and how it refuses."""

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
from tests.conftest import files
from tests.figures import FEWER

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


# What is written


def test_a_gif_that_others_can_open(cnnviz):
    ran = cnnviz("conv", "--i", 5, "--k", 3, "--s", 2, "--p", 1, "--width", 480)
    name = "output/conv_i5_k3_s2_p1.gif"
    kib = Path(name).stat().st_size / 1024
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{name}: 480×270 px, 10 steps, 19.2 s, {kib:.1f} KiB\n"
    assert files() == {"output", name}
    # An output of floor((5 + 2 - 3) / 2) + 1 = 3 rows and columns, a step for each: after 1.2 s of the question three
    # are read for 3 s, six take 1 s, and what they come to is held for 3 s. Between them windows and results move.
    size, delays, loop, command = film(name)
    assert (size, loop, command) == ((480, 270), 0, "cnnviz conv --i 5 --k 3 --s 2 --p 1 --width 480")
    assert sum(delays) == 1200 + 3 * 3000 + 6 * 1000 + 3000
    assert delays[-1] == 3000
    assert sum(delay > 40 for delay in delays) == 1 + 10
    frames = iio.imread(name, index=None)
    assert frames.shape == (len(delays), 270, 480, 3)
    assert all((one != other).any() for one, other in pairwise(frames))


def test_the_command_in_the_file_gives_the_same_bytes_anywhere(here):
    given = r"""--input-size 6x5 --kernel '-1 0.5; 2 1e-3; 0 1/3' --stride 2x1 --padding 0x1 --flip --bias -0.5 --seed 7
        --title "It's $x^2$, \"quoted\"" --width 320 --no-values --step 0.25 --hold 1.5 --tween 0 --once"""
    for folder in ("a", "b"):
        Path(folder).mkdir()
    first = program("conv", *shlex.split(given), "-o", "first.gif", cwd="a", PYTHONHASHSEED="1")
    assert first.returncode == 0
    size, delays, loop, command = film("a/first.gif")
    assert (size, loop) == ((320, 180), None)
    assert delays == [250] * (len(delays) - 1) + [1500]
    words = shlex.split(command)
    assert words[:2] == ["cnnviz", "conv"]
    ran = program(*words[1:], "--output", "second.gif", cwd="b", PYTHONHASHSEED="2", LC_ALL="C")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert Path("a/first.gif").read_bytes() == Path("b/second.gif").read_bytes()


NAMES = {
    "conv": "conv_i5_k3_s1_p0",
    "conv --k 2x3 --s 2 --d 2 --flip": "conv_i5_k2x3_s2_p0_d2_flip",
    "conv --bias -0.5": "conv_i5_k3_s1_p0_bias-0.5",
    "conv --input '1 2; 3 4' --k 1": "conv_i2_k1_s1_p0_input1-2-3-4",
    "conv --input folder/map.csv --k 1": "conv_i2_k1_s1_p0_inputmap",
    "conv --kernel sobel-x --seed 3": "conv_i5_k3_s1_p0_seed3_kernelsobel-x",
    "conv --title 'My title' --width 640 --once": "conv_i5_k3_s1_p0_titleMy-title",
    "pool avg": "pool_avg_i4_k2_s2",
}


def test_file_names_tell_the_parameters(cnnviz):
    Path("folder").mkdir()
    Path("folder/map.csv").write_text("1,2\n3,4\n")
    for given, name in NAMES.items():
        ran = cnnviz(*shlex.split(given), "--format", "json")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith(f"output/{name}.json: ")
    assert files("output") == {f"{name}.json" for name in NAMES.values()}


def test_quiet_and_verbose(cnnviz):
    ran = cnnviz("conv", "--i", 4, "-o", "x.json", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    lines = cnnviz("conv", "--i", 4, "-o", "x.json", "--verbose").out.splitlines()
    assert lines[1:] == ["cnnviz conv --i 4 --k 3", told("x.json")["alt"]]


# Values in the many ways that they can be written


def test_no_scene_has_the_name_of_a_tool_or_a_module():
    package = Path(sys.modules["cnnviz"].__file__).parent
    taken = {name.replace("-", "_") for name in tools()} | {path.stem for path in package.iterdir()} - {"scenes"}
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
def test_every_parameter_is_an_option_under_all_its_names_with_its_own_help(cnnviz, scene):
    ran = cnnviz(scene, "--help")
    assert (ran.code, ran.err) == (0, "")
    taken = [name for option in scene_command(scene).params for name in option.opts + option.secondary_opts]
    assert len(taken) == len(set(taken)), "an option has two meanings"
    for parameter in [*parameters_of(load_scene(scene)), *parameters_of(Appearance)]:
        spec = parameter.spec
        assert {parameter.option, f"--{spec.alias or parameter.option[2:]}"} <= set(taken)
        # None cannot be written in a command: it must be what stands where nothing is given.
        assert not parameter.optional or parameter.default is None
        row = words_of(re.search(rf"^  {parameter.option}(?:[ ,].*)?\n(?:   .*\n)*", ran.out, re.MULTILINE)[0])
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
    assert cnnviz("--version").out == f"cnnviz, version {__version__}\n"


def test_help_and_import_do_not_wait_for_the_libraries(tmp_path):
    code = (
        "import sys, cnnviz\ndir(cnnviz)\nimported = {'click'} & set(sys.modules)\nfrom cnnviz.cli import main\n"
        "for words in (['--help'], ['list'], ['--version'], ['render', '--help']):\n"
        "    try:\n        main(words)\n    except SystemExit as left:\n        assert left.code == 0\n"
        "print(imported | {'numpy', 'matplotlib', 'PIL', 'imageio'} & set(sys.modules), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ran.stderr == "set()\n"


def provide(path):
    """A file such as an example names: a network, or a picture."""
    if path.suffix == ".onnx":
        path.write_bytes(read_onnx("digits", None).proto.SerializeToString())
    else:
        iio.imwrite(path, np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8))


@scenes
def test_every_example_in_the_help_works(cnnviz, scene):
    fewer = [f"--{name}={value}" for name, value in FEWER.get(scene, {}).items()]
    for example in load_scene(scene).examples:
        words = shlex.split(example.partition(" -o ")[0])[1:]
        for word in words:
            if re.fullmatch(r"[\w-]+\.(?!toml)[a-z]+", word):
                provide(Path(word))
        ran = cnnviz(*words, *fewer, "-o", "x.json")
        assert (ran.code, ran.err) == (0, ""), example
        assert told("x.json")["scene"] == scene


# Refusals: one line, the right code, nothing written


REFUSED = {
    "conv --k 6": "--k 5",
    "conv --s 0": "--s",
    "conv --k ''": "--k",
    "conv --i 512 --k 1": "4096",
    "conv --seed 1.5": "--seed",
    "conv --width 9999": "--width",
    "conv --i 4 --input '1 2; 3 4' --k 1": "--i",
    "conv --input '1 2 3 4'": "; between",
    "conv --kernel 3": "--k 1 --kernel 3",
    "conv --theme articel": "did you mean article?",
    "conv --title 'two\nlines'": "--title",
    "conv -o x.jsn": "did you mean .json?",
    "conv -k 3": "conv --help",
    "conv --kernal 3": "'--kernel'",
    "conv --k": "--k",
    "conv --code pytorch -o code.py": "code.py",
    "cnov": "did you mean conv?",
    "xyzzy": "conv-relation",
    "describe cnov": "did you mean conv?",
    "pool max --kind avg": "--kind",
    "render": "SETS",
    "render conv": "figure set conv does not exist",
    "deck x.toml --xyz": "--xyz",
    "--nonsense": "--nonsense",
    "render https://x/a.toml": "https://x/a.toml is a web address",
    "info https://x/a.gif": "https://x/a.gif is a web address",
    "conv -o ftp://x/a.gif": "ftp://x/a.gif is a web address",
    "conv --code pytorch -o -": "--code",
    f"conv --title {'x' * 1001}": "--title",
    "conv -o y.json --title '$" + r"\hat{" * 21 + "x" + "}" * 21 + "$'": "--title",
    "conv -o y.json --title '$" + "{" * 31 + "}" * 31 + "$'": "--title",
}


@pytest.mark.parametrize("given", REFUSED)
def test_bad_usage_is_told_with_what_would_work(refused, given):
    code, message = refused(*shlex.split(given))
    assert code == 2
    assert REFUSED[given] in message


OTHER_WORDS = {
    "conv --kernel_size 2": "conv --i 5 --k 2",
    "conv --theme Dark": "conv --i 5 --k 3 --theme dark",
    "conv --for PPTX": "conv --i 5 --k 3 --for pptx",
    "conv --notation hwksp": "conv --i 5 --k 3 --notation HWKSP",
    "activation leaky_ReLU": "activation leaky-relu",
    "lrn --kind intra": "lrn intra",
    "activation elu --alpha 0,5": "activation elu --alpha 0.5",
}


def test_one_value_in_other_words(cnnviz):
    for given, command in OTHER_WORDS.items():
        ran = cnnviz(*given.split(), "-o", "x.json", "-v")
        assert ran.code == 0
        assert ran.out.splitlines()[1].startswith(f"cnnviz {command}")


# Environments


COMPLETED = {
    "conv --the": "--theme",
    "conv --theme d": "dark file",
    "conv --input a": "arange file",
    "pool a": "avg",
    "info mir": "file",
    "describe tran": "transposed-conv",
}


def test_a_shell_completes(monkeypatch, cnnviz):
    monkeypatch.setenv("_CNNVIZ_COMPLETE", "bash_complete")
    for words, offered in COMPLETED.items():
        monkeypatch.setenv("COMP_WORDS", f"cnnviz {words}")
        monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
        lines = [line.partition(",") for line in cnnviz().out.splitlines()]
        assert sorted("file" if kind == "file" else value for kind, _, value in lines) == offered.split()


def test_a_home_directory_that_the_shell_has_left(monkeypatch, cnnviz):
    monkeypatch.setenv("HOME", str(Path.cwd()))
    Path("x.csv").write_text("1 2\n3 4\n")
    Path("s.toml").write_text('[[figure]]\nscene = "conv"\nname = "a"\nformat = "json"\nk = 1\ninput = "~/x.csv"\n')
    assert cnnviz("conv", "--input=~/x.csv", "--k", 1, "--output=~/x.json").code == 0
    assert cnnviz("render", "s.toml", "--out=~/out", "-q").code == 0
    assert told("x.json")["parameters"]["i"] == told("out/a.json")["parameters"]["i"] == [2, 2]


def test_a_default_folder_that_cannot_be_written(refused):
    Path("output").write_text("")
    code, message = refused("conv")
    assert (code, "-o FILE" in message) == (1, True)


def listed_to(stdout, cwd):
    """Exit code and stderr of `cnnviz list` into a file."""
    ran = subprocess.run([*PROGRAM, "list"], cwd=cwd, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    return ran.returncode, ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_terminal_that_takes_nothing(tmp_path):
    with open("/dev/full", "wb") as full:
        assert listed_to(full, tmp_path) == (1, "cnnviz: cannot write: no space left on device\n")


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    assert listed_to(writer, tmp_path) == (1, "")
    os.close(writer)


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
