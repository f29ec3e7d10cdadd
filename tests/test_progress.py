"""Who waits at a terminal is told how far a long figure has come; nobody else is."""

from __future__ import annotations

import io
from contextlib import redirect_stderr

import pytest

from cnnviz import cli
from cnnviz.commands import _drawing


@pytest.mark.parametrize(
    ("more", "term", "told"),
    [
        ("-o c.gif", "xterm", True),
        ("--format gif,webp -o c", "xterm", True),
        ("--max-size 25KiB -o c.gif", "xterm", True),
        ("-q -o c.gif", "xterm", False),
        ("-o c.gif", "dumb", False),
    ],
)
def test_a_bar_stands_on_the_terminal(more, term, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(_drawing, "PATIENCE", -1.0)
    Terminal = type("Terminal", (io.StringIO,), {"isatty": lambda _: True})
    with redirect_stderr(terminal := Terminal()), pytest.raises(SystemExit) as ended:
        cli.main(f"conv --i 4 --tween 0 {more}".split())
    assert ended.value.code == 0
    shown = terminal.getvalue()
    assert ("5/5" in shown) == told
    assert shown.count("1/5") == told, "one bar"
    assert shown.endswith("\n") or not told, "what comes next begins a line"
