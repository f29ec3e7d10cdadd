"""The benchmarks' own machinery: canned runs become a report and plots; the peers compute what cnnviz computes."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from PIL import Image

from benchmarks.__main__ import AXES, HERE, draw_all, keep, kept
from benchmarks._charts import Chart
from benchmarks._measure import PYTHON, BenchmarkError, Run, Spread, ratios, wall
from benchmarks._plots import draw
from benchmarks._report import Row, Section, markdown, stored
from benchmarks.batch import _costs
from benchmarks.peer_funcanimation import Figure
from benchmarks.speed import same_numbers
from benchmarks.tokens import tokens
from cnnviz.pipeline import make

WANTED = {"default", "input", "steps", "formats", "batch", "memory", "size", "start", "set"}
TINY = {"i": 3, "k": 2, "s": 1, "p": 0}
WORDS = [word for name, value in TINY.items() for word in (f"--{name}", str(value))]


def runs(*seconds, output=""):
    return [Run(wall=second, cpu=2 * second, peak=3 * 2**20, output=output, code=0) for second in seconds]


def section():
    found = Section("Canned", notes=["A remark."])
    ours, peer = runs(1.0, 2.0, 4.0), runs(3.0, 10.0, 8.0)
    found.add({"ours": (PYTHON, "-c", "pass"), "peer": ("other", "a b")}, {"ours": ours, "peer": peer})
    found.at_least("peer / ours", ratios(peer, ours, wall), 3)
    found.at_most("ours / peer", ratios(ours, peer, wall), 0.3)
    found.rows.append(Row("nothing", "skipped: not here"))
    return found


def axis(title="Canned"):
    return stored(section(), {"cores": "2"}, 0.5, quick=False) | {"title": title}


def test_the_start_is_taken_off_sets_of_every_size():
    found = Section("Canned")
    # 2 s to start, 0.25 s a figure beyond the first two, 0.5 s in the large one.
    _costs(found, runs(2, 2, 3), {1: runs(1)[0], 50: runs(14)[0], 1000: runs(501)[0]}, runs(14, 13, 15))
    rows = {row.what: row for row in found.rows}
    assert rows["a figure beyond the first two, of 50 figures"].measured == "0.250 s: 4.0 figures a second"
    last = rows["a figure of 1000 at once / in sets of 50"]
    assert (last.measured, last.cpu, last.met) == ("2.00×", "2.00×", False)


def test_ratios_are_formed_within_each_round():
    # 3, 5 and 2, whose median is 3; the ratio of the medians would be 4.
    assert ratios(runs(3, 10, 8), runs(1, 2, 4), wall) == Spread(3, 2, 5)


def test_every_axis_is_there_with_its_results_and_its_plot():
    assert set(AXES) == WANTED
    axes = kept(HERE)
    assert set(axes) == WANTED
    for name, one in axes.items():
        assert one["chart"], name
        with Image.open(HERE / f"{name}.png") as picture:
            assert picture.size == (960, 540)
    assert (HERE / "RESULTS.md").read_text(encoding="utf-8") == markdown(axes)


def test_the_report_says_what_was_missed():
    text = markdown({"canned": axis()})
    assert "1 of 2 targets met. NOT met:" in text
    assert "- Canned: ours / peer: 0.33× (0.20–0.50), target ≤ 0.3×" in text
    assert "| peer / ours | 3.0× (2.0–5.0) |  | ≥ 3× | met |" in text
    assert "| nothing | skipped: not here |  |  | – |" in text
    assert "| ours | `python -c pass` | 2.00 (1.00–4.00) | 4.00 (2.00–8.00) | 3 | 3 |" in text
    assert "![Canned: seconds, median](canned.png)" in text
    assert "load average 0.5 before the first run." in text


def test_an_axis_measured_anew_leaves_the_others(tmp_path):
    first = axis("First") | {"facts": {"cores": "1"}, "when": "2000-01-01 00:00 UTC"}
    keep({"default": first, "start": axis("Old")}, tmp_path)
    keep({**kept(tmp_path), "start": axis("New")}, tmp_path)
    assert kept(tmp_path)["default"] == json.loads(json.dumps(first))
    text = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert "## New" in text
    assert "## Old" not in text
    # The machine is the newest axis's; what another one was measured with is said there.
    assert "Measured 2000-01-01 00:00 UTC, load average 0.5 before the first run. Here cores: 1." in text
    draw_all(kept(tmp_path), tmp_path, ["start"])
    assert [path.name for path in tmp_path.glob("*.png")] == ["start.png"]


@pytest.mark.parametrize(
    "chart",
    [
        Chart("Lines", "seconds", "steps", lines={"cnnviz": [(9, 0.8), (64, 1.0)], "floor": [(9, 0.79)]}, log=True),
        Chart("Bars", "seconds", bars={"cnnviz": 0.8, "usual script": 3.0}),
    ],
    ids=lambda chart: chart.title,
)
def test_plots(chart, tmp_path):
    for name in ("one.png", "two.png"):
        draw(Chart(**json.loads(json.dumps(chart.stored()))), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    with Image.open(tmp_path / "one.png") as picture:
        assert picture.size == (960, 540)
        colors = {color for _, color in picture.convert("RGB").getcolors(1 << 20)}
    assert (0xB4, 0x53, 0x1A) in colors


@pytest.mark.parametrize("given", [{"i": 5, "k": 3, "s": 1, "p": 0}, {"i": 6, "k": 3, "s": 2, "p": 1}])
def test_the_usual_script_computes_the_same(given):
    figure = Figure(SimpleNamespace(**given, seed=0, small=False))
    assert figure.result.tolist() == make("conv", **given).scene.expected()["output"].tolist()


@pytest.fixture
def script(monkeypatch, capsys):
    """Run a script of the benchmarks in this process; returns what it prints last."""

    def runs_script(name, *words):
        monkeypatch.syspath_prepend(str(HERE))
        monkeypatch.setattr(sys, "argv", [name, *map(str, words)])
        importlib.import_module(name).main()
        return capsys.readouterr().out.strip()

    return runs_script


def test_peers_draw_what_cnnviz_draws_or_are_not_compared(script, tmp_path):
    said_last = script("peer_imageio", *WORDS, "-o", tmp_path / "peer.gif")
    with Image.open(tmp_path / "peer.gif") as picture:
        assert picture.size == (960, 540)
        assert picture.n_frames == 4
    other = json.dumps([[value + 1 for value in row] for row in json.loads(said_last)])
    peers = {name: runs(1, output=f"A warning\n{out}")[0] for name, out in (("imageio", said_last), ("manim", other))}
    with pytest.raises(BenchmarkError, match="manim and cnnviz do not compute the same numbers"):
        same_numbers(peers, WORDS, tmp_path)


def test_the_floor_encodes_what_cnnviz_would_write(script, tmp_path):
    script("_prepared", tmp_path / "tiny.npz", *(f"{name}={value}" for name, value in TINY.items()))
    script("floor", tmp_path / "tiny.npz", tmp_path / "floor.gif")
    make("conv", **TINY).save(tmp_path / "ours.gif")
    with Image.open(tmp_path / "floor.gif") as floor, Image.open(tmp_path / "ours.gif") as ours:
        assert floor.n_frames == ours.n_frames == 4
        for frame in range(4):
            floor.seek(frame)
            ours.seek(frame)
            assert floor.convert("RGB").tobytes() == ours.convert("RGB").tobytes()
            assert floor.info["duration"] == ours.info["duration"]


def test_the_harness_stays_smaller_than_what_it_measures():
    # A child's peak of memory is never told lower than what its parent holds.
    heavy = "sorted({'numpy', 'matplotlib', 'PIL'} & set(sys.modules))"
    code = f"import sys, benchmarks.__main__; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], cwd=HERE.parent, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_tokens_leave_out_layout_comments_and_docstrings():
    source = '"""A module."""\n\nx = (\n    1,  # one\n)\n"""Of x."""\n\n\ndef f():\n    """F."""\n    return "text"\n'
    # x = ( 1 , )   def f ( ) :   return "text"
    assert tokens(source) == 6 + 5 + 2
