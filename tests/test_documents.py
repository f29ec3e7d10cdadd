"""Figures in documents: pages built with the real tools, where these are installed."""

import html
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cnnviz.errors import UsageError
from cnnviz.mkdocs import fence, figure_of_words
from cnnviz.pipeline import make


def built(folder, *command):
    done = subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return done


def test_a_fenced_block_is_the_command():
    assert figure_of_words(["conv", "--k", "2"]).command() == make("conv", k=2).command()
    assert "srcdoc" in fence("cnnviz conv --k 2 --tween 0  # small", "cnnviz", "figure", {}, None)
    for wrong in ("conv --k 9", "conv --kk 2", "cnov", "conv -o x.gif", "", "conv '"):
        assert "<iframe" not in fence(wrong, "cnnviz", "figure", {}, None)
    with pytest.raises(UsageError):
        figure_of_words(["cnov"])


@pytest.fixture
def sphinx_site(tmp_path):
    pytest.importorskip("sphinx")
    (tmp_path / "conf.py").write_text("project = 'x'\nextensions = ['cnnviz.sphinx']\nnumfig = True\n")
    (tmp_path / "map.csv").write_text("1 2 3\n4 5 6\n7 8 9\n")
    (tmp_path / "index.rst").write_text(
        "Figures\n=======\n\nSee :numref:`fig`.\n\n.. cnnviz:: conv\n   :k: 2\n   :input: map.csv\n   :flip:\n"
        "   :caption: A *small* one\n   :name: fig\n\n.. cnnviz:: conv\n   :k: 4\n   :view: svg\n\n"
        ".. toctree::\n\n   b\n"
    )
    (tmp_path / "b.rst").write_text("B\n=\n\n.. cnnviz:: conv\n   :k: 4\n   :view: svg\n")
    return tmp_path


def test_sphinx_pages_hold_the_player(sphinx_site):
    built(sphinx_site, "sphinx", "-qW", "-b", "html", ".", "out")
    page = (sphinx_site / "out" / "index.html").read_text(encoding="utf-8")
    (player,) = re.findall(r'<iframe[^>]*src="([^"]*)"', page)
    assert "map" in (sphinx_site / "out" / player).read_text(encoding="utf-8")
    assert re.search(r"Fig\. 1\b", page)
    assert "<em>small</em>" in page
    # The same figure on two pages is one file.
    assert len(list((sphinx_site / "out" / "_images").glob("*.svg"))) == 1
    assert 'alt="Animation' in (sphinx_site / "out" / "b.html").read_text(encoding="utf-8")


def test_sphinx_prints_a_still(sphinx_site):
    built(sphinx_site, "sphinx", "-qW", "-b", "latex", ".", "tex")
    source = next((sphinx_site / "tex").glob("*.tex")).read_text(encoding="utf-8")
    stems = re.findall(r"sphinxincludegraphics\[[^]]*\]\{\{(cnnviz-\w+)\}\.pdf\}", source)
    assert len(stems) == 3
    assert all((sphinx_site / "tex" / f"{stem}.pdf").read_bytes().startswith(b"%PDF") for stem in stems)


def test_an_e_book_holds_a_still(sphinx_site):
    built(sphinx_site, "sphinx", "-q", "-b", "epub", ".", "out")
    page = ElementTree.parse(sphinx_site / "out" / "b.xhtml")
    (picture,) = page.findall(".//{*}img[@class='cnnviz']")
    assert (sphinx_site / "out" / picture.get("src")).read_bytes().startswith(b"\x89PNG")
    assert "Step 5 of 5" in picture.get("alt")


def test_sphinx_names_the_line_of_a_mistake(sphinx_site):
    (sphinx_site / "b.rst").write_text("B\n=\n\n.. cnnviz:: conv\n   :k: 9\n")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-qW", "-b", "html", ".", "out"],
        cwd=sphinx_site,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "b.rst:4" in done.stderr
    assert "--k 5" in done.stderr


