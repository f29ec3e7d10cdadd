"""A convolution of a model as `conv` draws it: its strongest filter on a part of its real input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnviz.network.onnx_crop import crop_of
from cnnviz.network.onnx_run import Prepared
from cnnviz.network.onnx_stations import LONGEST_TITLE, short
from cnnviz.scenes._channels import MOST_DRAWN
from cnnviz.scenes.conv import Conv
from cnnviz.story import Story
from cnnviz.words import Shape, Text

if TYPE_CHECKING:
    from cnnviz.scenes.net import Net


def layer_story(scene: Net, known: Prepared, name: str) -> Story:
    """One step for each of a few output cells; raises UsageError for a layer that is no convolution."""
    crop = crop_of(known, name, MOST_DRAWN)
    sizes: dict[str, Any] = {"s": crop.window.s, "p": crop.padding, "d": crop.window.d}
    data: dict[str, Any] = {"input": crop.input, "kernel": crop.weight[None], "bias": crop.bias}
    story = Conv(**data, **sizes, digits=scene.digits).story()
    story.scene, story.title = scene, short(crop.layer.name, LONGEST_TITLE)
    few = "Filter {n} of {every} with its real weights, on a part of its real {size} input"
    many = "Filter {n} of {every} on a part of its real {size} input; channel {first} is drawn first, {last} last"
    story.point = Text(
        few if len(crop.channels) <= MOST_DRAWN else many,
        n=crop.filter + 1,
        every=crop.layer.weight[0],
        size=Shape(crop.given),
        first=crop.channels[0] + 1,
        last=crop.channels[-1] + 1,
    )
    return story
