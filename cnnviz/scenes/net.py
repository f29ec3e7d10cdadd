"""A network of yours: an ONNX model on an image, block by block, to its most probable classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from cnnviz.limits import MAX_SIDE
from cnnviz.network.onnx_field import field_tour
from cnnviz.network.onnx_file import DIGITS
from cnnviz.network.onnx_gradcam import class_of, heat_tour
from cnnviz.network.onnx_run import NUMBERS, Prepared, load_labels, prepare, run_onnx
from cnnviz.network.onnx_stations import LONGEST_TITLE, Tour, short, whole_tour
from cnnviz.network.torch_module import exported
from cnnviz.parameters import ArrayLike, Numbers, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._net_layer import find_layer, layer_story
from cnnviz.story import Story, raise_if
from cnnviz.words import Text, counted


@dataclass(frozen=True, kw_only=True)
class Net(Scene):
    """Your own convolutional network, from an ONNX file, on an image: each block's strongest maps, and what it answers.

    ONNX Runtime computes it; in Python cnnviz.net(module, x) draws a torch.nn.Module. Convolution, batch normalization
    and activation are one layer, and where there are many layers, those of one name or size are one block.
    """

    examples: ClassVar = (
        "cnnviz net",
        "cnnviz net model.onnx --input cat.png",
        "cnnviz net --layer conv2",
        "cnnviz net --gradcam 3",
        "cnnviz net --receptive-field",
    )

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
    gradcam: str | None = param(None, help="Draw what in the input speaks for this class: its number or label.")
    receptive_field: bool = param(
        False, help="Draw what a cell of the layer sees, of the last convolution unless given."
    )
    i: Size | None = param(
        None, alias="input-size", help="Input size of a model that takes any.", lo=1, hi=MAX_SIDE, group="Data"
    )
    input: ArrayLike | None = param(
        None,
        group="Data",
        unnamed=True,
        help="Input: an image, cut and resized to the model's size, or a .npy file.",
        shown_default="a drawn 3 for digits, else a picture",
    )
    mean: Numbers = param(0.0, help="Taken from an image's levels 0 to 1: a number, or one a channel.", group="Data")
    std: Numbers = param(1.0, help="By which they are then divided: a number, or one a channel.", group="Data")

    @cached_property
    def _known(self) -> Prepared:
        return prepare(self.model, self.input, self.i, (self.mean, self.std), self.seed)

    @cached_property
    def _tour(self) -> Tour:
        known, most = self._known, self.max_decimals()
        if self.receptive_field:
            layer = find_layer(known, self.layer)
            return field_tour(run_onnx(known, layer), layer)
        run = run_onnx(known)
        names = load_labels(self.labels, len(run.probabilities))
        if self.gradcam is not None:
            return heat_tour(run, names, class_of(self.gradcam, names), most)
        return whole_tour(run, names, most)

    def __post_init__(self) -> None:
        if hasattr(self.model, "forward"):
            self.fill_in(model=exported(self.model, self.input, self.i))
        super().__post_init__()

    def story(self) -> Story:
        """A step for each station; or what a `layer` does."""
        other = self.gradcam is not None and (self.layer is not None or self.receptive_field)
        raise_if({"--gradcam is a figure of its own: leave out --layer and --receptive-field": other})
        known = self._known
        if self.layer is not None and not self.receptive_field:
            return layer_story(self, known, self.layer)
        tour, name = self._tour, short("" if self.model == DIGITS else Path(self.model).stem, LONGEST_TITLE)
        story = Story(self, name or Text("Neural network"), point=tour.point)
        layers = counted(len(known.layers), "{n} layer", "{n} layers")
        story.settings = [("", layers), ("", Text("{parameters} parameters", parameters=known.parameters))]
        stage = (tour.panel(),)
        return story.play(tour.steps, len(tour.stops), stage, alt=tour.alt, step_roles=(), formula=tour.formula)
