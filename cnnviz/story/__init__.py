"""The layer under the scenes: windows, the recorded graph of operations, and the story that becomes a storyboard."""

from cnnviz.story.cells import Cells, sheet_marks
from cnnviz.story.graph import Graph, Tensor
from cnnviz.story.maps import Maps, check_squares, load_maps, short_digits, stage_of_two
from cnnviz.story.parameters import (
    KERNEL_HELP,
    MapAndKernel,
    bias,
    convolved_size,
    dilation,
    filled,
    input_map,
    input_maps,
    input_size,
    kernel_size,
    kernel_values,
    kinds,
    padding,
    stride,
)
from cnnviz.story.sliding import Sliding, refuse
from cnnviz.story.story import (
    CROWDED_SIDE,
    Story,
    check_steps,
    filling,
    light_rows,
    lost_of,
    reading_beats,
    shade_for,
    times,
)
from cnnviz.story.windows import Axis, Windows, does_not_fit

__all__ = [
    "CROWDED_SIDE",
    "KERNEL_HELP",
    "Axis",
    "Cells",
    "Graph",
    "MapAndKernel",
    "Maps",
    "Sliding",
    "Story",
    "Tensor",
    "Windows",
    "bias",
    "check_squares",
    "check_steps",
    "convolved_size",
    "dilation",
    "does_not_fit",
    "filled",
    "filling",
    "input_map",
    "input_maps",
    "input_size",
    "kernel_size",
    "kernel_values",
    "kinds",
    "light_rows",
    "load_maps",
    "lost_of",
    "padding",
    "reading_beats",
    "refuse",
    "shade_for",
    "sheet_marks",
    "short_digits",
    "stage_of_two",
    "stride",
    "times",
]
