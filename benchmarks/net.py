"""A model from a file: how much longer its figure takes than reading and running it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks._charts import Chart
from benchmarks._measure import CNNVIZ, PYTHON, Command, Spread, cpu, in_turn, run, wall
from benchmarks._report import Row, Section
from benchmarks.speed import medians

_MOST = 1.5


def net(folder: Path, quick: bool) -> Section:
    """The whole figure of a model, its parts, and what they could not do without."""
    floor = (PYTHON, str(Path(__file__).with_name("floor_net.py")))
    run((*floor, "--make", "model.onnx"), folder)
    megabytes = (folder / "model.onnx").stat().st_size / 1e6
    section = Section(f"A network of yours: `cnnviz net model.onnx`, {megabytes:.1f} MB")
    ours = {
        "net": (),
        "gradcam": ("--gradcam", "3"),
        "layer": ("--layer", "Conv2"),
        "receptive field": ("--receptive-field",),
    }
    commands: dict[str, Command] = {
        name: (*CNNVIZ, "net", "model.onnx", *words, "-o", "net.gif") for name, words in ours.items()
    } | {"read and run": (*floor, "model.onnx")}
    runs = in_turn(commands, folder, 3 if quick else 7)
    section.add(commands, runs)
    for name in ours:
        beyond, busy = (
            Spread.of(part(a) - part(b) for a, b in zip(runs[name], runs["read and run"], strict=True))
            for part in (wall, cpu)
        )
        section.rows.append(Row(f"{name}, beyond reading and running", beyond.text(2, " s"), cpu=busy.text(2, " s")))
        if name == "net":
            met = beyond.median <= _MOST
            section.rows[-1] = replace(section.rows[-1], target=f"≤ {_MOST} s", met=met)
    section.chart = Chart("A network of yours", "seconds, median", bars=medians(runs))
    return section
