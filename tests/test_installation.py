"""What an error says to install, wherever cnnviz is installed."""

from pathlib import Path

import pytest

from cnnviz import installation
from cnnviz.installation import install_hint

HINTS = {
    "/usr": "pip install 'cnnviz[video]' or pip install torch",
    "/h/.local/pipx/venvs/cnnviz": "pipx install --force 'cnnviz[video]' or pipx inject cnnviz torch",
    "/h/.local/share/uv/tools/cnnviz": "uv tool install 'cnnviz[video]' or uv tool install cnnviz --with torch",
    "/h/.cache/uv/archive-v0/x": "uvx --from 'cnnviz[video]' cnnviz … or uvx --with torch cnnviz …",
}


@pytest.mark.parametrize("prefix", HINTS)
def test_an_installation_by_each_tool(monkeypatch, prefix):
    monkeypatch.setattr("sys.prefix", prefix)
    monkeypatch.setattr(installation, "_PACKAGE", Path("/usr/lib/site-packages/cnnviz"))
    assert f"{install_hint('cnnviz[video]')} or {install_hint('torch')}" == HINTS[prefix]


def test_a_checkout(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.prefix", "/usr")
    monkeypatch.setattr(installation, "_PACKAGE", tmp_path / "cnnviz")
    (tmp_path / "pyproject.toml").write_text("")
    assert install_hint("cnnviz[video]") == f"pip install -e '{tmp_path}[video]'"
