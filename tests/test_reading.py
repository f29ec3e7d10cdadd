"""What a file says of itself, and making it again from that: `info`, `describe`, `rerun`."""

import random
import shlex
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from cnnviz import __version__
from cnnviz.errors import CnnvizError
from cnnviz.export import formats, module_for
from cnnviz.pipeline import make
from cnnviz.reading import FileMetadata, read
from cnnviz.words.plain import caption

pytestmark = pytest.mark.usefixtures("here")

SMALL = {"i": 4, "width": 320, "hold": 1.5, "tween": 0, "title": "A < B & \"C\" in 'ü'"}
FILES = [f"x.{name}" for name in formats()] + ["frames"]
STILLS = {"x.png", "x.svg", "x.pdf"}
PLAYED = {"x.gif", "x.apng", "x.webp", "x.mp4", "x.webm", "x.zip", "frames"}


@pytest.fixture(scope="module")
def figure():
    return make("conv", **SMALL)


@pytest.fixture(scope="module")
def home(figure, tmp_path_factory):
    """One file a format, and a folder of frames."""
    folder = tmp_path_factory.mktemp("files")
    figure.save_all(folder / "x", formats())
    figure.save_all(folder / "frames", "frames")
    return folder


# What files say


@pytest.mark.parametrize("name", FILES)
def test_every_format_says_what_made_it_and_what_it_shows(home, figure, name):
    told = read(home / name)
    board = figure.storyboard()
    assert told.format == name.removeprefix("x.")
    assert told.texts["Comment"] == figure.command()
    assert told.texts["Title"] == board.title
    alt = f"Step 5 of 5 of an a{board.alt[1:]}" if name in STILLS else board.alt
    # A still may say more of its step.
    assert told.texts["Description"].startswith(alt)
    assert told.texts["Caption"] == caption(board)
    if name != "x.mp4":
        assert told.texts["Software"] == f"cnnviz {__version__}"
    if name in PLAYED:
        # Three steps are read (the first says what it leaves out), then one more and the answer.
        question = () if name in ("x.zip", "frames") else (1200,)
        seconds = (*question, 3000, 3000, 3000, 1000, 1500)
        assert (told.size, told.frames, told.milliseconds) == ((320, 180), len(seconds), sum(seconds))


def lines_of(said):
    return {key: text.strip() for key, text in (line.split(":", 1) for line in said.out.splitlines())}


def test_info_and_describe_give_it_line_by_line_and_draw_nothing(cnnviz, home, figure, monkeypatch):
    monkeypatch.setattr("cnnviz.pipeline.Figure.film", pytest.fail)
    lines = lines_of(cnnviz("info", home / "x.gif"))
    assert (lines["command"], lines["title"]) == (figure.command(), SMALL["title"])
    assert (lines["size"], lines["frames"], lines["lasts"]) == ("320×180 px", "6", "12.7 s")
    both = cnnviz("info", home / "x.png", home / "frames").out
    assert (both.count("command: "), both.count("\n\nfile: ")) == (2, 1)
    board = figure.storyboard()
    told = {"title": board.title, "command": figure.command(), "alt": board.alt, "caption": caption(board)}
    for given in (["describe", *shlex.split(figure.command())[1:]], ["info", home / "x.mp4"]):
        assert lines_of(cnnviz(*given)).items() >= told.items()


# What is not ours, or broken


