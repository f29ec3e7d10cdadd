"""Figure sets: TOML texts, most of them valid, some with a sweep, some with what nobody should write."""

from __future__ import annotations

import json
import re
from random import Random

from cnnviz.discovery import find_scenes
from cnnviz.parameters import Parameter
from tests.fuzzing.values import WORDS, chosen, declared, good

_SCENES = tuple(find_scenes())
_WHOLE = (
    "", "[", "figure = 3", "[figure]", "[[figure]]", "[[figures]]\nscene='conv'", "\x00", "a" * 9999,
    "[[figure]]\nscene = 'conv'\nname = 'a'\n" * 2, "[figure.sweep]\nscene='conv'\nk=[1,2]",
)  # fmt: skip
_NAMES = ("", "../x", "/x", "a b", "manifest", "x" * 300, "..", "é", "x/y", "{k}", "{", "{nothing}", "CON")
_LINES = (
    "unknown = 1", "scene = 3", "k = 1979-05-27", "caption = []", "seed = 1", "section = 3", "skip_invalid = true",
    "sweep = 3", "sweep = []", "sweep = {}",
)  # fmt: skip
_TOML = (
    "true", "1979-05-27", "[]", "[1, 2]", "[[1, 2], [3]]", "{}", "{a = 1}", "nan", "inf", "-inf", "1e308",
    "[[1, 2], [3, 4]]", '["a"]', "[true]", "9223372036854775807", "[[[1]]]", "-0.0", "[1.5, 2]", "[nan]", "[[1e10]]",
    "07:32:00", '""',
)  # fmt: skip
_FORMATS = (
    '"json"', '"json"', '"json"', '"json"', '"svg"', '["json", "svg"]', '"json, pdf"', '"json,png"', '["gif"]', '"zip"',
)  # fmt: skip
_BAD_FORMATS = ('"x"', '""', "[]", "[3]", '[["json"]]', "3", '"json,,"', '"../x"', '".json"', '["json", ""]')


def figure_set(random: Random) -> str:
    """The text of a set."""
    if random.random() < 0.06:
        return random.choice(_WHOLE)
    figures = (_figure(random, place) for place in range(random.choice((1, 1, 2))))
    return "\n".join(line for figure in figures for line in figure) + "\n"


def _figure(random: Random, place: int) -> list[str]:
    trouble = random.choice((0, 0, 0.2))
    scene, name = random.choice(_SCENES), f"figure-{place}"
    if random.random() < 0.3 * trouble:
        name = random.choice(_NAMES)
    if random.random() < 0.1 * trouble:
        scene = random.choice(WORDS)
    formats = _BAD_FORMATS if random.random() < 0.3 * trouble else _FORMATS
    lines = ["[[figure]]", f"scene = {_text(scene)}", f"name = {_text(name)}", f"format = {random.choice(formats)}"]
    if random.random() < 0.2:
        lines += ['caption = "Words of $k$ & <b>."', 'section = "One"']
    known = declared(scene) if scene in _SCENES else []
    given = chosen(random, known, trouble) if known else []
    # A step of its own for each figure that goes somewhere: what is usual there is not what the cases of a set try.
    lines += [f"{p.name.rstrip('_')} = {_toml(random, p, value, trouble)}" for p, value in given]
    if random.random() < 0.2 * trouble:
        lines.append(random.choice(_LINES))
    if known and random.random() < 0.25:
        lines += _sweep(random, [p for p in known if p not in [p for p, _ in given]], trouble)
    return lines


def _sweep(random: Random, parameters: list[Parameter], trouble: float) -> list[str]:
    """A sweep over one or two parameters."""
    lines = [f"skip_invalid = {random.choice(('true', 'true', 'false'))}"] if random.random() < 0.7 else []
    lines.append("[figure.sweep]")
    for parameter in random.sample(parameters, random.choice((1, 1, 2))):
        values = [_toml(random, parameter, good(random, parameter), trouble) for _ in range(random.randint(1, 3))]
        lines.append(f"{parameter.name.rstrip('_')} = [{', '.join(values)}]")
    if random.random() < 0.3 * trouble:
        lines.append(random.choice(("k = 3", "nothing = [1]", "scene = ['conv']", f"seed = {list(range(20_000))}")))
    return lines


def _text(value: str) -> str:
    return json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml(random: Random, parameter: Parameter, value: str, trouble: float) -> str:
    if random.random() < trouble:
        return random.choice(_TOML)
    if parameter.type is bool:
        return random.choice(("true", "false"))
    number = parameter.type in (int, float) and re.fullmatch(r"-?(0|[1-9]\d{0,9})(\.\d+)?", value)
    return value if number else _text(value)
