"""Files, names and places that mean harm, or could as well: through the real entry point, each ends in one line."""

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

from tests.conftest import files

SMALL = ["--i", "3", "--k", "2", "--width", "320", "--tween", "0", "-q"]
SET = '[[figure]]\nscene = "conv"\ni = 3\nk = 2\nwidth = 320\ntween = 0\n'


# What is read: all of it by one process that may not have much memory

BEYOND = "has more than 52000000 pixels"
NO_ARRAY = "is cut short"
DAMAGED = "is damaged, or no image"
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
    return lambda path: (path.touch(), os.truncate(path, size))


INFLATING = zlib.compress(bytes(50 * 2**20), 9)
HUGE = 16 * 2**20
READ = {
    "bomb.png": (png(sides=(30_000, 30_000)), BEYOND),
    "text.png": (png(chunk(b"iTXt", b"Comment\0\1\0\0\0" + INFLATING)), DAMAGED),
    "screen.gif": (gif((65535, 65535), (8, 8)), BEYOND),
    "frame.gif": (gif((8, 8), (65535, 65535)), BEYOND),
    "bomb.ppm": (b"P6\n30000 30000\n255\n", BEYOND),
    "comment.ppm": (b"P6\n#" + b"x" * 10_000_000, DAMAGED),
    "header.npy": (npy((10**9, 1)), "is cut short: save it with numpy.save"),
    "deep.npy": (b"\x93NUMPY\2\0" + struct.pack("<I", 9000) + b"(" * 9000, NO_ARRAY),
    "gigabyte.csv": (sparse(2**30), "has 1073741824 bytes: use at most 67108864"),
    "zeros.csv": (sparse(HUGE), "line 1, column 1: '\\x00"),
    "digits.csv": (b"1" * HUGE, "line 1, column 1: '111"),
}
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


def test_an_input_that_means_harm_is_refused_in_one_line_and_little_memory(tmp_path):
    for name, (content, _) in READ.items():
        content(tmp_path / name) if callable(content) else (tmp_path / name).write_bytes(content)
    command = [sys.executable, "-c", READER, *READ]
    said = json.loads(subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=60).stdout)
    assert not (tmp_path / "x.json").exists()
    for name, (_, message) in READ.items():
        assert said[name].startswith(f"cnnviz: input file '{name}'")
        assert message in said[name]
        assert said[name].count("\n") == 1
        assert len(said[name]) < 300
    assert said["peak"] < 300 * 1024


def test_weights_of_many_entries_are_refused(refused):
    with zipfile.ZipFile("many.npz", "w") as archive:
        for number in range(12_000):
            archive.writestr(f"a long enough name of an entry {number}.npy", b"")
    code, message = refused("cnn", "--weights", "many.npz", "-o", "x.json")
    assert (code, "conv1.weight" in message) == (2, True)


# TOML: a set and a theme

TOML = {
    "list": ("x = " + "[" * 100_000, "is not valid TOML"),
    "table": ("x = " + "{a=" * 5000, "is not valid TOML"),
    "key": ("a." * 100_000 + "b = 1", "a key has more than 50 parts"),
    "nul": ("[[figure]]\nk = \0", "is not valid TOML"),
    "utf16": ("[[figure]]".encode("utf-16"), "is not valid TOML"),
    "size": (sparse(2**31), "bytes: use at most 8388608"),
    "pipe": (os.mkfifo, "is no regular file"),
    "loop": (lambda path: path.symlink_to(path), ""),
    "folder": (Path.mkdir, ""),
}


