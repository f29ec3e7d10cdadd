"""The layer under the scenes: windows, the recorded graph of operations, and the story that becomes a storyboard."""

from cnnviz.story.cells import Cells
from cnnviz.story.graph import Graph, Tensor
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
    "CROWDED_SIDE", "Axis", "Cells", "Graph", "Story", "Tensor", "Windows", "check_steps", "does_not_fit", "filling",
    "lost_of", "reading_beats", "shade_for", "times",
]
