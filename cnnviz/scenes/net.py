"""A network of yours: an ONNX model on an image, block by block, to its most probable classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from cnnviz.limits import MAX_SIDE
from cnnviz.network.onnx_file import DIGITS
from cnnviz.network.onnx_run import NUMBERS, OnnxRun, Prepared, load_labels, prepare, run_onnx
from cnnviz.network.onnx_stations import LONGEST_TITLE, PANEL, Stop, answer_stop, block_stops, image_stop, keys, short
from cnnviz.parameters import ArrayLike, Numbers, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._net_layer import layer_story
from cnnviz.story import Story
from cnnviz.storyboard import Maps, SetStation, Step
from cnnviz.words import Text, counted


@dataclass(frozen=True, kw_only=True)
class Net(Scene):
    """Your own convolutional network, from an ONNX file, on an image: each block's strongest maps, and what it answers.

    ONNX Runtime computes it. Convolution, batch normalization and activation are one layer, and where there are many
    layers, those of one name or size are one block.
    """

    examples: ClassVar = ("cnnviz net", "cnnviz net model.onnx --input cat.png")

    model: str = param(
        DIGITS,
        help="An .onnx file, or digits: the network of `cnnviz cnn`.",
        positional=True,
        always_named=True,
        names=lambda: (DIGITS,),
        files=True,
    )
    labels: str = param(
        NUMBERS,
        help="Names of the classes: numbers, or a text file with a line each.",
        names=lambda: (NUMBERS,),
        files=True,
    )
    layer: str | None = param(None, help="Draw this convolution: its strongest filter on a part of its real input.")
    i: Size | None = param(
        None, alias="input-size", help="Input size of a model that takes any.", lo=1, hi=MAX_SIDE, group="Data"
    )
    input: ArrayLike | None = param(
        None,
        group="Data",
        help="Input: an image, cut and resized to the model's size, or a .npy file.",
        shown_default="a drawn 3 for digits, else a picture",
    )
    mean: Numbers = param(0.0, help="Taken from an image's levels 0 to 1: a number, or one a channel.", group="Data")
    std: Numbers = param(1.0, help="By which they are then divided: a number, or one a channel.", group="Data")

    @cached_property
    def _known(self) -> Prepared:
        return prepare(self.model, self.input, self.i, (self.mean, self.std), self.seed)

    @cached_property
    def _run(self) -> OnnxRun:
        return run_onnx(self._known)

    @cached_property
    def _names(self) -> list[str]:
        return load_labels(self.labels, len(self._run.probabilities))

    @cached_property
    def _stops(self) -> list[Stop]:
        """What stands on the stage, from left to right."""
        run, most = self._run, self.most()
        stops = [image_stop(run, most), *block_stops(run)]
        return stops + ([answer_stop(run, self._names, most)] if len(run.probabilities) else [])

    def story(self) -> Story:
        """A step for the input, for each block, and for the probabilities; or what `layer` or `gradcam` ask for."""
        if self.layer is not None:
            return layer_story(self, self._known, self.layer)
        run, name = self._run, short("" if self.model == DIGITS else Path(self.model).stem, LONGEST_TITLE)
        point = Text("What does each block see? Its strongest maps, from the image to the answer")
        story = Story(self, name or Text("Neural network"), point=point)
        layers = counted(len(run.layers), "{n} layer", "{n} layers")
        story.settings = [("", layers), ("", Text("{parameters} parameters", parameters=run.parameters))]
        panel = Maps(name=PANEL, stations=tuple(stop.station for stop in self._stops), key=keys(self._stops))
        what = Text("a neural network of {layers}: the maps of its blocks appear one after the other", layers=layers)
        return story.play(self._steps, len(self._stops), (panel,), alt=what, step_roles=())

    def _steps(self) -> Iterator[Step]:
        before = None
        for stop in self._stops:
            name = stop.station.name
            shown = SetStation(panel=PANEL, station=name, role="active", values=stop.values, shade=stop.shade)
            done = (SetStation(panel=PANEL, station=before, role="done"),) if before else ()
            yield Step(caption=stop.caption, changes=(*done, shown), beats=2 if stop is self._stops[-1] else 1.5)
            before = name
