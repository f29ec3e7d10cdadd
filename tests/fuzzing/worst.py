"""The largest requests that the limits allow, for each figure and for each format: `python -m tests.fuzz --worst`."""

from __future__ import annotations

import resource
import shlex
import subprocess
import sys
import tempfile

from tests.fuzzing.judging import BYTES, SECONDS

_MANY = "conv --i 64 --k 1"
_COVERED = "conv --i 60 --k 9 --p 0 --s 1x2"
FIGURES = (
    _MANY, _COVERED, "conv --i 512 --s 8 --k 1", "conv --i 127 --k 64", "conv --i 64x64 --k 1 --font-scale 2",
    "activation --frames 1000", "activation all --frames 1000", "activation softmax --frames 1000",
    "loss --frames 1000", "loss all --frames 1000", "batch-norm --batch 32 --channels 6",
    "cnn --layers 'conv 64@3x3, relu, conv 16@3x3, maxpool 2, fc 50' --i 28", "conv-relation --i 44 --k 7 --s 1",
    "fully-connected --inputs 8 --outputs 8", "gradient-descent --frames 400 --steps 1000",
    "lrn --channels 16 --i 16 --n 7", "norm group --batch 8 --channels 64 --groups 64 --i 1x2",
    "norm instance --batch 32 --channels 16 --i 1x2", "output-size --i 512 --k 1", "output-size --i 512 --k 64",
    "pool --i 512 --k 8", "pool --i 70 --k 7 --s 1", "transposed-conv --i 60 --k 3 --s 1",
    "transposed-conv --view scatter --i 60 --k 7 --s 1", "transposed-conv --view overlap --i 60 --k 7 --s 1",
    "unpool --i 128 --k 2", "unpool avg --i 128 --k 2",
)  # fmt: skip
"""Each scene with as many steps, or as many cells, as it allows."""

FORMATS = (
    f"{_MANY} -o x.gif --width 960", "conv --i 16 --k 1 -o x.gif --width 3840", f"{_MANY} -o x.webp",
    f"{_MANY} -o x.apng", "conv --i 31 --k 1 -o x.mp4", "conv --i 31 --k 1 -o x.webm", "conv --i 31 --k 1 -o x.zip",
    "conv --i 31 --k 1 -o x/", "conv -o x.mp4 --width 3840", "conv -o x.webm --width 3840",
    "conv --i 9 -o x.mp4 --tween 30 --width 1080 --step 2", f"{_MANY} -o x.png --width 3840",
    f"{_MANY} -o x.png --width 960 --sheet 12x12", "conv --i 14 -o x.png --sheet 3x3 --width 3200",
    f"{_MANY} -o x.svg --frame all", f"{_MANY} -o x.pdf --frame all", f"{_MANY} -o x.html",
    f"{_MANY} -o x.pdf --sheet 12x12", "conv -o x.png --width 3840 --font-scale 2",
    "conv --i 18 -o x.gif --for pptx --max-size 60KB", "conv --i 16 -o x --format gif,webp,apng,zip,html,svg,pdf",
    "conv --i 8 -o x --format gif,mp4,webm --tween 6", f"describe {_MANY}",
)  # fmt: skip
"""Each format with as much as it takes."""

LIMIT_SECONDS, LIMIT_BYTES = 6 * SECONDS, 4 * BYTES


def run_worst() -> int:
    """Run them, one program each, and show what each took of a processor and of memory; 1 if any took too much."""
    words = [f"{figure} -o x.{kind}" for figure in FIGURES for kind in ("json", "gif")] + list(FORMATS)
    too_much = 0
    for line in words:
        seconds, peak, said = _measured(line)
        over = seconds > SECONDS or peak > BYTES
        too_much += over
        mark = "!" if over else " "
        print(f"{mark} {seconds:5.1f} s {peak / 2**20:6.0f} MiB  cnnviz {line}  {said}", flush=True)
    print(f"{len(words)} requests, {too_much} took more than {SECONDS} s of a processor or {BYTES >> 20} MiB")
    return bool(too_much)


def _measured(line: str) -> tuple[float, int, str]:
    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_SECONDS, LIMIT_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))

    program = "import resource, sys; from cnnviz.cli import main\n" + _TAIL
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", program, *shlex.split(line)], cwd=folder, capture_output=True, text=True,
            preexec_fn=bound, check=False,
        )  # fmt: skip
    said = [each for each in done.stderr.splitlines() if not each.startswith("took ")]
    found = [each.split() for each in done.stderr.splitlines() if each.startswith("took ")]
    if not found:
        return float(LIMIT_SECONDS), 0, f"was stopped by {done.returncode} {' '.join(said)}"
    return float(found[0][1]), int(found[0][2]), " ".join(said)


_TAIL = """
try:
    main(sys.argv[1:])
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print("took", round(used.ru_utime + used.ru_stime, 2), used.ru_maxrss * 1024, file=sys.stderr)
"""
