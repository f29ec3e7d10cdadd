"""Values of parameters: good ones, ones at the edge of what is allowed, and words that nobody expects."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

from cnnviz.appearance import Appearance
from cnnviz.discovery import load_scene
from cnnviz.parameters import Parameter, parameters_of
from cnnviz.render.theme import theme_names

WORDS = (
    "", " ", "-", "--", "0", "-0", "-1", "1e400", "-1e400", "nan", "inf", "1e-320", "9" * 30, "1.5", "٣", "三", "3x",
    "x3", "3x3x3", "3 x 3", "3×3", "0x0", "1e3", "0x10", "1_000", "true", "None", "random", "arange", "ones", "zeros",
    "$", r"$\frac{", r"$x^", "$$", r"\alpha", "**", "{}", "%s", "%(name)s", "a\tb", "é" * 50, "🙂", "<b>&amp;", "'\"`",
    "../../etc", "/", ".", "~", "a" * 2000, "\u202e", "\ud800", "-o", "--help",
)  # fmt: skip
DATA = (
    "1 2; 3 4", "1 2 3; 4 5 6; 7 8 9", "0", "-1.5", "[[1,2],[3,4]]", "1,2,3", "1 2; 3", "1/3 2/3", "1/0", "nan 1",
    "1e9 -1e9", "1e10", "1e-300 1", "0 0; 0 0", "1e308 1e308", "; ;", "[", "[[]]", "1 a", "0.1 0.2; 0.3 0.4", "-0 -0",
    "sobel-x", "gaussian", "laplacian", "identity", "box", "emboss", "sharpen",
    "numbers.csv", "text.csv", "missing.npy", "folder",
)  # fmt: skip
_THEMES = theme_names()
_LAYERS = (
    "conv 2@3x3", "conv 3@2 s2 p1", "maxpool 2", "avgpool 2 s1", "relu", "lrn 3", "batchnorm", "elu 0.5", "fc 4",
    "fc 10", "tanh",
)  # fmt: skip
_NAMED: dict[str, Callable[[Random], str]] = {
    "width": lambda random: str(random.choice((320, 321, 400))),
    "lang": lambda random: random.choice(("en", "zh", "zh", "bad.toml", "xx")),
    "layers": lambda random: ", ".join(random.choices(_LAYERS, k=random.randint(1, 4))),
    "theme": lambda random: random.choice((*_THEMES, "bad.toml", "text.csv", "folder")),
    "max_size": lambda random: random.choice(("1MB", "20KB", "7KiB", "300", "0", "5 MB", "1e9")),
    "frame": lambda random: random.choice(("last", "first", "1", "2", "all", "9999")),
    "weights": lambda random: random.choice(("random", *DATA)),
}


@cache
def declared(scene: str) -> list[Parameter]:
    """All parameters of a figure."""
    return [*parameters_of(load_scene(scene)), *parameters_of(Appearance)]


def good(random: Random, parameter: Parameter) -> str:
    """A value that a parameter takes, most often."""
    spec, kind = parameter.spec, parameter.type.__name__
    if parameter.name in _NAMED:
        return _NAMED[parameter.name](random)
    if spec.choices:
        return random.choice(spec.choices)
    if kind == "int":
        lo, hi = int(spec.lo or 0), int(spec.hi if spec.hi is not None else 9)
        return str(random.randint(lo, min(hi, lo + 9)))
    if kind == "float":
        lo, hi = (end if end is not None else other for end, other in ((spec.lo, -5.0), (spec.hi, 5.0)))
        lo, hi = max(lo, -5.0), min(hi, 5.0)
        return f"{random.uniform(lo, max(lo, hi)):.{random.choice((0, 1, 3))}f}"
    if kind == "ArrayLike":
        return random.choice(DATA)
    if kind == "str":
        return random.choice(("A title", "x", "ones", "Größe", r"$\sqrt{2}$", "5 % of $3"))
    lo = int(spec.lo or 0)
    sizes = [random.randint(lo, lo + random.choice((1, 3, 7))) for _ in range(2)]
    return str(sizes[0]) if random.random() < 0.6 else f"{sizes[0]}x{sizes[1]}"


def bad(random: Random, parameter: Parameter) -> str:
    """A value at the edge of what a parameter takes, or anything."""
    ends = [end for end in (parameter.spec.lo, parameter.spec.hi) if end is not None]
    if ends and random.random() < 0.5:
        return random.choice([f"{end + by:.10g}" for end in ends for by in (-1, 0, 1)])
    return random.choice((*WORDS, *DATA))
