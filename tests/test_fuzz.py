"""Random command lines: each ends in a file that opens, or in one clear line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.discovery import find_scenes
from cnnviz.parameters import to_cli
from tests.drawing import steady
from tests.properties.draws import parameters

WORDS = [
    *("", " ", "-", "-0", "-1", "1e400", "nan", "inf", "1e-320", "9" * 30, "1.5", "٣", "3x", "3x3x3", "0x0", "1_000"),
    *("$", r"$\frac{", "{}", "%s", "a\tb", "é" * 50, "🙂", "<b>&amp;", "../../etc", "a" * 2000, "\u202e", "\ud800"),
    *("1 2; 3", "1/0", "1e308 1e308", "[[]]", "numbers.csv", "text.csv", "missing.npy", "folder"),
]
LOOKS = ["", "--lang=zh", "--theme=dark", "--theme=bad.toml", "--notation=HWKSP", "--digits=7", "--title=$x^"]


@st.composite
def lines(draw):
    """A figure's command; one of its values in three lines of four is as its declaration has it."""
    scene = draw(st.sampled_from(list(find_scenes())))
    values = {name: to_cli(value) for name, value in draw(parameters(scene)).items()}
    if values and draw(st.integers(0, 3)) == 0:
        values[draw(st.sampled_from(list(values)))] = draw(st.sampled_from(WORDS))
    options = [
        f"--{name.replace('_', '-')}={value}" for name, value in values.items() if value not in ("True", "False")
    ]
    return [scene, *options, *filter(None, [draw(st.sampled_from(LOOKS))])]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "numbers.csv").write_text("1,2,3\n4,5,6\n7,8,9\n", encoding="utf-8")
    (tmp_path / "text.csv").write_text("a,b\n", encoding="utf-8")
    (tmp_path / "bad.toml").write_text("[", encoding="utf-8")
    (tmp_path / "folder").mkdir()


def test_a_random_command_line_ends_in_a_file_or_in_one_line(cnnviz, files):
    codes = []

    @steady(60)
    @given(lines())
    def each(words):
        ran = cnnviz(*words, "-q", "-o", "x.json")
        codes.append(ran.code)
        if ran.code:
            assert ran.err.startswith("cnnviz: ")
            assert ran.err.count("\n") == 1
            assert "internal" not in ran.err
            assert not Path("x.json").exists()
        else:
            json.loads(Path("x.json").read_text(encoding="utf-8"))
            Path("x.json").unlink()

    each()
    assert set(codes) <= {0, 1, 2}
    # A run of refusals alone would try nothing.
    assert min(codes.count(0), codes.count(2)) >= 4