@pytest.mark.parametrize("name", TOML)
def test_toml_that_means_harm_is_refused_in_one_line(refused, name):
    content, message = TOML[name]
    path = Path(f"{name}.toml")
    if callable(content):
        content(path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    for words in ("render {} --out out", "conv --theme {}", "conv --lang {}"):
        code, told = refused(*words.format(path).split())
        assert (code, message in told) == (2, True)


CLIMBING = ("../x", "/tmp/x", "a/../../x", "..", "..\\\\x", ".hidden", "-x", "a ", "x\\u0000", "x\\n", "a%2fb")


def test_no_figure_leaves_the_output_folder(refused):
    for name in CLIMBING:
        # The dot of an extension may be there.
        extension = name.replace(".hidden", "./x")
        for line, message in {
            f'name = "{name}"': "does not do as a file name",
            f'name = "x"\nformat = ["gif", "{extension}"]': "is not a known format",
        }.items():
            Path("s.toml").write_text(f"{SET}{line}\n", encoding="utf-8")
            code, told = refused("render", "s.toml", "--out", "a/out")
            assert (code, message in told) == (2, True)


# Links


LINKS = {
    "conv -o loop/x.gif": (1, "cannot write to folder loop: file exists"),
    "render s.toml --out loop -q": (1, "cannot write to folder loop: file exists"),
    "conv --input loop.csv": (2, "input file 'loop.csv' cannot be read: Too many levels of symbolic links"),
    "info loop.gif": (1, "cannot read loop.gif: too many levels of symbolic links"),
}


def test_links_that_lead_nowhere_are_told(refused):
    Path("s.toml").write_text(f'{SET}name = "a"\n', encoding="utf-8")
    for name in ("loop", "loop.csv", "loop.gif"):
        Path(name).symlink_to(name)
    for words, (code, message) in LINKS.items():
        told = refused(*words.split())
        assert (told[0], told[1].startswith(message)) == (code, True)


# Names

NAMES = (b"\xff", b"a b#%s%d%2e", b"'\"", b"new\nline", b"-x", "π$(touch y)\\".encode())


def test_files_of_any_name_are_written_and_read(cnnviz):
    for name in map(os.fsdecode, NAMES):
        Path(f"{name}.csv").write_text("1 2 3\n4 5 6\n7 8 9")
        ran = cnnviz("conv", "--input", f"{name}.csv", *SMALL[2:], "--format", "gif,json", "-o", f"out/{name}")
        assert (ran.code, ran.err) == (0, ""), name
        assert cnnviz("info", f"./out/{name}.gif").code == 0
        again = cnnviz("rerun", f"./out/{name}.gif", "-o", f"./out/{name}.again.gif", "-q")
        assert (again.code, again.err) == (0, ""), name
        assert Path(f"out/{name}.gif").read_bytes() == Path(f"out/{name}.again.gif").read_bytes()
    assert len(files()) == 1 + 4 * len(NAMES)


# Places


FORMATS = ("gif", "webp", "apng", "png", "svg", "pdf", "html", "json", "zip", "mp4", "webm")


WRITTEN = [
    *(["conv", *SMALL, "-o", f"new/x.{kind}"] for kind in FORMATS),
    ["conv", *SMALL, "--format", "frames", "-o", "new/frames/"],
    ["sheet", "conv", "--width", "320", "-o", "new/s.pdf"],
    ["themes", "-o", "new/t.png"],
    ["gallery", "out"],
    *(["deck", "s.toml", "-q", "-o", f"new/d.{kind}"] for kind in ("html", "md", "tex", "pptx")),
    ["render", "s.toml", "--out", "new", "-q", "--jobs", "1"],
]


def test_a_disk_that_fills_up_is_told_and_nothing_left(cnnviz):
    resource = pytest.importorskip("resource")
    Path("s.toml").write_text(f'{SET}name = "a"\n', encoding="utf-8")
    assert cnnviz("render", "s.toml", "--out", "out", "-q").code == 0
    before, hard = files(), resource.getrlimit(resource.RLIMIT_FSIZE)
    for words in WRITTEN:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, hard[1]))
        try:
            ran = cnnviz(*words)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, hard)
        # A set's errors are counted.
        assert (ran.code, ran.err.count("\n")) == (1, 1 + (words[0] == "render")), words
        assert "file too large" in ran.err, words
        assert words[0] == "render" or files() == before, words


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
    "deep.svg": (("<svg><desc>" + "<g>" * 200_000 + "</svg>").encode(), "not say"),
    "cut.json": (b'{"format": "cnnviz-storyboard", "command": "cnnviz conv", "steps": [{', "is cut short"),
    "frame.zip": (
        zipped(("1.png", START + b"\x7f\xff\xff\xffIDAT" + bytes(65 * 2**20)), ("durations.csv", TIMES)),
        "holds a file of more than 64 MiB",
    ),
    "comments.gif": (b"GIF89a\x08\0\x08\0\0\0\0" + COMMENTS + b";", "is a broken picture"),
}


def test_files_that_mean_harm_are_told_of_in_one_line(refused):
    for name, (content, message) in BACK.items():
        Path(name).write_bytes(content)
        for tool in ("info", "rerun"):
            code, told = refused(tool, name)
            assert (code, message in told) == (1, True), (name, told)


@pytest.mark.parametrize("tool", ["info", "rerun"])
def test_what_never_ends_is_not_read(refused, tool):
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
            code, told = refused(tool, name)
            assert code == 1
            assert "is no regular file" in told or "without frames" in told, name