def test_mkdocs_pages_hold_the_player(tmp_path):
    pytest.importorskip("mkdocs")
    pytest.importorskip("pymdownx")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# A\n\n```cnnviz\nconv --k 2\n```\n")
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: x\nmarkdown_extensions:\n  - pymdownx.superfences:\n      custom_fences:\n"
        "        - name: cnnviz\n          class: cnnviz\n          format: !!python/name:cnnviz.mkdocs.fence\n"
    )
    built(tmp_path, "mkdocs", "build", "-q")
    assert "srcdoc=" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")


QUARTO = Path(__file__).parents[1] / "docs" / "quarto" / "_extensions"
COMMAND = {**os.environ, "CNNVIZ": shutil.which("cnnviz", path=Path(sys.executable).parent) or "cnnviz"}

# How Quarto calls a shortcode: its words, its options, and what the format is.
SHORTCODES = """
local formats = { html = { "html", "html:js" }, epub = { "html", "epub" }, latex = { "latex", "pdf" } }
quarto = { doc = { is_format = function(name) return pandoc.List(formats[FORMAT]):includes(name) end } }
local handlers = dofile(os.getenv("SHORTCODE"))
function CodeBlock(block)
  local args, kwargs = pandoc.List({}), {}
  for word in block.text:gmatch("%S+") do
    local name, value = word:match("^(%a%w*)=(.*)")
    if name then kwargs[name] = pandoc.Inlines(value) else args:insert(pandoc.Inlines(word)) end
  end
  return handlers[args:remove(1)[1].text](args, kwargs)
end
"""


@pytest.fixture
def pandoc(tmp_path):
    program = shutil.which("pandoc")
    if program is None:
        program = pytest.importorskip("pypandoc", reason="no Pandoc on this machine").get_pandoc_path()
    (tmp_path / "shortcodes.lua").write_text(SHORTCODES)
    environment = {**COMMAND, "SHORTCODE": str(QUARTO / "cnnviz" / "cnnviz.lua")}

    def run(words, *options):
        command = [program, "--lua-filter", "shortcodes.lua", *options]
        source = f"```\n{words}\n```\n"
        return subprocess.run(command, input=source, env=environment, cwd=tmp_path, capture_output=True, text=True)

    return run


def test_the_quarto_shortcode_is_the_player_on_a_page(pandoc):
    page = pandoc("cnnviz conv --tween 0 k=2", "-t", "html").stdout
    assert html.unescape(re.search(r'srcdoc="([^"]*)"', page)[1]) == make("conv", k=2, tween=0).to_html()
    wrong = pandoc("cnnviz conv --k 9", "-t", "html")
    assert wrong.returncode != 0
    assert "--k 5" in wrong.stderr
    assert "traceback" not in wrong.stderr


def test_the_quarto_shortcode_prints_a_still(pandoc, tmp_path):
    source = pandoc("cnnviz conv --k 2", "-t", "latex").stdout
    alt, name = re.search(r"alt=\{([^}]*)\}\]\{(cnnviz-\w+\.pdf)\}", source).groups()
    assert alt == make("conv", k=2).storyboard().alt
    assert (tmp_path / name).read_bytes().startswith(b"%PDF")
    assert pandoc("cnnviz conv --k 2", "-o", "a.epub", "-M", "title=A").returncode == 0
    with zipfile.ZipFile(tmp_path / "a.epub") as book:
        (page,) = (book.read(file).decode() for file in book.namelist() if file.endswith("ch001.xhtml"))
        (picture,) = (book.read(file) for file in book.namelist() if file.endswith(".png"))
    assert "<iframe" not in page
    assert picture.startswith(b"\x89PNG")


def test_quarto_runs_the_shortcode(tmp_path):
    quarto = shutil.which("quarto")
    if quarto is None:
        pytest.skip("no Quarto on this machine")
    shutil.copytree(QUARTO, tmp_path / "_extensions")
    (tmp_path / "a.qmd").write_text("---\ntitle: A\n---\n\n{{< cnnviz conv --k 2 >}}\n")
    for kind in ("html", "epub"):
        command = [quarto, "render", "a.qmd", "--to", kind]
        done = subprocess.run(command, cwd=tmp_path, env=COMMAND, capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, done.stderr
    assert "srcdoc=" in (tmp_path / "a.html").read_text(encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "a.epub") as book:
        assert any(file.endswith(".png") for file in book.namelist())
