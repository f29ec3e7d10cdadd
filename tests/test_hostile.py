"""Files, names and places that mean harm, or could as well: through the real entry point, each ends in one line."""

from __future__ import annotations

import io
import json
import os
import socket
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SMALL = ["--i", "3", "--k", "2", "--width", "320", "--tween", "0", "-q"]
SET = '[[figure]]\nscene = "conv"\ni = 3\nk = 2\nwidth = 320\ntween = 0\n'


def refused(cnnviz, *arguments):
    ran = cnnviz(*arguments)
    assert ran.out == ""
    assert ran.err.startswith("cnnviz: ")
    assert ran.err.count("\n") == 1
    assert len(ran.err) < 500
    return ran.code, ran.err.removeprefix("cnnviz: ").removesuffix("\n")


def files():
    return {path.as_posix() for path in Path().rglob("*")}


# What is read: all of it by one process that may not have much memory

BEYOND = "has more than 52000000 pixels: make the image smaller"
NO_ARRAY = "is cut short: save it with numpy.save"
DAMAGED = "is cut short or damaged: save the image again"
START = b"\x89PNG\r\n\x1a\n"


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks, sides=(8, 8)):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *sides, 8, 0, 0, 0, 0))
    return START + head + b"".join(chunks) + chunk(b"IDAT", zlib.compress(bytes(72))) + chunk(b"IEND", b"")


def gif(screen, frame):
    image = b"," + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\x02\x02\x4c\x01\x00;"
    return b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes(6) + image


def npy(shape):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return file.getvalue()


def sparse(size):
    def write(path):
        with path.open("wb") as file:
            file.truncate(size)

    return write


INFLATING = zlib.compress(bytes(50 * 2**20), 9)
HUGE = 16 * 2**20
READ = {
    "bomb.png": (png(sides=(30_000, 30_000)), BEYOND),
    "text.png": (png(chunk(b"iTXt", b"Comment\0\1\0\0\0" + INFLATING)), DAMAGED),
    "screen.gif": (gif((65535, 65535), (8, 8)), BEYOND), "frame.gif": (gif((8, 8), (65535, 65535)), BEYOND),

    "bomb.ppm": (b"P6\n30000 30000\n255\n", BEYOND), "comment.ppm": (b"P6\n#" + b"x" * 10_000_000, DAMAGED),
    "header.npy": (npy((10**9, 1)), "is cut short: save it with numpy.save"),
    "deep.npy": (b"\x93NUMPY\2\0" + struct.pack("<I", 9000) + b"(" * 9000, NO_ARRAY),
    "gigabyte.csv": (sparse(2**30), "has 1073741824 bytes: use at most 67108864"),
    "zeros.csv": (sparse(HUGE), "line 1, column 1: '\\x00"),
    "digits.csv": (b"1" * HUGE, "line 1, column 1: '111"),
}  # fmt: skip
READER = """
import contextlib, io, json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
from cnnviz.cli import main
said = {}
for name in sys.argv[1:]:
    err = io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.suppress(SystemExit):
        try:
            main(["conv", "--input", name, "-o", "x.json"])
        except Exception as error:
            err.write(repr(error))
    said[name] = err.getvalue()
# Not the resources' peak, in which what started this process counts, too.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
said["peak"] = int(status["VmHWM"].split()[0])
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What cnnviz says to each file, and its peak of memory in KiB."""
    folder = tmp_path_factory.mktemp("read")
    for name, (content, _) in READ.items():
        content(folder / name) if callable(content) else (folder / name).write_bytes(content)
    ran = subprocess.run([sys.executable, "-c", READER, *READ], cwd=folder, capture_output=True, check=True, timeout=60)
    assert not (folder / "x.json").exists()
    return json.loads(ran.stdout)


@pytest.mark.parametrize("name", READ)
def test_an_input_that_means_harm_is_refused_in_one_line(said, name):
    assert said[name].startswith(f"cnnviz: input file '{name}'")
    assert READ[name][1] in said[name]
    assert said[name].count("\n") == 1
    assert len(said[name]) < 300


def test_refusing_takes_little_memory(said):
    assert said["peak"] < 300 * 1024


@pytest.mark.parametrize("count", [1001, 12_000])
def test_weights_of_many_entries_are_refused(cnnviz, count):
    with zipfile.ZipFile("many.npz", "w") as archive:
        for number in range(count):
            archive.writestr(f"a long enough name of an entry {number}.npy", b"")
    code, message = refused(cnnviz, "cnn", "--weights", "many.npz", "-o", "x.json")
    assert (code, "1000" in message) == (2, True)


# TOML: a set and a theme

