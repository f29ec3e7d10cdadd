"""Cases: command lines of figures and tools, and the figure sets that they read. Each is made from its number alone."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from cnnviz.decks import DeckOptions
from cnnviz.discovery import find_scenes
from cnnviz.export import formats
from cnnviz.parameters import parameters_of
from cnnviz.programs import frameworks
from cnnviz.talk import LOOKS
from tests.fuzzing.files import MADE, SET
from tests.fuzzing.sets import figure_set
from tests.fuzzing.values import WORDS, chosen, declared, options

SCENES = tuple(find_scenes())
_FORMATS = formats()
_OF_DECKS = (*parameters_of(DeckOptions), *LOOKS)
_STRANGE = (
    "", "/proc", ".", "x", "x.bmp", "folder", "x/", "text.csv/", "missing/x/", ".gif", "missing/x.gif", "/proc/x.gif",
    "text.csv/x.gif", "x" * 300 + ".gif", "a\nb.json", "%s %d.json", "é.json", "\udcff.json", "picture.png",
)  # fmt: skip
_READ = (*(f"made.{name}" for name in MADE), "cut.gif", "evil.gif", "other.gif", "picture.png", "text.csv", "folder",
         "missing.gif", *WORDS[:6])  # fmt: skip


@dataclass
class Case:
    """A command line, the figure set that it reads if it is one, and what became of it."""

    number: int
    arguments: list[str]
    toml: str = ""
    code: object = None
    out: str = ""
    err: str = ""
    seconds: float = 0.0
    memory: int = 0
    problem: str = ""
    kinds: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        words = shlex.join(["cnnviz", *self.arguments]).encode("utf-8", "backslashreplace").decode()
        return f"case {self.number}: {words}\n{self.toml}  → {self.problem}"


def make_case(seed: int, number: int) -> Case:
    """The case of that number."""
    random = Random(f"{seed}/{number}")
    kind = random.random()
    if kind < 0.14:
        arguments = random.choice(_TOOLS)(random)
        return Case(number, arguments, figure_set(random) if SET in arguments else "")
    if kind < 0.30:
        more = random.choice(([], ["-q"], ["--force"], ["--check"] if random.random() < 0.1 else []))
        return Case(number, ["render", SET, "--out", "made", "--jobs", "1", *more], figure_set(random))
    return Case(number, figure(random))


def figure(random: Random) -> list[str]:
    """A figure's command."""
    scene = random.choice(SCENES)
    # A careless user's line has no trouble, or one or two; more would only ever tell of the first.
    trouble = random.choice((0, 0, 0.05, 0.3))
    words = [scene, *options(random, chosen(random, declared(scene), trouble))]
    if random.random() < 0.3 * trouble:
        words.insert(random.randrange(1, len(words) + 1), random.choice((*WORDS, "--nothing", "-k", "--k")))
    if random.random() < 0.05:
        words += ["--code", random.choice((*frameworks(), "torch", "x", ""))]
    if random.random() < 0.98:
        words += ["-o", _file(random, words, trouble)]
    if random.random() < 0.1:
        some = "json", "json,zip", "gif, json", ".JSON", "png", "svg,pdf,json", "html,json", "x", ",", "", *WORDS[:9]
        words += ["--format", random.choice(some)]
    return [*words, *random.choice(([], [], ["-v"], ["-q"]))]


def _file(random: Random, words: list[str], trouble: float) -> str:
    if random.random() < 0.2 * trouble:
        return random.choice(_STRANGE)
    if any(word.startswith("--sheet") for word in words):
        return "x." + random.choice(("png", "png", "svg", "pdf"))
    if any(word.startswith("--frame=all") for word in words) or words[-2:] == ["--frame", "all"]:
        return "x." + random.choice(("svg", "pdf"))
    return "x.json" if random.random() < 0.75 else random.choice(("x/", *("x." + name for name in _FORMATS)))


def _wild(random: Random) -> list[str]:
    tools = (
        "list", "gallery", "render", "check", "info", "rerun", "describe", "sheet", "themes", "deck", "languages",
        "--help", "-h", "--version", "--scenes", "cnov", *WORDS[:12],
    )  # fmt: skip
    words = (
        "folder", "missing", "conv", "pool", "--against", "--out", "--help", SET, "--k", "3", "-o", *_READ, *WORDS,
    )  # fmt: skip
    return [random.choice(tools), *random.choices(words, k=random.randrange(3))]


def _list(random: Random) -> list[str]:
    return ["list", *random.choice(([], [], [random.choice(WORDS)]))]


def _info(random: Random) -> list[str]:
    return ["info", *random.choices(_READ, k=random.choice((1, 1, 3)))]


def _rerun(random: Random) -> list[str]:
    more = options(random, chosen(random, declared("conv"), random.choice((0, 0.1)), some=2))
    place = random.choice(([], ["-o", "x.json"], ["-o", "x.json"], ["-o", "x.svg"], ["--format", "json,png"]))
    return ["rerun", random.choice(_READ), *more, *place]


def _describe(random: Random) -> list[str]:
    if random.random() < 0.2:
        return ["describe", random.choice(_READ)]
    return ["describe", *figure(random)[:-3]]


def _sheet(random: Random) -> list[str]:
    scene = random.choice(SCENES)
    more = options(random, chosen(random, declared(scene), random.choice((0, 0.1))))
    return ["sheet", scene, *more, "-o", random.choice(("x.png", "x.png", "x.svg", "x.pdf", "x.gif"))]


def _themes(random: Random) -> list[str]:
    return ["themes", *random.choice(([], ["-o", random.choice(("x.png", "x.gif", "folder", "", "missing/x.png"))]))]


def _gallery(random: Random) -> list[str]:
    title = random.choice(([], ["--title", random.choice(("A title", *WORDS))]))
    return ["gallery", random.choice((".", "folder", "missing", "text.csv", *WORDS[:3])), *title]


def _languages(random: Random) -> list[str]:
    names = "zh", "en", "words.toml", "bad.toml", "xx", *WORDS[:3]
    return ["languages", *random.choice(([], [random.choice(names)]))]


def _deck(random: Random) -> list[str]:
    trouble = random.choice((0, 0, 0.2))
    kind = random.choice(("html", "html", "md", "tex", "pptx", "gif", "key"))
    some = random.choice(([], ["--figures", random.choice(("conv", "c*", "conv, pool", "*", "x", ",", "["))]))
    return ["deck", random.choice(("figures.toml", SET, "folder", "missing.toml")), "-o", f"x.{kind}", "--jobs", "1",
            *options(random, chosen(random, list(_OF_DECKS), trouble)), *some]  # fmt: skip


def _check(random: Random) -> list[str]:
    engine = random.choice(([], ["--against", random.choice(("torch", "x", ""))]))
    return ["check", random.choice(("output-size", "loss", "x", "")), *engine]


_TOOLS: tuple[Callable[[Random], list[str]], ...] = (
    _wild, _wild, _info, _info, _rerun, _rerun, _rerun, _describe, _describe, _describe, _sheet, _sheet,
    _themes, _list, _gallery, _languages, _deck, _deck, _deck, _check,
)  # fmt: skip
