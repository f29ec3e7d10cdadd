"""`cnnviz deck`, `cnnviz.deck` and `Figure.deck`: what goes into a deck, and what happens when it cannot be made."""

import re
import shutil
import sys

import pytest
from pptx import Presentation

import cnnviz as package
from cnnviz import CnnvizError, UsageError
from cnnviz.pipeline import Figure

SMALL = {"width": 320, "i": 3, "k": 2, "tween": 0}


@pytest.fixture
def here(here, figure_set):
    """The set in the folder where the command runs."""
    return shutil.copy(figure_set, here / "my-talk.toml")


def titles(path):
    return [slide.shapes.title.text_frame.text for slide in Presentation(path).slides]


def left(folder):
    return sorted(file.name for file in folder.iterdir())


def test_a_deck_is_named_after_its_set_and_told(cnnviz, here, tmp_path):
    ran = cnnviz("deck", "my-talk.toml", "--figures", "second", "--jobs", 1)
    assert (ran.code, ran.err) == (0, "")
    assert re.search(r"^output/my-talk\.pptx: slides 3, figures 1, \d+ KiB$", ran.out, re.MULTILINE)
    assert titles(tmp_path / "output" / "my-talk.pptx") == ["My talk", "One & <two>", "Max pooling"]
    assert left(tmp_path / "output") == ["my-talk.pptx"]


def test_title_look_and_sections_are_options(cnnviz, here, tmp_path):
    options = ["--title", "Other", "--no-sections", "--theme", "dark", "--no-values", "--hold", "5"]
    assert cnnviz("deck", "my-talk.toml", "-o", "x.pptx", *options, "--figures", "s*").code == 0
    assert titles(tmp_path / "x.pptx") == ["Other", "Max pooling"]
    notes = Presentation(tmp_path / "x.pptx").slides[1].notes_slide.notes_text_frame.text
    assert all(option in notes for option in ("--theme dark", "--no-values", "--hold 5"))
    assert cnnviz("deck", "my-talk.toml", "-o", "x.pptx", "--title", "", "--figures", "second").code == 0
    assert titles(tmp_path / "x.pptx") == ["One & <two>", "Max pooling"]


REFUSED = {
    "-o x.ppt": "did you mean .pptx?",
    "-o x.key": "extension .key",
    "-o deck": "without an extension",
    "-o x.html --video": "--video is not for .html: use it with .pptx",
    "-o x.md --flavor reveal": "--flavor 'reveal'",
    "-o x.md --figures secnd": "did you mean second?",
    "-o x.md --theme drak": "did you mean dark?",
    "-o x.md --width 3": "figure first.one: --width 3",
    "-o x.md --jobs none": "'--jobs'",
}


def test_a_bad_request_is_one_line_and_leaves_nothing(refused, here):
    for arguments, named in REFUSED.items():
        code, said = refused("deck", "my-talk.toml", "-q", *arguments.split())
        assert (code, named in said) == (2, True), said


@pytest.mark.parametrize(("module", "options", "extra"), [("pptx", [], "pptx"), ("av", ["--video"], "video")])
def test_what_is_not_installed_is_named_before_anything_is_rendered(refused, here, monkeypatch, module, options, extra):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr("cnnviz.talk.run_all", lambda *_: pytest.fail("rendered"))
    code, said = refused("deck", "my-talk.toml", "-o", "x.pptx", *options)
    assert (code, f"[{extra}]'" in said) == (1, True)


@pytest.mark.parametrize("name", ["x.pptx", "x.md", "new/x.html"])
def test_a_figure_that_fails_is_named_and_leaves_nothing(refused, here, monkeypatch, name):
    real = Figure.save

    def save(figure, path):
        if "pool" in str(path) or "second" in str(path):
            path.write_bytes(b"half")
            raise CnnvizError("no more paint")
        return real(figure, path)

    monkeypatch.setattr(Figure, "save", save)
    told = refused("deck", "my-talk.toml", "-o", name, "--jobs", 1, "-q")
    assert told == (1, "my-talk.toml, figure second: no more paint")


def test_an_interrupt_leaves_what_was_there(cnnviz, here, tmp_path, monkeypatch):
    (tmp_path / "x.md").write_text("old", encoding="utf-8")

    def save(figure, path):
        raise KeyboardInterrupt

    monkeypatch.setattr(Figure, "save", save)
    ran = cnnviz("deck", "my-talk.toml", "-o", "x.md", "--jobs", 1, "-q")
    assert (ran.code, ran.err) == (130, "\ncnnviz: interrupted\n")
    assert left(tmp_path) == ["my-talk.toml", "x.md"]
    assert (tmp_path / "x.md").read_text(encoding="utf-8") == "old"


def test_figures_make_a_deck_of_their_own(tmp_path):
    figures = [package.conv(**SMALL), package.conv(**SMALL), package.pool(width=320, tween=0)]
    written = package.deck(figures, tmp_path / "x.pptx", title="Mine")
    assert (written.slides, written.figures, written.beside) == (4, 3, None)
    assert titles(tmp_path / "x.pptx") == ["Mine", "Convolution", "Convolution", "Max pooling"]
    alone = package.deck(figures[0], str(tmp_path / "y.md"), flavor="slidev")
    assert (alone.slides, alone.figures, alone.beside) == (1, 1, tmp_path / "y_figures")
    assert figures[0].deck(tmp_path / "z.pptx").slides == 1
    assert Presentation(tmp_path / "z.pptx").core_properties.title == "Convolution"
    assert figures[0].deck(tmp_path / "y.html", title="One").slides == 2
    with pytest.raises(UsageError, match=r"y\.gif: extension \.gif is not a known kind of deck"):
        figures[0].deck(tmp_path / "y.gif")