TOML = {
    "list": ("x = " + "[" * 100_000, "is not valid TOML"), "table": ("x = " + "{a=" * 5000, "is not valid TOML"),
    "key": ("a." * 100_000 + "b = 1", "has a key of more than 50 parts"),
    "hex": ("[[figure]]\nk = 0x" + "f" * 4000, "has a whole number of more than 64 bits"),
    "nul": ("[[figure]]\nk = \0", "is not valid TOML"), "size": (None, "bytes: use at most 8388608"),
    "pipe": (None, "is no regular file"), "loop": (None, ""), "utf16": (None, "is not valid TOML"),
    "folder": (None, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", TOML)
def test_toml_that_means_harm_is_refused_in_one_line(cnnviz, name):
    text, message = TOML[name]
    path = Path(f"{name}.toml")
    if text is not None:
        path.write_text(text, encoding="utf-8")
    elif name == "size":
        sparse(2**31)(path)
    elif name == "pipe":
        os.mkfifo(path)
    elif name == "loop":
        path.symlink_to(path)
    elif name == "folder":
        path.mkdir()
    else:
        path.write_bytes("[[figure]]".encode("utf-16"))
    for words in (
        ["render", path, "--out", "out"],
        ["conv", "--theme", path, "-o", "out/x.png"],
        ["conv", "--lang", path, "-o", "out/x.png"],
    ):
        code, told = refused(cnnviz, *words)
        assert code == 2
        assert message in told
    assert not Path("out").exists()


CLIMBING = ("../x", "/tmp/x", "a/../../x", "..", "..\\\\x", ".hidden", "-x", "a ", "x\\u0000", "x\\n", "a%2fb")


@pytest.mark.parametrize("name", CLIMBING)
def test_no_figure_leaves_the_output_folder(cnnviz, name):
    Path("s.toml").write_text(f'{SET}name = "{name}"\n', encoding="utf-8")
    code, message = refused(cnnviz, "render", "s.toml", "--out", "a/out")
    assert code == 2
    assert "does not do as a file name" in message
    # The dot of an extension may be there.
    extension = name.replace(".hidden", "./x")
    Path("s.toml").write_text(f'{SET}name = "x"\nformat = ["gif", "{extension}"]\n', encoding="utf-8")
    code, message = refused(cnnviz, "render", "s.toml", "--out", "a/out")
    assert code == 2
    assert "is not a file's extension: give one such as gif" in message
    assert files() == {"s.toml"}


# Links


def test_links_that_lead_nowhere_are_told(cnnviz):
    Path("s.toml").write_text(f'{SET}name = "a"\n', encoding="utf-8")
    Path("loop").symlink_to("loop")
    Path("loop.csv").symlink_to("loop.csv")
    Path("loop.gif").symlink_to("loop.gif")
    before = files()
    assert refused(cnnviz, "conv", "-o", "loop.gif")[0] == 1
    assert refused(cnnviz, "conv", "-o", "loop/x.gif") == (1, "cannot write to folder loop: file exists")
    assert refused(cnnviz, "render", "s.toml", "--out", "loop", "-q") == (1, "cannot write to folder loop: file exists")
    assert refused(cnnviz, "conv", "--input", "loop.csv") == (
        2,
        "input file 'loop.csv' cannot be read: Too many levels of symbolic links",
    )
    assert refused(cnnviz, "info", "loop.gif") == (1, "cannot read loop.gif: too many levels of symbolic links")
    assert files() == before


# Names

NAMES = (b"\xff", b"a b", b"%s%d%2e", b"#", b"'\"", b"new\nline", b"-x", "π".encode(), b"$(touch y)", b"\\")


def test_files_of_any_name_are_written_and_read(cnnviz):
    for name in map(os.fsdecode, NAMES):
        Path(f"{name}.csv").write_text("1 2 3\n4 5 6\n7 8 9")
        given = ["--k", "2", "--width", "320", "--tween", "0", "--format", "gif,json", "-q"]
        ran = cnnviz("conv", "--input", f"{name}.csv", *given, "-o", f"out/{name}")
        assert (ran.code, ran.err) == (0, ""), name
        with Image.open(f"out/{name}.gif") as image:
            assert image.n_frames > 1
        assert cnnviz("info", f"./out/{name}.gif").code == 0
        again = cnnviz("rerun", f"./out/{name}.gif", "-o", f"./out/{name}.again.gif", "-q")
        assert (again.code, again.err) == (0, ""), name
        assert Path(f"out/{name}.gif").read_bytes() == Path(f"out/{name}.again.gif").read_bytes()
    assert len(files()) == 1 + 4 * len(NAMES)


# Places


FORMATS = ("gif", "webp", "apng", "png", "svg", "pdf", "html", "json", "zip", "mp4", "webm")


def written_in_many_ways(folder):
    """Commands that write into a folder, each with what is to be there before."""
    return [
        *(["conv", *SMALL, "-o", f"{folder}/x.{kind}"] for kind in FORMATS),
        ["conv", *SMALL, "--format", "frames", "-o", f"{folder}/frames/"],
        ["sheet", "conv", "--width", "320", "-o", f"{folder}/s.pdf"], ["themes", "-o", f"{folder}/t.png"],
        *(["deck", "s.toml", "-q", "-o", f"{folder}/d.{kind}"] for kind in ("html", "md", "tex", "pptx")),
    ]  # fmt: skip


def test_a_disk_that_fills_up_is_told_and_nothing_left(cnnviz):
    resource = pytest.importorskip("resource")
    Path("s.toml").write_text(f'{SET}name = "a"\n', encoding="utf-8")
    assert cnnviz("render", "s.toml", "--out", "out", "-q").code == 0
    before, hard = files(), resource.getrlimit(resource.RLIMIT_FSIZE)
    told = {}
    others = [["gallery", "out"], ["render", "s.toml", "--out", "new", "-q", "--jobs", "1"]]
    for words in [*written_in_many_ways("new"), *others]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, hard[1]))
        try:
            ran = cnnviz(*words)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, hard)
        told[" ".join(map(str, words))] = ran.code, ran.err.count("\n"), "file too large" in ran.err
        if words[0] != "render":
            assert files() == before, words
    assert {key: value for key, value in told.items() if value != (1, 1, True)} == {
        "render s.toml --out new -q --jobs 1": (1, 2, True)
    }


