"""The figures that tests over the registry go through: each scene's defaults and its own variants."""

import json
import shlex
from dataclasses import replace
from functools import cache

from cnnviz.discovery import find_scenes
from cnnviz.pipeline import Figure, make
from cnnviz.storyboard import Storyboard

# Parameters beyond the defaults, by scene; a scene that is not named here is tested with its defaults.
VARIANTS = {
    "conv": [
        "k=3 s=2 p=1",
        "i=7x8 k=3x5 s=2x1 p=0x2",
        "i=9 d=2 flip=true bias=-1.5",
        "i=6 s=4 p=1",
        "i=24 k=5 s=5 kernel=gaussian",
        "input='0.5 -1.25; 3 4' k=1 kernel=1/2",
        "channels=3 filters=2 i=4 bias=[1,-1]",
        "i=4 p=[1,0,0,2] padding_mode=reflect",
    ],
    "conv1d": ["causal=true d=2", "s=2 p=1 bias=-1.5", "stack=1,2,4 i=8"],
    "upsample": [
        "kind=bilinear i=2x3",
        "kind=transposed-conv scale=3",
        "kind=pixel-shuffle",
        "kind=pixel-unshuffle i=1x2",
    ],
    "receptive-field": ["layers='conv 3 p1, pool 2, conv 2 d2' i=8"],
    "shapes": ["i=2x9x8 layers='conv 3@3 s2 p1, tanh, pool 2, flatten, linear 20 4'"],
    "im2col": ["i=5 k=3 s=2 p=1", "compare=true"],
    "conv3d": ["depth=2 kernel_depth=2 k=2 i=2 p=1 s=2"],
    "deformable-conv": ["offset='0.5 -0.5; 0 0; 1 0.5; 0 1.5' mask='1 0.5; 0 0.25' k=2 s=2 d=2 i=5x6"],
    "attention": ["tokens=4 causal=true"],
    "patch-embed": ["channels=1 i=4x6 patch=2x3 d=2 bias=-0.5"],
    "transposed-conv": [
        "i=5 s=1 p=1",
        "i=4 s=2 p=2",
        "i=2x3 k=3x5 s=2x1 p=1 output_padding=1x0 bias=-1.5",
        "view=scatter p=1",
        "view=scatter s=3 k=2 bias=0.5",
        "view=overlap p=1",
        "channels=4 filters=2 groups=2 i=2 p=1 bias=[1,-2]",
    ],
    "pool": [
        "kind=avg i=5 k=3 s=2 p=1 count_include_pad=false",
        "i=6 k=3 s=2 ceil_mode=true",
        "i=7x6 k=3x2 s=2x1 p=1",
        "kind=avg output_size=1",
        "i=7 k=2 d=2 s=1",
    ],
    "unpool": ["kind=avg i=5 k=3 s=2", "i=5x7 k=2x3 s=2x1", "i=24"],
    "output-size": ["s=2 p=1", "i=6x8 k=3x2 s=2x3", "i=24 d=2"],
    "conv-relation": ["p=1", "i=6", "i=6x7 k=3x5 s=2x1", "i=24"],
    "lrn": ["kind=intra", "alpha_over_n=true n=2"],
    "batch-norm": ["channels=3 activation=sigmoid"],
    "norm": ["kind=layer", "kind=instance", "kind=group", "kind=compare"],
    "activation": ["kind=elu", "kind=softmax", "kind=all", "kind=table"],
    "loss": ["kind=huber", "kind=cross-entropy", "kind=hinge", "kind=all"],
    "gradient-descent": ["optimizer=adam surface=rosenbrock", "surface=saddle frames=20"],
    "fully-connected": ["inputs=1 outputs=1", "inputs=5 outputs=4"],
    "cnn": ["layers='conv 2@3x3, fc 3'"],
    "conv-backward": ["part=weight s=2 i=5 p=1", "part=input i=3 k=2 s=2"],
    "pool-backward": ["kind=avg i=5 k=3 s=2"],
    "activation-backward": ["kind=relu"],
    "residual": ["i=4 s=2 projection=2"],
}


FEWER: dict[str, dict[str, object]] = {
    "activation": {"frames": 9},
    "loss": {"frames": 9},
    "gradient-descent": {"frames": 9},
    "training": {"epochs": 4},
    "vanishing": {"depth": 3},
}
"""A film's many pictures are alike: a few are tested."""


def usual_figures() -> list[tuple[str, dict[str, object]]]:
    """Each scene and its defaults, of fewer pictures where these are many."""
    return [(name, FEWER.get(name, {})) for name in find_scenes()]


def all_figures() -> list[tuple[str, dict[str, object]]]:
    """Scene and parameters of every figure that is tested."""
    found = []
    for name, usual in usual_figures():
        found += [(name, usual | parsed(f"{name} {text}")[1]) for text in ["", *VARIANTS.get(name, [])]]
    return found


def parsed(text: str) -> tuple[str, dict[str, object]]:
    """Scene and parameters of a text such as "cnn i=8 layers='relu, fc 3'"."""
    scene, *words = shlex.split(text)
    return scene, {name: _value(value) for name, value in (word.split("=", 1) for word in words)}


def _value(text: str) -> object:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return tuple(value) if isinstance(value, list) else value


def named(figure: tuple[str, dict[str, object]]) -> str:
    """The test's name for a figure."""
    scene, given = figure
    return " ".join([scene, *(f"{key}={value}" for key, value in given.items())])


def make_figure(figure: tuple[str, dict[str, object]]) -> Figure:
    """The figure itself."""
    scene, given = figure
    return make(scene, **given)


@cache
def _told(scene: str, given: tuple[tuple[str, object], ...]) -> Storyboard:
    board = make(scene, **dict(given)).storyboard()
    steps = list(board.steps())
    return replace(board, steps=lambda: iter(steps))


def board_of(figure: tuple[str, dict[str, object]]) -> Storyboard:
    """The storyboard of a figure, made once for all who read it."""
    scene, given = figure
    return _told(scene, tuple(given.items()))
