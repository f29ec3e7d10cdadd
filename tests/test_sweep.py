"""Sweeps: lists of values in a figure set become every combination's figure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cnnviz.batch import read_sets
from cnnviz.errors import UsageError

FIGURE = '[[figure]]\nscene = "conv"\nformat = "json"\n'


@pytest.fixture(autouse=True)
def _in_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


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


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("conv", ["conv-s1-p0", "conv-s1-p2x1"]),
        ("s{s}.p{p}", ["s1.p0", "s1.p2x1"]),
        # What the name does not mention stands behind it: two figures never share a file by an omission.
        ("conv{s}", ["conv1-p0", "conv1-p2x1"]),
    ],
)
def test_placeholders_in_the_name(name, names):
    write('s = [1]\np = [0, "2x1"]', f'name = "{name}"')
    assert [entry.name for entry in read()] == names


@pytest.mark.parametrize(
    ("sweep", "names"),
    [
        ("bias = [-1, 0.5, 2.0]", ["a-bias-1", "a-bias0.5", "a-bias2"]),
        ("flip = [true, false]", ["a-fliptrue", "a-flipfalse"]),
        ('kernel = ["sobel-x", "1 0; 0 -1"]', ["a-kernelsobel-x", "a-kernel1-0-0--1"]),
        ('input = ["maps/one.csv", "two.png"]', ["a-inputone", "a-inputtwo"]),
        ("kernel-size = [2, 3]", ["a-kernel-size2", "a-kernel-size3"]),
    ],
)
def test_values_are_made_fit_for_a_file_name(sweep, names):
    write(sweep)
    assert [entry.name for entry in read()] == names


def test_texts_take_the_same_placeholders_and_formulas_keep_their_braces():
    write(
        's = [2]\nk = ["3x1"]',
        'name = "a"\ntitle = "Stride {s}"\nsection = "s={s}"\ncaption = "$\\\\frac{i+2p}{x_{12}}$ {s} {k} {p} {}"',
    )
    (entry,) = read()
    assert entry.parameters["title"] == "Stride 2"
    assert (entry.section, entry.caption) == ("s=2", "$\\frac{i+2p}{x_{12}}$ 2 3x1 {p} {}")


# Invalid combinations


@pytest.mark.parametrize("where", ["in the sweep", "beside it"])
def test_invalid_combinations_are_reported_and_skipped(cnnviz, where):
    skip = "skip_invalid = true"
    sweep = "k = [2, 5]\np = [0, 1]"
    figure = 'name = "a"\ni = 3\n'
    write(*((f"{skip}\n{sweep}", figure) if where == "in the sweep" else (sweep, figure + skip)))
    ran = cnnviz("render", "set.toml", "--out", "out", "--jobs", 1)
    assert (ran.code, ran.err) == (0, "")
    first, *_, last = ran.out.splitlines()
    assert first.startswith("set.toml, figure a-k5-p0: skipped: kernel 5 does not fit")
    assert last == "3 made, 0 up to date, 1 skipped"
    records = json.loads(Path("out/manifest.json").read_text())["figures"]
    assert [record["name"] for record in records] == ["a-k2-p0", "a-k2-p1", "a-k5-p1"]
    ran = cnnviz("render", "set.toml", "--out", "out", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_a_deck_and_a_check_see_the_same_figures(cnnviz):
    write("k = [2, 5]\nskip_invalid = true", 'name = "a"\ni = 3\ntitle = "k={k}"')
    ran = cnnviz("deck", "set.toml", "-o", "deck.md", "--jobs", 1)
    assert (ran.code, ran.err) == (0, "")
    assert "k=2" in Path("deck.md").read_text()
    assert "k=5" not in Path("deck.md").read_text()
    ran = cnnviz("render", "set.toml", "--out", "out", "--jobs", 1, "--check")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1].startswith("a-k2: 4 of 4 ")


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


@pytest.mark.parametrize(
    ("sweep", "named"),
    [
        ("s = []", "sweep.s"),
        ("", "sweep names no parameter"),
        (f"seed = {list(range(101))}\ns = {list(range(100))}", "sweep has 10100 combinations"),
    ],
)
def test_a_mistake_is_reported_with_file_figure_and_key(cnnviz, sweep, named):
    write(sweep, 'name = "a"\ni = 4')
    ran = cnnviz("render", "set.toml", "--out", "out")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(f"cnnviz: set.toml, figure 1 (a): {named}")
    assert not Path("out").exists()


@pytest.mark.parametrize("sweep", ["strid = [1]", "input-size = [4]"])
def test_a_parameter_that_is_unknown_or_given_already_fails_its_figures(cnnviz, sweep):
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
