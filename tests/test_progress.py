"""Who waits at a terminal is told how far a long figure has come; nobody else is."""

import io
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from cnnviz import cli
from cnnviz.commands import _drawing
from cnnviz.pipeline import make


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Terminal:
    """A terminal at which nobody has any patience."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(_drawing, "PATIENCE", -1.0)
    return Terminal()


def run(line: str, terminal: Terminal) -> None:
    with redirect_stderr(terminal), pytest.raises(SystemExit) as ended:
        cli.main(line.split())
    assert ended.value.code == 0


@pytest.mark.parametrize("kinds", ["gif", "mp4", "zip", "gif,webp"])
def test_each_step_that_is_drawn_is_told_once(kinds: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    figure = make("conv", i=4, width=320, tween=0)
    figure.save_all(tmp_path / "c", kinds, watch=lambda *how_far: told.append(how_far))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_bar_stands_on_the_terminal(terminal: Terminal) -> None:
    run("conv --width 320 --tween 0 -o c.gif", terminal)
    shown = terminal.getvalue()
    assert "Drawing" in shown
    assert "9/9" in shown
    assert shown.endswith("\n"), "what comes next begins a line"


def test_no_bar_is_shown_to_who_wants_quiet_or_written_into_a_file(terminal: Terminal, monkeypatch) -> None:
    for more in ("-q", "--code pytorch"):
        run(f"conv --width 320 --tween 0 -o c.gif {more}", terminal)
    monkeypatch.setattr(Terminal, "isatty", lambda _: False)
    run("conv --width 320 --tween 0 -o c.gif", terminal)
    assert terminal.getvalue() == ""
