"""A short run of `make fuzz`, and the proof that its judge sees what is wrong."""

from __future__ import annotations

import sys
import warnings

import pytest

from tests import fuzz

SHORT = range(90)


def test_random_command_lines_and_sets_end_in_files_or_in_clear_lines():
    problems, made, longest = fuzz.run_many(21, SHORT)
    assert problems == []
    assert longest < fuzz.SECONDS
    # Files, refusals of the request and refusals of the world: a fuzzer of refusals alone would try nothing.
    assert made[".json"] >= 20
    assert made["exit 2"] >= 20
    assert made["exit 1"] >= 1


def test_a_case_is_the_same_whenever_it_is_made():
    assert [str(fuzz.make_case(3, n)) for n in range(50)] == [str(fuzz.make_case(3, n)) for n in range(50)]
    assert len({str(fuzz.make_case(3, n)) for n in range(50)}) == 50


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
    "hang": (hang, "took longer than 0.2 s"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_the_judge_sees(name, tmp_path, monkeypatch):
    program, problem = WRONG[name]
    monkeypatch.setattr(fuzz, "main", program)
    monkeypatch.setattr(fuzz, "SECONDS", 0.2)
    monkeypatch.chdir(tmp_path)
    assert fuzz.run(fuzz.Case(0, ["conv", "-o", "x.json"]), tmp_path).problem.startswith(problem)
