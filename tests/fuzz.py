"""Random command lines and figure sets through the real entry point: `make fuzz`, or `python -m tests.fuzz --help`.

Every case must end in files that other libraries open, or in clear lines and an exit code; never in a traceback, a
warning, a hang or a flood of memory. Case n of a seed is always the same: `python -m tests.fuzz --seed S --only N`.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import os
import re
import resource
import shlex
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zlib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from cnnviz.appearance import Appearance
from cnnviz.cli import main
from cnnviz.discovery import find_scenes, load_scene
from cnnviz.export import formats
from cnnviz.parameters import Parameter, parameters_of
from cnnviz.pipeline import make
from cnnviz.render.theme import THEMES_FOLDER, theme_names

SECONDS, BYTES = 10, 2**30
_OURS = ("x", "a\n", "figure-", "manifest", "é", "%", "\udcff")
"""How the names of files begin that cases write."""

_PICTURES = (".gif", ".png", ".apng", ".webp")
_QUICK = tuple(sorted({"gif", "png", "svg", "html", "webp", "pdf"} & set(formats())))

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
    "picture.png", "cut.png", "bomb.png", "pickled.npy", "huge.npy", "empty.csv", "text.csv", "ragged.csv",
    "numbers.csv", "array.npy", "cube.npy", "complex.npy", "words.txt", "missing.npy", "folder", "weights.npz",
    "name with % sign.csv",
)  # fmt: skip


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
    problem: str = ""
    kinds: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        words = shlex.join(["cnnviz", *self.arguments]).encode("utf-8", "backslashreplace").decode()
        return f"case {self.number}: {words}\n{self.toml}  → {self.problem}"


def make_case(seed: int, number: int) -> Case:
    """The case of that number."""
    random = Random(f"{seed}/{number}")
    kind = random.random()
    if kind < 0.04:
        return Case(number, _tool(random))
    if kind < 0.22:
        return Case(number, ["render", "set.toml", "--out", "made", "--jobs", "1", *random.choice(([], ["-q"]))],
                    _figure_set(random))  # fmt: skip
    return Case(number, _figure(random))


def _tool(random: Random) -> list[str]:
    tools = (
        "list", "gallery", "render", "check", "info", "rerun", "describe", "sheet", "themes", "--help", "-h",
        "--version", "--scenes", "cnov", *WORDS[:12],
    )  # fmt: skip
    words = (
        "folder", "missing", "conv", "pool", "--against", "--out", "--help", "text.csv", "picture.png", "cut.png",
        "made.gif", "made.json", "cut.gif", "evil.gif", "set.toml", "--k", "3", *WORDS,
    )  # fmt: skip
    return [random.choice(tools), *random.choices(words, k=random.randrange(3))]


def _figure(random: Random) -> list[str]:
    scene = random.choice(list(find_scenes()))
    words = [scene]
    # A careless user's line has no trouble, or one or two; more would only ever tell of the first.
    trouble = random.choice((0, 0, 0.05, 0.3))
    for parameter, value in _chosen(random, scene, trouble):
        if parameter.spec.positional:
            words.insert(1, value)
        elif parameter.type is bool:
            both = parameter.default and random.random() < 0.5
            words.append(parameter.option.replace("--", "--no-", 1) if both else parameter.option)
        else:
            words += [parameter.option, value] if random.random() < 0.7 else [f"{parameter.option}={value}"]
    if random.random() < 0.3 * trouble:
        words.insert(random.randrange(1, len(words) + 1), random.choice((*WORDS, "--nothing", "-k", "--k")))
    words += ["-o", _file(random, words, trouble)]
    if random.random() < 0.1:
        some = "json", "json,zip", "gif, json", ".JSON", "png", "x", ",", "", *WORDS[:9]
        words += ["--format", random.choice(some)]
    return [*words, *random.choice(([], [], ["-v"], ["-q"]))]


def _file(random: Random, words: list[str], trouble: float) -> str:
    if random.random() < 0.2 * trouble:
        return random.choice(("", "/", ".", "x", "x.bmp", "folder", "x/", "text.csv/", "missing/x/",
                              ".gif", "missing/x.gif", "/proc/x.gif",
                              "text.csv/x.gif", "x" * 300 + ".gif", "a\nb.json", "%s %d.json", "é.json",
                              "\udcff.json"))  # fmt: skip
    if "--sheet" in words:
        return "x.png"
    return "x.json" if random.random() < 0.85 else "x." + random.choice(("gif", *_QUICK))


def _chosen(random: Random, scene: str, trouble: float) -> list[tuple[Parameter, str]]:
    """Some parameters of a scene with values: good ones, or now and then what may not be."""
    declared = [*parameters_of(load_scene(scene)), *parameters_of(Appearance)]
    some = [p for p in declared if p.spec.positional or random.random() < 3 / len(declared)]
    chosen = [(p, _bad(random, p) if random.random() < trouble else _good(random, p)) for p in some]
    # Small pictures: it is not their size that is tried.
    if not any(p.name == "width" for p, _ in chosen):
        chosen.append((next(p for p in declared if p.name == "width"), "320"))
    return chosen


def _good(random: Random, parameter: Parameter) -> str:
    spec, kind = parameter.spec, parameter.type.__name__
    if parameter.name == "width":
        return str(random.choice((320, 321, 400)))
    if parameter.name == "lang":
        return random.choice(("en", "zh", "zh", "own.toml"))
    if parameter.name == "layers":
        return ", ".join(random.choices(("conv 2@3x3", "conv 3@2 s2 p1", "maxpool 2", "avgpool 2 s1", "relu", "lrn 3",
                                         "batchnorm", "elu 0.5", "fc 4", "fc 10", "tanh"), k=random.randint(1, 4)))
    if parameter.name == "theme":
        return random.choice((*theme_names(), "article", "own.toml", "bad.toml", "text.csv", "huge.npy", "folder"))
    if parameter.name == "max_size":
        return random.choice(("1MB", "20KB", "7KiB", "300", "0", "5 MB", "1e9"))
    if parameter.name == "frame":
        return random.choice(("last", "first", "1", "2", "9999"))
    if parameter.name == "weights":
        return random.choice(("random", "random", "weights.npz", *DATA))
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


def _bad(random: Random, parameter: Parameter) -> str:
    spec = parameter.spec
    ends = [end for end in (spec.lo, spec.hi) if end is not None]
    if ends and random.random() < 0.5:
        near = [f"{end + by:.10g}" for end in ends for by in (-1, 0, 1)]
        return random.choice(near)
    return random.choice((*WORDS, *DATA))


def _figure_set(random: Random) -> str:
    if random.random() < 0.06:
        return random.choice(("", "[", "figure = 3", "[figure]", "[[figure]]", "[[figures]]\nscene='conv'", "\x00",
                              "a" * 9999, "[[figure]]\nscene = 'conv'\nname = 'a'\n" * 2,
                              "[figure.sweep]\nscene='conv'\nk=[1,2]"))  # fmt: skip
    lines = []
    for place in range(random.choice((1, 1, 2))):
        trouble = random.choice((0, 0, 0.2))
        scene, name = random.choice(list(find_scenes())), f"figure-{place}"
        if random.random() < 0.3 * trouble:
            name = random.choice(("", "../x", "/x", "a b", "manifest", "x" * 300, "..", "é", "x/y"))
        if random.random() < 0.1 * trouble:
            scene = random.choice(WORDS)
        lines += ["[[figure]]", f"scene = {_text(scene)}", f"name = {_text(name)}", 'format = "json"']
        for parameter, value in _chosen(random, scene, trouble) if scene in find_scenes() else ():
            lines.append(f"{parameter.name} = {_toml(random, parameter, value, trouble)}")
        if random.random() < 0.2 * trouble:
            lines.append(random.choice(("unknown = 1", "scene = 3", "k = 1979-05-27", "caption = []", "seed = 1")))
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml(random: Random, parameter: Parameter, value: str, trouble: float) -> str:
    if random.random() < trouble:
        return random.choice(("true", "1979-05-27", "[]", "[1, 2]", "[[1, 2], [3]]", "{}", "{a = 1}", "nan", "inf",
                              "-inf", "1e308", "[[1, 2], [3, 4]]", '["a"]', "[true]", "9223372036854775807", "[[[1]]]",
                              "-0.0", "[1.5, 2]", "[nan]", "[[1e10]]", "07:32:00", '""'))  # fmt: skip
    if parameter.type is bool:
        return random.choice(("true", "false"))
    number = parameter.type in (int, float) and re.fullmatch(r"-?(0|[1-9]\d{0,9})(\.\d+)?", value)
    return value if number else _text(value)


def lay_files(folder: Path) -> None:
    """Files of all kinds, most of them broken, for the cases to name."""
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(folder / "picture.png")
    (folder / "cut.png").write_bytes((folder / "picture.png").read_bytes()[:50])
    (folder / "bomb.png").write_bytes(_png_header(30_000, 30_000))
    np.save(folder / "array.npy", np.eye(4))
    np.save(folder / "cube.npy", np.ones((2, 3, 3)))
    np.save(folder / "complex.npy", np.ones((2, 2), complex))
    np.save(folder / "pickled.npy", np.array([{"a": 1}], object), allow_pickle=True)
    small, large = b"(4, 4), }" + b" " * 8, b"(40000, 40000), }"
    (folder / "huge.npy").write_bytes((folder / "array.npy").read_bytes().replace(small, large))
    np.savez(folder / "weights.npz", **{"conv1.weight": np.ones((1, 1, 3, 3))})
    (folder / "empty.csv").write_bytes(b"")
    (folder / "text.csv").write_text("a,b\nc,d\n")
    (folder / "ragged.csv").write_text("1,2\n3\n")
    (folder / "numbers.csv").write_text("1,2\n3,4\n")
    (folder / "name with % sign.csv").write_text("1,2\n3,4\n")
    (folder / "words.txt").write_bytes(b"\xff\xfe1 2")
    theme = (THEMES_FOLDER / "article.toml").read_text(encoding="utf-8")
    (folder / "own.toml").write_text(theme, encoding="utf-8")
    (folder / "bad.toml").write_text(theme.replace("#", "", 40), encoding="utf-8")
    (folder / "folder").mkdir()
    figure = make("conv", i=3, width=320)
    figure.save_all(folder / "made", "gif,json")
    data = (folder / "made.gif").read_bytes()
    (folder / "cut.gif").write_bytes(data[: len(data) // 2])
    (folder / "evil.gif").write_bytes(data.replace(b"cnnviz conv --i 3 --k 3", b"cnnviz conv -o ../../x."))


def _png_header(width: int, height: int) -> bytes:
    """The head of a picture that would be far too large."""
    kind = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + kind + struct.pack(">I", zlib.crc32(kind))


class _TooLongError(BaseException):
    pass


def _stop(_signal: int, _frame: object) -> None:
    raise _TooLongError


def run(case: Case, folder: Path) -> Case:
    """Run a case in its folder and judge it."""
    for old in (folder, folder / "made", folder / "missing"):
        for file in old.iterdir() if old.is_dir() else ():
            if file.name.startswith(_OURS) and file.is_file():
                file.unlink()
    if case.toml:
        (folder / "set.toml").write_text(case.toml, encoding="utf-8", errors="replace")
    out, err = io.StringIO(), io.StringIO()
    before = time.perf_counter()
    signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", ResourceWarning)
            main(case.arguments)
    except SystemExit as left:
        case.code = left.code
    except _TooLongError:
        case.problem = f"took longer than {SECONDS} s"
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        case.problem = f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    case.seconds, case.out, case.err = time.perf_counter() - before, out.getvalue(), err.getvalue()
    case.problem = case.problem or _judge(case, folder)
    if case.number % 20 == 0:
        # A set that is rendered in this very process freezes what the collector would look at, and a film's painters
        # refer to one another: a process of its own would have ended here.
        gc.unfreeze()
        gc.collect()
    return case


def _judge(case: Case, folder: Path) -> str:
    lines = case.err.splitlines()
    if case.code not in (0, 1, 2):
        return f"exit code {case.code!r}"
    if "internal error" in case.err or "Traceback" in case.err:
        return case.err.strip()
    if any(not line.startswith("cnnviz: ") for line in lines):
        return f"says {case.err!r}"
    if len(lines) > 1 and case.arguments[0] != "render":
        return f"says {len(lines)} lines: {case.err!r}"
    if case.code and not lines and case.arguments != [""] and not case.out:
        return "fails without a word"
    if case.code == 0 and lines:
        return f"succeeds, but complains: {case.err!r}"
    if any(file.suffix == ".part" or file.name.startswith(".") for file in folder.iterdir()):
        return "leaves a temporary file"
    return _judge_files(case, folder)


def _judge_files(case: Case, folder: Path) -> str:
    every = *folder.iterdir(), *_files_in(folder / "made"), *_files_in(folder / "missing")
    made = [file for file in every if file.name.startswith(_OURS)]
    asked = "-o" in case.arguments and not {"-h", "--help", "--version"} & set(case.arguments)
    if case.code == 0 and asked and not made:
        return "succeeds without a file"
    for file in made:
        try:
            if file.suffix == ".json":
                json.loads(file.read_bytes())
            elif file.suffix in _PICTURES:
                with Image.open(file) as image:
                    image.seek(getattr(image, "n_frames", 1) - 1)
                    image.load()
            case.kinds[file.suffix] += 1
        except Exception as error:
            return f"{file.name} does not open: {error}"
    return ""


def _files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def run_many(seed: int, numbers: range) -> tuple[list[str], Counter[str], float]:
    """Run cases in a folder of their own: the problems, what was made, the longest."""
    problems, made, longest = [], Counter[str](), 0.0
    back, before = os.getcwd(), _most_memory()
    with tempfile.TemporaryDirectory(prefix="cnnviz-fuzz-") as name:
        folder = Path(name)
        lay_files(folder)
        os.chdir(folder)
        try:
            for number in numbers:
                case = run(make_case(seed, number), folder)
                grown = _most_memory() - before
                if not case.problem and grown > BYTES:
                    case.problem = f"memory has grown by {grown / 2**20:.0f} MiB"
                if case.problem:
                    problems.append(str(case))
                made.update(case.kinds if case.kinds else [f"exit {case.code}"])
                longest = max(longest, case.seconds)
        finally:
            os.chdir(back)
    return problems, made, longest


def _most_memory() -> int:
    """Bytes that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", type=int, help="Run this case alone.")
    return parser.parse_args()


def _main() -> int:
    given = _arguments()
    if given.only is not None:
        parts = [range(given.only, given.only + 1)]
        print(make_case(given.seed, given.only))
    else:
        parts = [range(at, min(at + 200, given.count)) for at in range(0, given.count, 200)]
    problems, made, longest = [], Counter[str](), 0.0
    with ProcessPoolExecutor(given.jobs) as pool:
        for found, kinds, seconds in pool.map(run_many, [given.seed] * len(parts), parts):
            problems += found
            made.update(kinds)
            longest = max(longest, seconds)
            for problem in found:
                print(problem, flush=True)
    print(f"{sum(map(len, parts))} cases, {len(problems)} problems, longest {longest:.1f} s; {dict(made)}")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(_main())
