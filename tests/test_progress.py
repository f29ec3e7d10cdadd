"""Who waits at a terminal is told how far a long figure has come; nobody else is."""

from __future__ import annotations

import io
from contextlib import redirect_stderr

import pytest

from cnnviz import cli
from cnnviz.commands import _drawing


@pytest.mark.parametrize(
    ("more", "shows"),
    [
        ("-o c.gif", True),
        ("--format gif,webp -o c", True),
        ("--max-size 25KiB -o c.gif", True),
        ("-q -o c.gif", False),
    ],
)
def test_a_bar_stands_on_the_terminal(more, shows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_drawing, "PATIENCE", -1.0)
    Terminal = type("Terminal", (io.StringIO,), {"isatty": lambda _: True})
    with redirect_stderr(terminal := Terminal()), pytest.raises(SystemExit) as ended:
        cli.main(f"conv --i 4 --tween 0 {more}".split())
    assert ended.value.code == 0
    shown = terminal.getvalue()
    assert ("5/5" in shown) == shows
    assert shown.count("1/5") == shows, "one bar"
    assert shown.endswith("\n") or not shows, "what comes next begins a line"
