"""The layer under the scenes: windows, the recorded graph of operations, and the story that becomes a storyboard."""

from cnnviz.story.cells import CURRENT, WINDOW, Cells, sheet_marks
from cnnviz.story.graph import Graph, Tensor, tolerance
from cnnviz.story.looks import light_rows, reading_beats, shade_for
from cnnviz.story.maps import check_squares, load_maps, load_sheets, short_digits, stage_of_two
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
    transposed_conv_size,
)
from cnnviz.story.phrases import filling, shared_weights, times, without_zeros
from cnnviz.story.sliding import Sliding, refuse, same_padding
from cnnviz.story.story import CROWDED_SIDE, Story, check_steps
from cnnviz.story.windows import Axis, Place, Windows
