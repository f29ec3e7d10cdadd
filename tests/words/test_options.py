"""`--lang` and `--notation`, as whoever types them sees them."""

import json
from pathlib import Path


def storyboard(cnnviz, *options):
    ran = cnnviz(*options, "-o", "x.json", "-q")
    assert (ran.code, ran.err) == (0, "")
    return json.loads(Path("x.json").read_text(encoding="utf-8"))


def cells(board):
    return [
        {key: value for key, value in change.items() if key not in ("label", "text", "note")}
        for step in board["steps"]
        for change in step["changes"]
    ]


def test_another_language_has_other_words_and_the_same_cells(cnnviz):
    english = storyboard(cnnviz, "norm")
    for code in ("zh", "zh_CN", "ZH"):
        chinese = storyboard(cnnviz, "norm", "--lang", code)
        assert cells(chinese) == cells(english)
        assert not (chinese["title"] + chinese["alt"]).isascii()
    command = f"{english['command']} --lang en-US"
    assert storyboard(cnnviz, "norm", "--lang", "en-US") == english | {"command": command}


def test_the_notation_of_frameworks_has_the_same_numbers(cnnviz):
    formula = storyboard(cnnviz, "conv", "--i", 5, "--k", 3, "--s", 2, "--p", 1, "--notation", "HWKSP")["formula"]
    assert "H_{out}" in formula
    assert formula.endswith(r"\rfloor+1=3$")
    formula = storyboard(cnnviz, "conv", "--i", "7x8", "--k", "3x5", "--notation", "HWKSP")["formula"]
    assert "W_{out}=4" in formula


def test_what_is_not_known_is_refused_by_all_that_take_it(refused):
    for given in ("--lang fr", "--lang none.toml", "--lang ../zh", "--notation hw", "--theme nope"):
        for words in ("conv -o x.gif", "describe conv", "check conv"):
            code, said = refused(*words.split(), *given.split())
            assert (code, given.split()[1] in said) == (2, True)
