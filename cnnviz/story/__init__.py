"""The layer under the scenes: windows, the recorded graph of operations, and the story that becomes a storyboard."""

from cnnviz.story.cells import CURRENT, WINDOW, Cells, sheet_marks
from cnnviz.story.graph import Graph, Tensor, rounding_error
from cnnviz.story.looks import highlight_row, reading_beats, shade_for
from cnnviz.story.maps import check_magnitude, load_maps, load_sheets, short_digits, two_panel_stage
from cnnviz.story.parameters import (
    KERNEL_HELP,
    MapAndKernel,
    bias,
    choice,
    convolved_size,
    dilation,
    filled,
    input_map,
    input_maps,
    input_size,
    kernel_size,
    kernel_values,
    padding,
    stride,
    transposed_conv_size,
)
from cnnviz.story.phrases import note_zeros, shared_weights, steps_fill, times
from cnnviz.story.sliding import Sliding, raise_if, same_padding
from cnnviz.story.story import CROWDED_SIDE, Story, check_steps
from cnnviz.story.windows import Axis, Index, Windows
