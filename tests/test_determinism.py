"""The same command gives the same bytes: in another process, another folder, with another hash seed, by other jobs."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib

from cnnviz.discovery import find_scenes
from cnnviz.export import formats, mp4
from cnnviz.pipeline import make

ROOT = Path(__file__).parents[1]
SCENES = list(find_scenes())
GIFS = ("norm", "activation", "fully-connected", "gradient-descent")
"""One each for blocks, plots, graphs and surfaces."""

# Every scene's default as JSON and some as GIF, by one process: most of a process's time is its start.
ALL = """
import sys
from cnnviz.pipeline import make
from tests.figures import FEWER
for name in sys.argv[1].split():
    make(name, **FEWER.get(name, {})).save(name + ".json")
for name in sys.argv[2].split():
    make(name, **FEWER.get(name, {}), width=320, tween=1).save(name + ".gif")
place = sys.argv[3]
figure = make("conv", i=4, k=3, s=2, p=1, width=320, tween=1, input="map.csv", theme="own.toml")
figure.save_all(place + "/c", sys.argv[4])
make("conv", i=3, k=2, width=320, frame="all").save_all(place + "/all", "svg,pdf")
figure.save_all(place + "/frames", "frames")
for kind in sys.argv[5].split():
    figure.deck(place + "/deck." + kind)
"""
FORMATS = ",".join(formats())
DECKS = "html pptx md tex"
# What a figure must not depend on: where the files lie, who runs it, where on earth and in which terminal.
ELSEWHERE = {
    "TZ": "Asia/Tokyo",
    "LC_ALL": "C",
    "LANG": "tr_TR.UTF-8",
    "LANGUAGE": "tr",
    "COLUMNS": "200",
    "HOME": "/nowhere",
    "SOURCE_DATE_EPOCH": "5",
    "FORCE_COLOR": "1",
    "USER": "other",
    "TMPDIR": "/tmp",
}


def run(folder, hash_seed, *arguments, umask=0o022, **more):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "map.csv").write_text("1 2 3 4\n" * 4)
    (folder / "own.toml").write_text('extends = "dark"')
    # A cache of fonts that each run would have to make anew.
    fixed = {"PYTHONHASHSEED": hash_seed, "MPLCONFIGDIR": matplotlib.get_cachedir(), "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "80", **fixed, **more},
        check=True,
        timeout=120,
        capture_output=True,
        umask=umask,
    )


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_figure_and_format_is_the_same_elsewhere(tmp_path):
    """By another order of the scenes, in another folder, with another hash seed."""
    first, second = tmp_path / "one", tmp_path / "two" / "of another name"
    run(first, "0", "-c", ALL, " ".join(SCENES), " ".join(GIFS), "made", FORMATS, DECKS)
    scenes, gifs = " ".join(reversed(SCENES)), " ".join(reversed(GIFS))
    run(second, "4321", "-c", ALL, scenes, gifs, str(second / "made"), FORMATS, DECKS, umask=0o077, **ELSEWHERE)
    one, other = contents(first), contents(second)
    assert one.keys() > {f"{scene}.json" for scene in SCENES} | {f"{scene}.gif" for scene in GIFS}
    assert one.keys() > {f"made/c.{kind}" for kind in formats()} | {"made/all.svg", "made/frames/durations.csv"}
    assert one.keys() > {f"made/deck.{kind}" for kind in DECKS.split()}
    assert [name for name in one.keys() | other.keys() if one.get(name) != other.get(name)] == []


def test_a_video_is_the_same_whatever_the_memory_held_and_whichever_the_processor(tmp_path, monkeypatch):
    figure = make("conv", i=3, k=2, tween=1, width=320)
    figure.save(tmp_path / "here.mp4")
    run(tmp_path, "0", "-m", *figure.command().split(), "-o", "there.mp4", "-q", MALLOC_PERTURB_="200")
    # As on a processor without any of x264's faster instructions.
    monkeypatch.setitem(mp4._ENCODER, "x264-params", mp4._ENCODER["x264-params"] + ":asm=0")
    figure.save(tmp_path / "plain.mp4")
    assert len({path.read_bytes() for path in tmp_path.glob("*.mp4")}) == 1


THREADED = """
import hashlib, sys, threading
import cnnviz

KINDS = ("gif", "mp4", "pdf", "png", "svg")

def made(scene):
    figure = getattr(cnnviz, scene)(width=320, i=4, seed=2, tween=1)
    found = [content for _, content in figure.contents(["x." + kind for kind in KINDS])]
    found += [figure.to_html().encode(), *(frame.tobytes() for frame in figure.frames())]
    return [hashlib.sha256(content).hexdigest() for content in found]
"""
IN_THREADS = """
from concurrent.futures import ThreadPoolExecutor
# They take turns more often than usual, so that whatever can meet does.
sys.setswitchinterval(1e-5)
scenes, gate = sys.argv[1:], threading.Barrier(len(sys.argv) - 1)
with ThreadPoolExecutor(len(scenes)) as pool:
    for found in pool.map(lambda scene: (gate.wait(), made(scene))[1], scenes):
        print(*found)
sys.setswitchinterval(0.005)
print(*made(scenes[0]))
"""


def test_threads_make_the_same_and_leave_nothing_behind():
    # In a process that has imported, set and drawn nothing yet.
    scenes = ["conv", "pool", "unpool"]
    done = subprocess.run(
        [sys.executable, "-c", THREADED + IN_THREADS, *scenes], capture_output=True, text=True, timeout=120, check=True
    )
    exec(THREADED, alone := {})
    expected = [alone["made"](scene) for scene in scenes]
    assert [line.split() for line in done.stdout.splitlines()] == [*expected, expected[0]]
    assert len({found[0] for found in expected}) == len(scenes)
