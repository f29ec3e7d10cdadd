"""How long each format takes against the GIF of the same figure, and how large it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

from benchmarks._charts import Chart
from benchmarks._measure import CNNVIZ, IMAGEIO, REPOSITORY, Command, Run, Spread, cpu, in_turn, ratios, run, wall
from benchmarks._report import Row, Section
from benchmarks.lean import KIB
from benchmarks.speed import medians

# At most so many times the GIF's time; what no target names is measured all the same.
_TIMES = {"webp": 1.6, "apng": 1.6, "png": 1.6, "zip": 1.6, "mp4": 2.5, "webm": 2.5}
_PARTS = {"webp": 0.70, "apng": 1.30}
_HTML_KIB = 60
_SET = REPOSITORY / "animations" / "article.toml"
_OTHERS = ("html", "svg", "pdf", "json")
_TOGETHER = ("gif", "webp", "apng", "zip")
# What imageio writes, too, by its own extension for it.
_PEERS = {"gif": "gif", "webp": "webp", "apng": "png", "mp4": "mp4"}


def formats(folder: Path, quick: bool) -> Section:
    """Every format of the default figure, several at once, and the HTML player of every figure of the article."""
    section = Section("Formats of the default figure: `cnnviz conv -o conv.EXT`")
    commands: dict[str, Command] = {
        "gif": (*CNNVIZ, "conv", "-o", "conv.gif"),
        **{name: (*CNNVIZ, "conv", "-o", f"conv.{name}") for name in (*_TIMES, *_OTHERS)},
        "svg, all steps": (*CNNVIZ, "conv", "--frame", "all", "-o", "all.svg"),
        "pdf, all steps": (*CNNVIZ, "conv", "--frame", "all", "-o", "all.pdf"),
        "mp4, nothing glides": (*CNNVIZ, "conv", "--tween", "0", "-o", "still.mp4"),
        "in one call": (*CNNVIZ, "conv", "--format", ",".join(_TOGETHER), "-o", "together"),
        **{f"imageio, {name}": (*IMAGEIO, "-o", f"imageio.{extension}") for name, extension in _PEERS.items()},
    }
    fewer = {f"imageio, {name}": 1 if quick else 2 for name in _PEERS}
    runs = in_turn(commands, folder, 2 if quick else 5, fewer=fewer)
    section.add(commands, runs)
    gif = runs["gif"]
    for name in commands:
        if name in _TIMES:
            section.at_most(
                f"time, .{name} / .gif", ratios(runs[name], gif, wall), _TIMES[name], ratios(runs[name], gif, cpu)
            )
        elif name not in ("gif", "in one call") and name not in fewer:
            found = ratios(runs[name], gif, wall).text(2, "×")
            section.rows.append(Row(f"time, .{name} / .gif", found, cpu=ratios(runs[name], gif, cpu).text(2, "×")))
    _together(section, runs)
    sizes = {name: (folder / command[-1]).stat().st_size for name, command in commands.items() if name != "in one call"}
    _sizes(section, {name: size for name, size in sizes.items() if name not in fewer})
    _against_imageio(section, runs, sizes)
    section.chart = Chart(
        "Formats of the default figure",
        "seconds, median",
        bars={
            name if name in fewer else f"cnnviz, {name}": seconds
            for name, seconds in medians(runs).items()
            if name != "in one call"
        },
    )
    _players(section, folder, quick)
    return section


def _together(section: Section, runs: dict[str, list[Run]]) -> None:
    single = [
        Run(sum(one.wall for one in turn), sum(one.cpu for one in turn), 0, "", 0)
        for turn in zip(*(runs[name] for name in _TOGETHER), strict=True)
    ]
    together = runs["in one call"]
    what = f"time, {', '.join('.' + name for name in _TOGETHER)} by one call / by {len(_TOGETHER)} calls"
    section.at_most(what, ratios(together, single, wall), 1.0, ratios(together, single, cpu))


def _against_imageio(section: Section, runs: dict[str, list[Run]], sizes: dict[str, int]) -> None:
    for name in _PEERS:
        peer, ours = f"imageio, {name}", "mp4, nothing glides" if name == "mp4" else name
        found = ratios(runs[peer], runs[ours], wall), ratios(runs[peer], runs[ours], cpu)
        section.at_least(f"time, {peer} / cnnviz", found[0], 1, found[1])
        ratio = sizes[peer] / sizes[ours]
        section.at_least(f"bytes, {peer} / cnnviz", Spread(ratio, ratio, ratio), 1)
    section.notes.append(
        "imageio writes the same 9 pictures from a list, by Pillow or PyAV as it comes; its MP4 is held against "
        "cnnviz's without the pictures in which the window glides, six of them between two steps. Both are x264's: "
        "cnnviz has it look for a window among more of the earlier pictures, and gives letters the bits that imageio's "
        "settings spend on flat areas."
    )


def _sizes(section: Section, sizes: dict[str, int]) -> None:
    for name, size in sizes.items():
        part = size / sizes["gif"]
        target, met = "", None
        if name in _PARTS:
            target, met = f"≤ {_PARTS[name]:.0%} of the GIF", part <= _PARTS[name]
        if name == "html":
            target, met = f"≤ {_HTML_KIB} KiB", size <= _HTML_KIB * KIB
        section.rows.append(Row(f"bytes, .{name}", f"{size / KIB:.1f} KiB, {part:.0%} of the GIF", target, met))


def _players(section: Section, folder: Path, quick: bool) -> None:
    """The interactive players of the article's figures."""
    figures = tomllib.loads(_SET.read_text(encoding="utf-8"))["figure"][:: 8 if quick else 1]
    lines = [
        "[[figure]]\n" + "\n".join(f"{k} = {_toml(v)}" for k, v in (f | {"format": "html"}).items()) for f in figures
    ]
    (folder / "players.toml").write_text("\n\n".join(lines), encoding="utf-8")
    run((*CNNVIZ, "render", "players.toml", "--out", "players", "-q"), folder)
    sizes = {file.stem: file.stat().st_size / KIB for file in (folder / "players").glob("*.html")}
    name, largest = max(sizes.items(), key=lambda pair: pair[1])
    row = f"{largest:.1f} KiB (`{name}`)"
    section.rows.append(Row(f"bytes, largest .html of {len(sizes)}", row, f"≤ {_HTML_KIB} KiB", largest <= _HTML_KIB))


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)
