"""Random command lines: each ends in a file that opens, or in one clear line."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from cnnviz.discovery import find_scenes
from tests.random_values import bad, declared, good

RUNS = 60


def options(random, scene, trouble):
    """About three parameters of a figure as words, those given by their place first; bad ones now and then."""
    words, parameters = [], declared(scene)
    for parameter in parameters:
        if not (parameter.spec.positional or random.random() < 3 / len(parameters)):
            continue
        value = bad(random, parameter) if random.random() < trouble else good(random, parameter)
        if parameter.spec.positional:
            words.insert(0, value)
        elif parameter.type is bool:
            words.append(parameter.option)
        else:
            words += random.choice(([parameter.option, value], [f"{parameter.option}={value}"]))
    return words


@pytest.fixture
def files(tmp_path):
    (tmp_path / "numbers.csv").write_text("1,2,3\n4,5,6\n7,8,9\n", encoding="utf-8")
    (tmp_path / "text.csv").write_text("a,b\n", encoding="utf-8")
    (tmp_path / "bad.toml").write_text("[", encoding="utf-8")
    (tmp_path / "folder").mkdir()


def test_a_random_command_line_ends_in_a_file_or_in_one_line(cnnviz, files):
    codes = []
    for number in range(RUNS):
        random = Random(number)
        scene = random.choice(tuple(find_scenes()))
        words = [scene, *options(random, scene, random.choice((0, 0.1))), "-q"]
        ran = cnnviz(*words, "-o", "x.json")
        codes.append(ran.code)
        if ran.code:
            assert ran.err.startswith("cnnviz: "), words
            assert ran.err.count("\n") == 1, words
            assert "internal" not in ran.err, words
            assert not Path("x.json").exists(), words
        else:
            json.loads(Path("x.json").read_text(encoding="utf-8"))
            Path("x.json").unlink()
    assert set(codes) <= {0, 1, 2}
    # A run of refusals alone would try nothing.
    assert codes.count(0) >= RUNS / 4
    assert codes.count(2) >= 4