@pytest.mark.parametrize("name", FILES[:-1])
def test_cut_and_damaged_files_are_told_in_one_line(home, name):
    data, chance = (home / name).read_bytes(), random.Random(name)
    # Without its last bytes a video still plays, and a PNG has all of its pixels.
    for part in (0, 3, 20, len(data) // 3, len(data) // 2 if name in ("x.mp4", "x.webm") else len(data) - 60):
        Path("cut").write_bytes(data[:part])
        with pytest.raises(CnnvizError, match=r"^cut ") as error:
            read(Path("cut"))
        assert error.value.exit_code == 1
    for turn in range(20):
        broken = bytearray(data)
        for _ in range(chance.randrange(1, 12)):
            broken[chance.randrange(min(len(data), 1500 if turn % 2 else len(data)))] = chance.randrange(256)
        Path("damaged").write_bytes(broken)
        with suppress(CnnvizError):
            assert isinstance(read(Path("damaged")), FileMetadata)


def test_foreign_files_and_decks_are_refused_in_one_line(refused):
    Path("notes.txt").write_text("cnnviz conv --k 3")
    Path("empty.gif").write_bytes(b"")
    Path("folder").mkdir()
    Image.new("P", (8, 8)).save("plain.gif")
    info = PngImagePlugin.PngInfo()
    info.add_itxt("Comment", "rm -rf /", zip=True)
    Image.new("RGB", (8, 8)).save("other.png", pnginfo=info)
    info.add_text("Comment", "x" * 2**19)
    Image.new("RGB", (8, 8)).save("long.png", pnginfo=info)
    Path("deep.json").write_text('{"a":' * 100_000)
    Path("bomb.svg").write_text('<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaa">]><svg><desc>&a;</desc></svg>')
    with zipfile.ZipFile("other.zip", "w") as archive:
        archive.writestr("a.png", b"")
    Path("quick.mov").write_bytes(b"\0\0\0\x08ftyp" + bytes(100))
    with Path("huge.gif").open("wb") as file:
        file.write(b"GIF89a")
        file.truncate(2**31)
    figure = make("conv", i=3, k=2, width=320)
    for kind in ("html", "pptx"):
        figure.deck(f"d.{kind}")
    for name in [path.name for path in Path().iterdir()]:
        for tool in ("info", "rerun"):
            code, message = refused(tool, name)
            assert (code, message.split()[0]) == (1, name)
            assert not name.startswith("d.") or message.startswith(f"{name} is a deck: ")
    assert refused("info", "missing.gif")[0] == 2


# Commands in files are anybody's text

EVIL = {
    "rm -rf /": "holds no command of cnnviz",
    "cnnviz conv '": "holds no command of cnnviz",
    "cnnviz render set.toml": "there is no such figure here",
    "cnnviz rerun evil.gif": "there is no such figure here",
    "cnnviz conv -o stolen.gif": "-o",
    "cnnviz conv --help": "No such option",
    "cnnviz conv --k 3 && touch stolen.gif": "unexpected extra argument",
    "cnnviz conv \x1b[31m": "unexpected extra argument",
    "cnnviz conv --k": "requires an argument",
}


def test_no_command_but_a_figures_own_is_run(refused):
    job = make("conv", i=3, width=320, tween=0).job()
    for text, said in EVIL.items():
        with Path("evil.gif").open("wb") as file:
            module_for(Path("evil.gif")).write(replace(job, command=text), file)
        code, message = refused("rerun", "evil.gif", "-o", "x.gif")
        assert (code, message.startswith("evil.gif "), message.isprintable()) == (1, True, True)
        assert said in message


# Again


@pytest.mark.parametrize("name", FILES)
def test_the_same_again_from_the_file_alone(cnnviz, home, name):
    options = ["--format", "frames"] if name == "frames" else []
    assert cnnviz("rerun", home / name, "-o", name, "-q", *options).err == ""
    for path in Path(name).iterdir() if options else [Path(name)]:
        assert path.read_bytes() == (home / path).read_bytes()


def test_changes_win_over_what_is_stored(cnnviz, home):
    assert cnnviz("rerun", home / "x.gif", "--theme", "dark", "--kernel-size", 2, "-o", "dark.webp").code == 0
    assert read(Path("dark.webp")).texts["Comment"] == make("conv", **SMALL, k=2, theme="dark").command()
    assert cnnviz("rerun", home / "x.webp", "-q").code == 0
    assert len(list(Path("output").glob("*.webp"))) == 1, "in the file's own format"


def test_what_another_format_cannot_do_is_forgotten(cnnviz):
    make("conv", i=4, width=320, frame=2, title="T").save("a.png")
    assert cnnviz("rerun", "a.png", "--for", "web", "-o", "b.webp").code == 0
    assert read(Path("b.webp")).texts["Comment"] == "cnnviz conv --i 4 --k 3 --title T --width 320 --for web"
    assert cnnviz("rerun", "a.png", "--sheet", 2, "-o", "c.svg").code == 0
