"""The list of breaks keeps up with the code, and the README says of each who found it (`make mutants`)."""

from __future__ import annotations

from collections import Counter

import pytest

from tests import mutation
from tests.breaks import BREAKS, FILES, OPERATIONS, PICTURES, STORYBOARDS, Break

TABLE = mutation.listed(mutation.README.read_text(encoding="utf-8"))


def test_operations_storyboards_and_renderer_are_broken_in_many_distinct_places():
    assert all(len(part) >= 20 for part in (OPERATIONS, STORYBOARDS, PICTURES, FILES))
    assert len({(broken.file, broken.new) for broken in BREAKS}) == len(BREAKS)
    assert [name for name, count in Counter(broken.id for broken in BREAKS).items() if count > 1] == []


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.id)
def test_a_break_finds_its_text_once_and_its_tests(broken):
    assert mutation.places(broken) == 1, f"{broken.file} has changed: give the break another text"
    assert broken.old != broken.new
    for test in broken.tests:
        assert (mutation.ROOT / test.partition("::")[0]).exists()


def test_the_readme_lists_exactly_these_breaks_and_each_is_found():
    assert {name: row[:2] for name, row in TABLE.items()} == {each.id: (each.what, each.file) for each in BREAKS}
    assert [name for name, row in TABLE.items() if "::" not in row[2]] == [], "run `make mutants`"


def test_who_found_a_break_is_a_test_that_is_there():
    for name, (_, _, found) in TABLE.items():
        file, _, test = found.strip("`").partition("::")
        assert f"def {test}(" in (mutation.ROOT / "tests" / file).read_text(encoding="utf-8"), name


SUITE = "from cnnviz.errors import UsageError\n\ndef test_code():\n    assert UsageError.exit_code == {}\n"


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A project of one module and one test, broken in its exit code."""
    for folder in ("cnnviz", "tests"):
        (tmp_path / "all" / folder).mkdir(parents=True)
    (tmp_path / "all" / "cnnviz" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "all" / "cnnviz" / "errors.py").write_text("class UsageError:\n    exit_code = 2\n", encoding="utf-8")
    (tmp_path / "all" / "pyproject.toml").write_text("[project]\nname = 'small'\nversion = '1'\n", encoding="utf-8")
    monkeypatch.setattr(mutation, "ROOT", tmp_path / "all")

    def tried(expected, old="exit_code = 2"):
        (tmp_path / "all" / "tests" / "test_it.py").write_text(SUITE.format(expected), encoding="utf-8")
        broken = Break("code", "cnnviz/errors.py", "another code", ("tests/test_it.py",), old, "exit_code = 3")
        return str(mutation.try_break(broken, likely_only=True))

    return tried


def test_breaks_are_told_apart_by_what_becomes_of_them(small):
    assert small(2) == "code: KILLED by test_it.py::test_code"
    assert small(3) == "code: SURVIVED"
    assert small(2, old="exit_code = 4") == (
        "code: cannot be tried: its text stands in cnnviz/errors.py 0 times, not once"
    )


def test_the_table_keeps_what_was_found_before():
    first, second = BREAKS[:2]
    text = mutation.told(f"a\n{mutation.BEGIN}\n{mutation.END}\nb\n", {first.id: "`x.py::test_x`"}, BREAKS[:2])
    assert text.startswith("a\n")
    assert text.endswith("\nb\n")
    assert mutation.listed(text)[second.id][2] == "not tried yet"
    again = mutation.listed(mutation.told(text, {second.id: "`y.py::test_y`"}, BREAKS[:2]))
    assert [row[2] for row in again.values()] == ["`x.py::test_x`", "`y.py::test_y`"]
