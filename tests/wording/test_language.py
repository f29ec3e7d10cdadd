"""How a language puts a text together from its templates, and what is wrong with a language's file."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cnnviz.errors import UsageError
from cnnviz.pipeline import make
from cnnviz.wording import listed, phrase, reworded, spoken, tag_of
from cnnviz.wording.language import languages, load_language, read_language

FILE = """
name = "Test"
code = "xx"
keep = ["relu"]

[signs]
", " = " / "
"." = "!"
"names" = " & "

[formulas]
'\\mathrm{or}' = '\\vee'

[texts]
"{text} is {text2}" = "{text2} <- {text}"
"Input {size}" = "IN {size}"
"padding {n}" = "PAD({n})"
"kernel {math}" = "{math} KERN"
"one" = "1st"
"the loss is {n}" = "loss:{n}"
"it has {strong}" = "HAS {strong}"
"{n} cells" = "{n} CELLS"
"which: {names}" = "{names}?"
"all of {parts} go" = "<{parts}>"
"as {any} is" = "={any}="
"empty" = ""

[phrases]
"step {n} of {count}" = "{n}//{count}"
"Play" = "PLAY"
"""


@pytest.fixture
def language(tmp_path):
    (tmp_path / "x.toml").write_text(FILE, encoding="utf-8")
    return read_language(str(tmp_path / "x.toml"))


@pytest.mark.parametrize(
    ("english", "wanted"),
    [
        ("Input 5×3", "IN 5×3"),
        ("Input 5×3, padding 2", "IN 5×3 / PAD(2)"),
        ("Input 5×3, padding −2", "IN 5×3 / PAD(−2)"),
        ("Input 5×3\npadding 2", "IN 5×3\nPAD(2)"),
        ("kernel $k=3$     padding 1", "$k=3$ KERN     PAD(1)"),
        ("one", "1st"),
        ("one is padding 1", "PAD(1) <- 1st"),
        ("the loss is 3", "loss:3"),
        ("one; it has **4 cells**.", "1st; HAS **4 CELLS**!"),
        ("$y$ = 3 + 4 = **7 cells**", "$y$ = 3 + 4 = **7 CELLS**"),
        ("which: one, two, relu", "1st & two & relu?"),
        ("all of one, padding 1 go", "<1st / PAD(1)>"),
        ("as one is", "=one="),
        ("$x<0 \\mathrm{or} x>1$", "$x<0 \\vee x>1$"),
        ("max(3, 1)", "max(3, 1)"),
        ("(padding 1, padding 2), one", "(padding 1, padding 2) / 1st"),
        ("nobody knows this, nor that", "nobody knows this, nor that"),
        ("one, nor that", "1st / nor that"),
        ("nobody knows. Nor this.", "nobody knows. Nor this."),
        ("nor this:", "nor this:"),
        ("empty", "empty"),
        ("relu, 1.5", "relu, 1.5"),
        ("", ""),
    ],
)
def test_a_text_is_put_together_from_templates(language, english, wanted):
    assert language(english) == wanted


def test_what_is_lacking_is_noted_once_and_in_parts(language):
    for _ in range(2):
        language("one, nor that; padding 1, relu 3")
    assert list(language.missing) == ["nor that"]


def test_no_blank_stands_between_two_signs_of_chinese(tmp_path):
    file = tmp_path / "c.toml"
    texts = '[texts]\n"aa {any} bb" = "甲 {any} 乙"\n"aa {text} cc" = "甲 {text} 乙"\n"mid" = "中"'
    file.write_text(texts, encoding="utf-8")
    language = read_language(str(file))
    assert language("aa mid cc") == "甲中乙"
    assert language("aa 3 bb") == "甲 3 乙"


def test_a_language_may_extend_another(tmp_path):
    file = tmp_path / "ours.toml"
    file.write_text('extends = "zh"\n[texts]\n"kernel {math}" = "核 {math}"', encoding="utf-8")
    board = make("conv", lang=str(file)).storyboard()
    assert board.settings == "核 $k=3$     步幅 $s=1$     填充 $p=0$"
    assert tag_of(str(file)) == "zh"


BAD = {
    "= 3": "language file x.toml is not valid TOML: ",
    "nme = 'x'": "language file x.toml: nme is not known: choose from code, extends, formulas, keep, name, ",
    "texts = 3": "language file x.toml: texts is not a table",
    "[texts]\na = 3": "language file x.toml: 'a' is not given as a text",
    "keep = 'x'": "language file x.toml: keep is not a list of words",
    "[texts]\n'{n} and {n}' = 'x'": "language file x.toml: '{n} and {n}' names a gap twice: number them, such as {n2}",
    "[texts]\n'a {n}' = '{n2}'": "language file x.toml: '{n2}' has the gap {n2}, which its English has not",
    "[texts]\n'{text}' = '{text}'": "language file x.toml: '{text}' has no words of its own: give it some",
    "extends = 'yy'": "x.toml: extends 'yy' is not known: choose from zh",
}


@pytest.mark.parametrize("text", BAD, ids=BAD.values())
def test_a_bad_file_is_refused_in_one_line(cnnviz, tmp_path, text):
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    ran = cnnviz("conv", "--lang", "x.toml", "-o", "x.json")
    assert ran.code == 2
    assert ran.err.startswith(f"cnnviz: {BAD[text]}")
    assert ran.err.count("\n") == 1
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize(
    ("lang", "message"),
    [
        ("fr", "--lang 'fr' is not known: choose from en, zh, or give a .toml file of your own"),
        ("", "--lang '' is not known: choose from en, zh, or give a .toml file of your own"),
        ("../zh", "--lang '../zh' is not known: choose from en, zh, or give a .toml file of your own"),
        ("none.toml", "language file none.toml cannot be read: no such file or directory"),
    ],
)  # fmt: skip
def test_an_unknown_language_is_refused_in_one_line(cnnviz, tmp_path, lang, message):
    ran = cnnviz("conv", "--lang", lang, "-o", "x.gif")
    assert (ran.code, ran.err) == (2, f"cnnviz: {message}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("result", ["x" * 2000, "$" + r"\\hat{" * 21 + "x" + "}" * 21 + "$"])
def test_a_text_too_long_or_too_deep_is_refused_at_once(cnnviz, tmp_path, result):
    (tmp_path / "x.toml").write_text(f'[texts]\n"Convolution" = "{result}"\n', "utf-8")
    for name in ("x.json", "x.gif"):
        ran = cnnviz("conv", "--lang", "x.toml", "-o", name)
        assert (ran.code, ran.err.count("\n")) == (2, 1)
        assert "x.toml" in ran.err


def test_phrases_are_those_of_the_language_else_english(tmp_path):
    assert phrase("en", "Play") == "Play"
    assert phrase("zh", "Play") == "播放"
    assert phrase("zh", "No such phrase") == "No such phrase"
    assert (tag_of("en"), tag_of("zh")) == ("en", "zh")
    (tmp_path / "x.toml").write_text(FILE, encoding="utf-8")
    assert phrase(str(tmp_path / "x.toml"), "Play") == "PLAY"


@pytest.mark.parametrize("lang", ["zh_CN", "ZH", "zh-Hans"])
def test_a_code_may_be_written_otherwise(lang):
    assert make("conv", lang=lang).storyboard().title == "卷积"
    assert (phrase(lang, "Play"), tag_of(lang)) == ("播放", "zh")
    assert make("conv", lang="en-US").storyboard().title == "Convolution"


def test_the_steps_number_is_in_the_language(cnnviz, tmp_path):
    assert make("conv").storyboard().counter == "step {n} of {count}"
    board = make("conv", lang="zh").storyboard()
    assert (board.lang, board.counter) == ("zh", "第 {n}/{count} 步")


def test_a_storyboard_in_chinese_has_the_same_steps(cnnviz, tmp_path):
    for lang in ("en", "zh"):
        assert cnnviz("transposed-conv", "--lang", lang, "-o", f"{lang}.json").code == 0
    english, chinese = (json.loads((tmp_path / f"{lang}.json").read_text("utf-8")) for lang in ("en", "zh"))
    assert chinese["title"] == "转置卷积"
    for one, other in zip(english["steps"], chinese["steps"], strict=True):
        for change, same in zip(one["changes"], other["changes"], strict=True):
            assert {k: v for k, v in change.items() if k != "label"} == {k: v for k, v in same.items() if k != "label"}
    assert chinese["steps"][0]["changes"][0]["label"] == "输入 3×3\n"
    assert chinese["steps"][1]["changes"][-1]["label"] == "输入 3×3\n拉开"


def test_languages_are_listed_and_one_that_lacks_something_is_told_what(cnnviz, tmp_path, monkeypatch):
    assert cnnviz("languages").out == "en  English\nzh  中文\n"
    assert languages() == {"zh": "中文"}
    monkeypatch.setattr("cnnviz.commands.languages.figures", lambda: [make("conv"), make("pool")])
    assert cnnviz("languages", "zh").out == ""
    (tmp_path / "de.toml").write_text('[texts]\n"Convolution" = "Faltung"\n"kernel {math}" = ""', encoding="utf-8")
    ran = cnnviz("languages", "de.toml")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "[texts]"
    assert '"kernel {math}" = ""' in lines
    assert '"Max pooling" = ""' in lines
    assert '"Convolution" = ""' not in lines
    assert '"Softmax" = ""' not in lines
    assert lines.index("[phrases]") < lines.index('"Play" = ""')
    (tmp_path / "all.toml").write_text(ran.out.replace('= ""', '= "…"') + "\n[formulas]\n", encoding="utf-8")
    assert "Convolution" in cnnviz("languages", "all.toml").out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"kernel $k=3\times5$", "kernel k=3×5"),
        (r"$o=\lfloor(i+2p-k)/s\rfloor+1=\lfloor(5+2\cdot1-3)/2\rfloor+1=3$",
         "o=⌊(i+2p-k)/s⌋+1=⌊(5+2·1-3)/2⌋+1=3"),
        (r"$y_{2,3}$ = **4**", "y 2,3 = 4"),
        (r"$\hat{x}=(x-\mu)/\sqrt{\sigma^2+\epsilon}$", "x̂=(x-μ)/√(σ^2+ε)"),
        (r"range $(-\infty, \infty)$", "range (-∞, ∞)"),
    ],
)  # fmt: skip
def test_formulas_are_spoken_with_signs(text, words):
    assert spoken(text) == words


def test_nothing_of_this_is_loaded_for_a_figure_in_english():
    code = (
        "import sys; from cnnviz.pipeline import make; make('conv').storyboard(); "
        "print([name for name in sys.modules if name.startswith('cnnviz.wording.')], 'tomllib' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out == "['cnnviz.wording.phrases', 'cnnviz.wording.plain'] False\n"


def test_a_language_is_read_once():
    assert load_language("zh") is load_language("zh")
    board = make("conv").scene.storyboard()
    assert reworded(board, lang="en", notation="ikspo") is board
    with pytest.raises(UsageError):
        reworded(board, lang="fr", notation="ikspo")


def test_formulas_that_stand_apart_are_told_apart():
    formula = make("transposed-conv").storyboard().formula
    assert listed(formula, "; ").split("; ")[1:] == ["z=s-1=1", "p'=k-p-1=2", "s'=1"]
