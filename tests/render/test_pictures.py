"""A handful of frames against pictures that somebody has looked at.

`CNNVIZ_UPDATE_PICTURES=1 make test` draws them anew: look at what changed before committing it. A frame that differs
is left beside its baseline as `*.new.png`, with a picture of the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnviz.pipeline import make
from cnnviz.render.mpl import FontPath

FOLDER = Path(__file__).with_name("pictures")
# FreeType differs in the last bits of a text's edge from release to release; a moved digit differs by far more.
MEAN_DIFFERENCE, FAR_PIXELS = 0.35, 0.004
FRAMES = {
    "conv": (6, "conv", {"k": 3, "s": 2, "p": 1}),
    "conv-picture": (40, "conv", {"input": "arange", "i": 24, "k": 3, "s": 3, "kernel": "sobel-x"}),
    "transposed-conv": (12, "transposed-conv", {"i": 3, "s": 2, "p": 1}),
    "pool": (3, "pool", {"kind": "max"}),
    "lrn": (9, "lrn", {}),
    "fully-connected": (5, "fully-connected", {}),
    "activation": (9, "activation", {"kind": "elu"}),
    "loss": (8, "loss", {"kind": "huber"}),
    "gradient-descent": (31, "gradient-descent", {"optimizer": "all", "surface": "saddle"}),
    "activation-table": (2, "activation", {"kind": "table"}),
    "cnn": (14, "cnn", {}),
}


@pytest.mark.skipif(FontPath is None, reason="matplotlib before 3.11 spaces letters otherwise")
@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_looks_as_it_was_approved(name):
    step, scene, given = FRAMES[name]
    film = make(scene, **given, width=640).film()
    (still,) = film.stills([step - 1])
    frame = film.palette.colors[still]
    path = FOLDER / f"{name}.png"
    if os.environ.get("CNNVIZ_UPDATE_PICTURES"):
        Image.fromarray(frame).quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)
    approved = np.asarray(Image.open(path).convert("RGB")).astype(int)
    assert approved.shape == frame.shape
    difference = np.abs(frame.astype(int) - approved)
    if difference.mean() > MEAN_DIFFERENCE or (difference.max(axis=2) > 60).mean() > FAR_PIXELS:
        Image.fromarray(frame).save(path.with_suffix(".new.png"))
        Image.fromarray((255 - np.minimum(255, 3 * difference)).astype(np.uint8)).save(path.with_suffix(".diff.png"))
        pytest.fail(f"{path.name} differs: mean {difference.mean():.2f}, see {path.stem}.new.png and .diff.png")


def test_a_moved_digit_is_seen():
    """The tolerance lets edges pass, not numbers."""
    one, other = (next(iter(make("conv", input=values, width=640).frames())) for values in ("arange", "ones"))
    difference = np.abs(one.astype(int) - other)
    assert difference.mean() > MEAN_DIFFERENCE
