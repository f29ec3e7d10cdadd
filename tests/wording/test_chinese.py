"""Every figure in Chinese: no word is left in English, no number or formula is another one."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from cnnviz.commands.languages import figures
from cnnviz.discovery import SCENES_FOLDER, find_scenes, load_scene
from cnnviz.errors import UsageError
from cnnviz.export import html
from cnnviz.ops.surfaces import SURFACES
from cnnviz.parameters import parameters_of
from cnnviz.pipeline import make
from cnnviz.scene import scene_name
from cnnviz.scenes._descent import RULES
from cnnviz.wording import caption, phrase, reworded
from cnnviz.wording.language import read_language
from cnnviz.wording.rewording import with_words
from tests.figures import all_figures, make_figure
from tests.random_values import good

ARTICLE = Path(__file__).parents[2] / "animations" / "article.toml"
RANDOM, MOST_STEPS = 16, 60
LONG = {"gradient-descent"}

# What says texts that hardly any figure has.
RARE = (
    ("conv", {"bias": 1, "i": 4}), ("conv", {"i": 1, "k": 1}),
    ("transposed-conv", {"k": 1, "s": 2}), ("transposed-conv", {"k": 1, "s": 1}),
    ("transposed-conv", {"k": 1, "s": 1, "output_padding": 0, "d": 2}),
    ("transposed-conv", {"p": 1, "output_padding": 1}), ("transposed-conv", {"p": 2, "s": 1}),
    ("transposed-conv", {"view": "scatter", "i": 4, "k": 2, "s": 1, "p": 2}),
    ("transposed-conv", {"view": "overlap", "k": 2, "s": 2}), ("transposed-conv", {"view": "overlap", "k": "2x3"}),
    ("transposed-conv", {"view": "overlap", "i": 4, "k": 2, "s": 1, "p": 2}),
    ("conv-relation", {"k": 1, "s": 1, "kernel": "1"}),
    ("output-size", {"i": 1, "k": 1}), ("output-size", {"i": "1x2", "k": 1}), ("output-size", {"i": "2x1", "k": 1}),
    ("output-size", {"i": "8x5", "s": "5x1"}), ("output-size", {"i": "5x6", "s": 2}),
    ("output-size", {"k": "3x2", "p": 1}),
    ("pool", {"kind": "avg", "p": 1}), ("pool", {"output_size": 1}), ("pool", {"kind": "avg", "output_size": 2}),
    ("pool", {"output_size": "2x3", "i": "5x4"}), ("pool", {"i": 4, "k": 1, "s": 4, "ceil_mode": True}),
    ("pool", {"i": "4x5", "k": 1, "s": 4, "ceil_mode": True}),
    ("unpool", {"kind": "avg", "i": 5}), ("unpool", {"i": 2}),
    ("fully-connected", {"input": "1.234 2", "outputs": 1}),
    ("cnn", {"i": 8, "input": "random", "layers": "avgpool 2, lrn 3, batchnorm, tanh, fc 3", "lr": 0}),
    ("cnn", {"i": 12, "input": "arange", "layers": "fc 3"}),
    ("cnn", {"i": 6, "input": "random", "layers": "conv 2@3x3, tanh, fc 3", "lr": 1000}),
    ("cnn", {"i": 6, "input": "zeros", "layers": "conv 2@3x3, relu, fc 3"}),
    ("cnn", {"i": 6, "input": "random", "layers": "fc 3", "lr": 1e-9}),
    ("batch-norm", {"channels": 1, "activation": "none"}), ("lrn", {"kind": "intra", "alpha_over_n": True, "i": 2}),
    ("loss", {"label": 1e-7}),
    ("norm", {"kind": "layer", "batch": 1, "channels": 1}), ("norm", {"kind": "batch", "batch": 1, "channels": 1}),
    ("gradient-descent", {"optimizer": "sgd", "lr": 100}), ("gradient-descent", {"optimizer": "momentum", "steps": 1}),
    ("gradient-descent", {"lr": 10, "surface": "bowl"}),
    ("gradient-descent", {"optimizer": "sgd", "lr": 1e3, "surface": "bowl"}),
    ("gradient-descent", {"optimizer": "sgd", "lr": 1, "surface": "saddle"}),
    ("gradient-descent", {"optimizer": "sgd", "lr": 9, "surface": "saddle"}),
    ("gradient-descent", {"steps": 9, "lr": 0.5, "surface": "saddle"}),
    *(("gradient-descent", {"steps": 3, "surface": surface}) for surface in SURFACES),
    *(("gradient-descent", {"steps": 3, "optimizer": rule}) for rule in RULES),
)  # fmt: skip

# What may stand in a Chinese text in Latin letters: proper names, functions of formulas and of torch, layers' words.
NAMES = (
    "binary_cross_entropy_with_logits", "binary_cross_entropy", "smooth_l1_loss", "l1_loss", "mse_loss", "huber_loss",
    "Leaky ReLU", "ReLU", "SELU", "GELU", "ELU", "SiLU (swish)", "Mish", "Softplus", "Hard swish", "Hard tanh",
    "Sigmoid", "Softmax", "MAE", "MSE", "Huber", "SGD", "Nesterov", "Adagrad", "RMSProp", "Adam", "Beale", "Rosenbrock",
    "Himmelblau", "Booth", "LRN", "BN", "AlexNet", "GoogLeNet", "Inception", "ResNet", "VGG", "torch", "Caffe",
    "Cortes", "Vapnik", "leaky-relu", "relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "hardswish",
    "hardtanh", "sigmoid", "softmax", "tanh", "identity", "exp", "max", "min", "mean", "ln", "log", "conv", "maxpool",
    "avgpool", "batchnorm", "lrn", "fc", "gaussian",
)  # fmt: skip
NAMED = re.compile(rf"\$[^$]+\$|(?<![A-Za-z])(?:{'|'.join(map(re.escape, NAMES))})(?![A-Za-z])")
FORMULA = re.compile(r"\$[^$]+\$")
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def random_figures():
    """Figures of random parameters, short enough to be played through."""
    for seed in range(RANDOM):
        random = Random(seed)
        scene = random.choice(list(find_scenes()))
        declared = [p for p in parameters_of(load_scene(scene)) if p.type is not bool]
        # Files of data have names of their own, which stay.
        some = [p for p in declared if p.type.__name__ != "ArrayLike" and random.random() < 3 / len(declared)]
        try:
            figure = make(scene, **{p.name: good(random, p) for p in some})
            if figure.storyboard().count <= MOST_STEPS:
                yield figure
        except UsageError:
            continue


def article_figures():
    for figure in tomllib.loads(ARTICLE.read_text(encoding="utf-8"))["figure"]:
        yield make(figure.pop("scene"), **{k: v for k, v in figure.items() if k not in ("name", "section", "caption")})


@pytest.fixture(scope="module")
def texts():
    """Every English text of all of these figures, once."""
    found, seen = {}, set()

    def note(text, _):
        found[text] = None
        return text

    own = {name for name, file in find_scenes().items() if file.parent == SCENES_FOLDER}
    rare = list(map(make_figure, RARE))
    for figure in (*figures(), *map(make_figure, all_figures()), *article_figures(), *random_figures(), *rare):
        scene = scene_name(type(figure.scene))
        # Races of optimizers are long, and say little: the rare ones are enough.
        if (figure.command() not in seen and scene in own - LONG) or any(figure is one for one in rare):
            seen.add(figure.command())
            for _ in with_words(figure.scene.storyboard(), note).steps():
                pass
    return list(found)


@pytest.fixture(scope="module")
def chinese(texts):
    language = read_language("zh")
    return [(text, language(text)) for text in texts]


def test_no_word_is_left_in_english(chinese):
    left = [(english, text) for english, text in chinese if re.search("[A-Za-z]{2,}", NAMED.sub("", text))]
    assert not left[:5]


def test_every_number_and_every_formula_is_the_same(chinese):
    for english, text in chinese:
        assert Counter(NUMBER.findall(english)) == Counter(NUMBER.findall(text)), text
        formulas = [formula.replace(r"\;\mathrm{or}\;", r"\;\vee\;") for formula in FORMULA.findall(english)]
        assert Counter(formulas) == Counter(FORMULA.findall(text)), text
        assert english.count("**") == text.count("**")
        assert english.count("\n") >= text.count("\n")


def test_chinese_has_signs_of_its_own_and_no_blanks_between_its_words(chinese):
    word = "[\u4e00-\u9fff]"
    for _, text in chinese:
        assert not re.search(f"{word} {word}|{word}[,;:.](?![0-9])|{word} [，。；：、]|[，。；：、] (?! )", text), text


def test_what_is_translated_is_in_use(texts):
    language = read_language("zh")
    for text in texts:
        language(text)
    assert [text for text in language.texts if text not in language.used] == []


@pytest.mark.parametrize("english", html.PHRASES.values())
def test_the_player_speaks_chinese(english):
    told = phrase("zh", english)
    assert re.search("[\u4e00-\u9fff]", told)
    assert sorted(re.findall(r"\{\w+\}", told)) == sorted(re.findall(r"\{\w+\}", english))


@pytest.mark.parametrize("scene", find_scenes())
def test_a_caption_is_made_of_title_settings_and_convention(scene):
    board = make(scene, lang="zh").storyboard()
    text = caption(board)
    assert text.endswith("。")
    assert text.startswith(board.title)
    assert not re.search(r"[$\\{}]|  ", text)


@pytest.mark.parametrize(
    ("scene", "given", "english", "told"),
    [
        ("conv", {"s": 2, "p": 1}, "Convolution: kernel k=3, stride s=2, padding p=1. Cross-correlation: kernel not "
         "flipped.", "卷积：卷积核 k=3，步幅 s=2，填充 p=1。互相关：卷积核不翻转。"),
        ("conv", {"k": "3x5", "i": 6}, "Convolution: kernel k=3×5, stride s=1, padding p=0. Cross-correlation: kernel "
         "not flipped.", "卷积：卷积核 k=3×5，步幅 s=1，填充 p=0。互相关：卷积核不翻转。"),
        ("norm", {"kind": "compare"}, "LRN against batch normalization: N=3, C=4, pixels 2×2.",
         "LRN 与批量归一化对比：N=3，C=4，像素 2×2。"),
    ],
)  # fmt: skip
def test_captions_read_well(scene, given, english, told):
    assert caption(make(scene, **given).storyboard()) == english
    assert caption(make(scene, lang="zh", **given).storyboard()) == told


def test_alt_texts_tell_operation_sizes_and_a_small_result():
    figure = make("conv", input="1 2; 3 4", k=1, kernel="2")
    assert figure.storyboard().alt == (
        "Animation of a convolution: a 1×1 kernel slides over a 2×2 input with stride 1, padding 0; 4 steps fill the "
        "2×2 output, each cell the sum of products under the kernel. The output, row by row: 2, 4; 6, 8."
    )
    assert reworded(figure.scene.storyboard(), lang="zh", notation="ikspo").alt == (
        "卷积动画：1×1 的卷积核在 2×2 的输入上滑动，步幅 1，填充 0；4 步填满 2×2 的输出，"
        "每格是卷积核覆盖处的乘积之和。输出逐行为：2, 4; 6, 8。"
    )


@pytest.mark.parametrize("figure", all_figures(), ids=str)
def test_alt_texts_are_sentences(figure):
    alt = make_figure(figure).storyboard().alt
    assert re.fullmatch(r"(?:Animation|Table) .*\.", alt)
    assert not re.search(r"\b1 (?:steps|samples|channels|updates|input nodes|cells)\b|[$\\{}\n]|  |\.\.| ,", alt)


def test_what_is_the_users_own_stays():
    board = make("conv", lang="zh", title="Input 5×5, zero padding 1").storyboard()
    assert board.title == "Input 5×5, zero padding 1"
    assert board.panel("kernel").label == "卷积核 3×3"
    network = make("cnn", lang="zh", layers="conv 2@3x3, fc 3").storyboard().panel("network")
    assert [station.title for station in network.stations][1:3] == ["conv 2@3×3", "fc 3"]
