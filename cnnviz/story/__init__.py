"""The layer under the scenes: windows, the recorded graph of operations, and the story that becomes a storyboard."""

from cnnviz.story.cells import Cells
from cnnviz.story.graph import Graph, Tensor
from cnnviz.story.maps import Maps, check_squares, load_maps, load_sheets, short_digits, side_by_side
from cnnviz.story.parameters import (
    KERNEL_HELP,
    MapAndKernel,
    bias,
    convolved_size,
    dilation,
    filled,
    input_map,
    input_size,
    kernel_size,
    kernel_values,
    padding,
    stride,
)
from cnnviz.story.sliding import Sliding, refuse, same_padding
from cnnviz.story.story import (
    CROWDED_SIDE,
    Story,
    check_steps,
    filling,
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
    "input_size",
    "kernel_size",
    "kernel_values",
    "load_maps",
    "load_sheets",
    "lost_of",
    "padding",
    "reading_beats",
    "refuse",
    "same_padding",
    "shade_for",
    "short_digits",
    "side_by_side",
    "stride",
    "times",
]
