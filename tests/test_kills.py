"""A short run of the kill series; `make kills` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kills import series, two_at_once


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="/proc is Linux's")
def test_a_killed_run_is_taken_up_where_it_was():
    tally = series(1, seed=11, ways=("parent",))
    assert tally.wrong == []
    assert sum(tally.left.values()) == 1


def test_two_runs_into_one_folder(tmp_path):
    assert two_at_once(1, tmp_path / "out") == []
