"""Frames for `floor.py`: `python benchmarks/_prepared.py FILE.npz i=5 k=3` writes what those of `cnnviz conv` change.

One palette there, and in FILE.bin of each frame the rectangle that changed, as the palette indices that a GIF has. In a
process of its own: a child's peak of memory is never told lower than what its parent holds.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnnviz.export._patches import patches
from cnnviz.export.gif import _with_long_runs
from cnnviz.pipeline import make


def main() -> None:
    path, *given = sys.argv[1:]
    figure = make("conv", **dict(word.split("=") for word in given))
    film = figure.film()
    boxes, times, unchanged = [], [], len(film.palette.colors)
    with Path(path).with_suffix(".bin").open("wb") as file:
        for place, patch in enumerate(patches(film)):
            boxes.append((patch.box.left, patch.box.top, patch.box.right, patch.box.bottom))
            times.append(patch.milliseconds)
            if place:
                patch = replace(patch, pixels=_with_long_runs(patch).sparse(unchanged))
            file.write(np.ascontiguousarray(patch.pixels))
    np.savez(
        path,
        colors=film.palette.colors,
        boxes=np.array(boxes),
        milliseconds=np.array(times),
        result=figure.scene.expected()["output"],
    )


if __name__ == "__main__":
    main()
