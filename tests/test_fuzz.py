"""A short run of `make fuzz`, and the proof that its judge sees what is wrong."""

from __future__ import annotations

import re
import sys
import warnings

import pytest

from cnnviz.cli import tools
from cnnviz.discovery import find_scenes
from tests import fuzz
from tests.fuzzing import judging
from tests.fuzzing.cases import Case, make_case
from tests.fuzzing.files import Place

SHORT = range(60)


def test_random_command_lines_and_sets_end_in_files_or_in_clear_lines():
    tally = fuzz.run_many(21, SHORT)
    assert tally.problems == []
    assert tally.longest < judging.SECONDS
    assert 0 <= tally.memory < judging.BYTES
    # Files, refusals of the request and refusals of the world: a fuzzer of refusals alone would try nothing.
    assert tally.made[".json"] >= 12
    assert tally.made["exit 2"] >= 12
    assert tally.made["exit 1"] >= 1


def test_a_case_is_the_same_whenever_it_is_made():
    assert [str(make_case(3, n)) for n in range(50)] == [str(make_case(3, n)) for n in range(50)]
    assert len({str(make_case(3, n)) for n in range(50)}) == 50


def test_cases_call_every_command():
    called = {make_case(3, n).arguments[0] for n in range(1000)}
    assert called >= {*find_scenes(), *tools()}


def told(text, code):
    def program(_arguments):
        print(text, file=sys.stderr)
        sys.exit(code)

    return program


def crash(_arguments):
    raise ZeroDivisionError("a bug")


def warn(_arguments):
    warnings.warn("overflow encountered", RuntimeWarning, stacklevel=1)
    sys.exit(0)


def hang(_arguments):
    while True:
        pass


def stray(arguments):
    with open(".cnnviz-1.part", "w", encoding="utf-8"):
        sys.exit(0)


def surrogate(_arguments):
    print("\udcff")


def half_a_file(arguments):
    with open(arguments[-1], "w", encoding="utf-8") as file:
        file.write('{"format": ')
    sys.exit(0)


WRONG = {
    "crash": (crash, "ZeroDivisionError: a bug"), "warning": (warn, "RuntimeWarning: overflow"),
    "two lines": (told("cnnviz: one\ncnnviz: two", 2), "says 2 lines"), "chatter": (told("oh", 1), "says 'oh"),
    "silence": (lambda _: sys.exit(1), "fails without a word"), "code": (lambda _: sys.exit(3), "exit code 3"),
    "internal": (told("cnnviz: internal error: KeyError", 1), "cnnviz: internal error"),
    "nothing": (lambda _: sys.exit(0), "succeeds without a file"), "half": (half_a_file, "x.json does not open"),
    "stray": (stray, "leaves .cnnviz-1.part"), "terminal": (surrogate, "UnicodeEncodeError"),
    "hang": (hang, "took longer than 0.2 s"),
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("place"))


@pytest.mark.parametrize("name", WRONG)
def test_the_judge_sees(name, place, monkeypatch):
    program, problem = WRONG[name]
    monkeypatch.setattr(judging, "main", program)
    monkeypatch.setattr(judging, "SECONDS", 0.2)
    monkeypatch.chdir(place.folder)
    assert judging.run(Case(0, ["conv", "-o", "x.json"]), place).problem.startswith(problem)


def test_the_judge_sees_memory(place, monkeypatch):
    def program(arguments):
        (place.folder / arguments[-1]).write_text("{}", encoding="utf-8")
        sys.exit(0)

    monkeypatch.setattr(judging, "main", program)
    peaks = iter([2**20, 2**20 + judging.BYTES + 1])
    monkeypatch.setattr(judging, "_peak", lambda: next(peaks))
    monkeypatch.chdir(place.folder)
    assert re.fullmatch(r"takes \d+ MiB of memory", judging.run(Case(0, ["conv", "-o", "x.json"]), place).problem)


def test_what_a_case_leaves_is_cleared(place, monkeypatch):
    def program(_arguments):
        (place.folder / "folder" / "x.json").write_text("{}", encoding="utf-8")
        (place.folder / "picture.png").write_bytes((place.folder / "made.png").read_bytes())
        sys.exit(0)

    picture = (place.folder / "picture.png").read_bytes()
    monkeypatch.setattr(judging, "main", program)
    monkeypatch.chdir(place.folder)
    case = judging.run(Case(0, ["conv", "-o", "folder"]), place)
    assert (case.problem, case.kinds) == ("", {".json": 1, ".png": 1})
    assert (place.folder / "picture.png").read_bytes() == picture
    assert list((place.folder / "folder").iterdir()) == []
