"""Cases run through the real entry point, and judged."""

from __future__ import annotations

import contextlib
import gc
import io
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

from cnnviz.cli import main
from cnnviz.discovery import find_scenes
from tests.fuzzing.cases import Case
from tests.fuzzing.files import SET, Place
from tests.fuzzing.opening import opened

SECONDS, BYTES = 10, 2**30
"""Of a processor, and of memory: no case may take more."""

_PATIENCE = 12
"""So much longer than that a case may take where other programs are at work."""

_WRITERS = ("deck", "rerun", "sheet", "gallery", "render")


class _TooLongError(BaseException):
    pass


def _stop(_signal: int, _frame: object) -> None:
    raise _TooLongError


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Stop what takes too long, by the processor's time or by everybody's."""
    timers = ((signal.SIGPROF, signal.ITIMER_PROF, 1), (signal.SIGALRM, signal.ITIMER_REAL, _PATIENCE))
    for number, timer, times in timers:
        signal.signal(number, _stop)
        signal.setitimer(timer, SECONDS * times)
    try:
        yield
    finally:
        for _, timer, _ in timers:
            signal.setitimer(timer, 0)


def run(case: Case, place: Place) -> Case:
    """Run a case in its folder and judge it."""
    if case.toml:
        (place.folder / SET).write_text(case.toml, encoding="utf-8", errors="replace")
    # As strict as a terminal of today; Python's own standard error never fails.
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
    _forget_peak()
    # What the process holds already is not the case's: among other tests it may be much.
    before, held = time.process_time(), _peak()
    try:
        with (
            contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings(), _limited(),
        ):  # fmt: skip
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
    case.seconds, case.memory = time.process_time() - before, _peak() - held
    case.out, case.err = (stream.buffer.getvalue().decode("utf-8") for stream in (out, err))
    case.problem = case.problem or _judge(case, place)
    place.clear()
    if case.number % 20 == 0:
        # A set that is rendered in this very process freezes what the collector would look at, and a film's painters
        # refer to one another: a process of its own would have ended here.
        gc.unfreeze()
        gc.collect()
    return case


def _judge(case: Case, place: Place) -> str:
    lines = case.err.splitlines()
    if case.code not in (0, 1, 2):
        return f"exit code {case.code!r}"
    if "internal error" in case.err or "Traceback" in case.err:
        return case.err.strip()
    if any(not line.startswith("cnnviz: ") for line in lines) and case.arguments[0] != "check":
        return f"says {case.err!r}"
    if len(lines) > 1 and case.arguments[0] not in ("render", "check"):
        return f"says {len(lines)} lines: {case.err!r}"
    if case.code and not lines and case.arguments != [""] and not case.out:
        return "fails without a word"
    if case.code == 0 and lines and "skip_invalid" not in case.toml:
        return f"succeeds, but complains: {case.err!r}"
    if case.memory > BYTES:
        return f"takes {case.memory / 2**20:.0f} MiB of memory"
    return _judge_files(case, place)


def _judge_files(case: Case, place: Place) -> str:
    made = place.made()
    if any(file.name.startswith(".") or file.suffix == ".part" for file in made):
        return f"leaves {', '.join(file.name for file in made if file.name.startswith('.') or file.suffix == '.part')}"
    if case.code == 0 and _asked(case.arguments) and not made:
        return "succeeds without a file"
    for file in made:
        if wrong := opened(file):
            return wrong
        case.kinds[file.suffix] += 1
    return ""


def _asked(arguments: list[str]) -> bool:
    """Whether a command line, if it succeeds, writes something."""
    if {"-h", "--help", "--version"} & set(arguments):
        return False
    if arguments[0] in find_scenes():
        code = any(word == "--code" or word.startswith("--code=") for word in arguments)
        return "-o" in arguments or not code
    return arguments[0] in _WRITERS and arguments[0] != "render"


def _forget_peak() -> None:
    """Begin to measure memory anew, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """Bytes that this process has held at most."""
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) * 1024
    return 0