# What is read back


def zipped(*members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


TIMES = b"file,milliseconds\n"
FRAME = png(chunk(b"tEXt", b"Comment\0cnnviz conv"))
COMMENTS = (b"!\xfe" + (b"\xff" + b"x" * 255) * 1000 + b"\0") * 40
BACK = {
    "other.svg": (b"<?xml version='1.0' encoding='cp037'?>" + bytes(range(1, 256)) * 9 + b"</svg>", "not say"),
    "definitions.svg": (
        b"<?xml version='1.0'?>" + b" " * 300_000 + b"<!DOCTYPE s [<!ENTITY a 'b'>]><svg/></svg>",
        "not say",
    ),
    "deep.svg": (("<svg><desc>" + "<g>" * 200_000 + "</svg>").encode(), "not say"),
    "long.json": (b'{"format": "cnnviz-storyboard", "x": "' + b"x" * 2**24 + b'"}', "is broken JSON"),
    "cut.json": (b'{"format": "cnnviz-storyboard", "command": "cnnviz conv", "steps": [{', "is cut short"),
    "long.zip": (zipped(("1.png", FRAME), ("durations.csv", TIMES + b"a,1\n" * 500_000)), "that is too long"),
    "many.zip": (zipped(*((f"{i}.txt", b"") for i in range(50_000)), ("durations.csv", b"")), "holds too many files"),
    "frame.zip": (
        zipped(("1.png", START + b"\x7f\xff\xff\xffIDAT" + bytes(65 * 2**20)), ("durations.csv", TIMES)),
        "holds a frame of more than 64 MiB",
    ),
    "comments.gif": (b"GIF89a\x08\0\x08\0\0\0\0" + COMMENTS + b";", "holds a command of 255000 characters"),
}  # fmt: skip


@pytest.mark.parametrize("tool", ["info", "rerun"])
def test_files_that_mean_harm_are_told_of_in_one_line(cnnviz, tool):
    for name, (content, message) in BACK.items():
        Path(name).write_bytes(content)
        code, told = refused(cnnviz, tool, name)
        assert code == 1
        assert message in told, (name, told)


@pytest.mark.parametrize("tool", ["info", "rerun", "describe"])
def test_what_never_ends_is_not_read(cnnviz, tool):
    os.mkfifo("pipe.gif")
    for name, file in (("frames", "pipe"), ("endless", "/dev/zero"), ("frame", None)):
        Path(name).mkdir()
        Path(name, "durations.csv").write_bytes(TIMES)
        Path(name, "1.png").symlink_to(Path(file).absolute() if file else Path("pipe.gif").absolute())
    Path("durations").mkdir()
    Path("durations/1.png").write_bytes(FRAME)
    Path("durations/durations.csv").symlink_to(Path("pipe.gif").absolute())
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.gif")
        for name in ("pipe.gif", "/dev/zero", "endless", "frame", "durations", "socket.gif"):
            code, told = refused(cnnviz, tool, name)
            assert code == 1
            assert "is no regular file" in told or "without frames" in told, name
