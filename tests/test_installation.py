"""What an error says to install, wherever cnnviz is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnviz import installation
from cnnviz.installation import install_hint


@pytest.mark.parametrize(
    ("prefix", "extra", "other"),
    [
        ("/usr", "pip install 'cnnviz[video]'", "pip install torch"),
        ("/h/.local/pipx/venvs/cnnviz", "pipx install --force 'cnnviz[video]'", "pipx inject cnnviz torch"),
        (
            "/h/.local/share/uv/tools/cnnviz",
            "uv tool install 'cnnviz[video]'",
            "uv tool install cnnviz --with torch",
        ),
        ("/h/.cache/uv/archive-v0/x", "uvx --from 'cnnviz[video]' cnnviz …", "uvx --with torch cnnviz …"),
    ],
)
def test_an_installation_by_each_tool(monkeypatch, prefix, extra, other):
    monkeypatch.setattr("sys.prefix", prefix)
    monkeypatch.setattr(installation, "_PACKAGE", Path("/usr/lib/site-packages/cnnviz"))
    assert install_hint("cnnviz[video]") == extra
    assert install_hint("torch") == other


def test_a_checkout(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.prefix", "/usr")
    monkeypatch.setattr(installation, "_PACKAGE", tmp_path / "cnnviz")
    (tmp_path / "pyproject.toml").write_text("")
    assert install_hint("cnnviz[video]") == f"pip install -e '{tmp_path}[video]'"
