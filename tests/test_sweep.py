"""Sweeps: lists of values in a figure set become every combination's figure."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cnnviz.batch import read_sets
from cnnviz.errors import UsageError

pytestmark = pytest.mark.usefixtures("here")

FIGURE = '[[figure]]\nscene = "conv"\nformat = "json"\n'


def write(sweep, figure='name = "a"'):
    text = f'[[figure]]\nscene = "conv"\nformat = "json"\n{figure}\n[figure.sweep]\n{sweep}\n'
    Path("set.toml").write_text(text, encoding="utf-8")


def read():
    return read_sets([Path("set.toml")])


def test_every_combination_is_a_figure_in_the_order_written():
    write("s = [1, 2, 3]\np = [0, 1, 2]", 'name = "conv"\nk = 3')
    entries = read()
    assert [(e.name, e.parameters) for e in entries] == [
        (f"conv-s{s}-p{p}", {"k": 3, "s": s, "p": p}) for s in (1, 2, 3) for p in (0, 1, 2)
    ]
    assert [e.file for e in entries][:2] == ["conv-s1-p0.json", "conv-s1-p1.json"]


NAMES = {
    "conv": "conv-s1-p0 conv-s1-p2x1",
    "s{s}.p{p}": "s1.p0 s1.p2x1",
    # What the name does not mention stands behind it: two figures never share a file by an omission.
    "conv{s}": "conv1-p0 conv1-p2x1",
}
VALUES = {
    "bias = [-1, 0.5, 2.0]": "a-bias-1 a-bias0.5 a-bias2",
    "flip = [true, false]": "a-fliptrue a-flipfalse",
    'kernel = ["sobel-x", "1 0; 0 -1"]': "a-kernelsobel-x a-kernel1-0-0--1",
    'input = ["maps/one.csv", "two.png"]': "a-inputone a-inputtwo",
    "kernel-size = [2, 3]": "a-kernel-size2 a-kernel-size3",
}


def test_names_tell_the_values():
    for name, names in NAMES.items():
        write('s = [1]\np = [0, "2x1"]', f'name = "{name}"')
        assert [entry.name for entry in read()] == names.split()
    for sweep, names in VALUES.items():
        write(sweep)
        assert [entry.name for entry in read()] == names.split()


def test_texts_take_the_same_placeholders_and_formulas_keep_their_braces():
    write(
        's = [2]\nk = ["3x1"]',
        'name = "a"\ntitle = "Stride {s}"\nsection = "s={s}"\ncaption = "$\\\\frac{i+2p}{x_{12}}$ {s} {k} {p} {}"',
    )
    (entry,) = read()
    assert entry.parameters["title"] == "Stride 2"
    assert (entry.section, entry.caption) == ("s=2", "$\\frac{i+2p}{x_{12}}$ 2 3x1 {p} {}")


# Invalid combinations


def test_invalid_combinations_are_reported_and_skipped(cnnviz):
    sweep, figure, skip = "k = [2, 5]\np = [0, 1]", 'name = "a"\ni = 3\ntitle = "k={k}"\n', "skip_invalid = true"
    for words in ((f"{skip}\n{sweep}", figure), (sweep, figure + skip)):
        write(*words)
        ran = cnnviz("render", "set.toml", "--out", "out", "--jobs", 1, "--force", "--check")
        assert (ran.code, ran.err) == (0, "")
        assert "set.toml, figure a-k5-p0: skipped: kernel 5 does not fit" in ran.out
        assert "3 made, 0 up to date, 1 skipped" in ran.out
        records = json.loads(Path("out/manifest.json").read_text())["figures"]
        assert [record["name"] for record in records] == ["a-k2-p0", "a-k2-p1", "a-k5-p1"]
        # A check sees the same figures, and so does a deck.
        assert ran.out.splitlines()[-1].startswith("a-k5-p1: 1 of 1 ")
    ran = cnnviz("render", "set.toml", "--out", "out", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    write("k = [2, 5]", figure + skip)
    ran = cnnviz("deck", "set.toml", "-o", "deck.md", "--jobs", 1)
    assert (ran.code, ran.err) == (0, "")
    assert "k=2" in Path("deck.md").read_text()
    assert "k=5" not in Path("deck.md").read_text()


# What is up to date

LOADED = """
import sys
from cnnviz.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(*sorted({"numpy", "matplotlib", "PIL", "multiprocessing"} & sys.modules.keys()))
"""


def test_a_sweep_that_is_up_to_date_loads_no_scene_and_nothing_that_draws(cnnviz):
    write("s = [1, 2]\nkernel_size = [2, 3]", 'name = "{kernel_size}-{s}"\ncaption = "$k = {kernel_size}$"')
    assert cnnviz("render", "set.toml", "--out", "out", "--jobs", 1, "-q").code == 0
    command = [sys.executable, "-c", LOADED, "render", "set.toml", "--out", "out"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout == "0 made, 4 up to date\n\n"


# Mistakes


MISTAKES = {
    "s = []": "sweep.s",
    "": "sweep names no parameter",
    f"seed = {[*range(101)]}\ns = {[*range(100)]}": "sweep has 10100 combinations",
}


def test_a_mistake_is_reported_with_file_figure_and_key(cnnviz, refused):
    for sweep, named in MISTAKES.items():
        write(sweep, 'name = "a"\ni = 4')
        code, said = refused("render", "set.toml", "--out", "out")
        assert (code, said.startswith(f"set.toml, figure 1 (a): {named}")) == (2, True)
    for sweep in ("strid = [1]", "input-size = [4]"):
        write(sweep, 'name = "a"\ni = 4')
        ran = cnnviz("render", "set.toml", "--out", "out", "--jobs", 1)
        assert ran.code == 1
        assert ran.err.startswith(f"cnnviz: set.toml, figure a-{sweep.split()[0]}")


def test_a_bad_name_and_a_twin():
    write("s = [1]", 'name = "{p}"')
    with pytest.raises(UsageError, match=r"^set.toml, figure 1 \(\{p\}-s1\): name '\{p\}-s1'"):
        read()
    Path("set.toml").write_text(FIGURE + 'name = "a"\n[figure.sweep]\ns = [1, 2]\n' + FIGURE + 'name = "a-s2"\n')
    with pytest.raises(UsageError, match=r"both name a figure a-s2.json"):
        read()
