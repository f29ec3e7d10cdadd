"""Figures that were wrong once, each for a reason of its own, and the captions that they have now."""

from __future__ import annotations

import warnings

import pytest

from cnnviz import UsageError
from cnnviz.pipeline import make
from tests.figures import named
from tests.properties.claims import CLAIMS

FOUND = [
    # The check could not tell the input's cells where some are never reached and others lie beyond it.
    ("pool", {"kind": "max", "i": "5x2", "s": 3, "d": "2x1", "ceil_mode": True}),
    # ONNX keeps ε in float32.
    ("norm", {"kind": "batch", "eps": 1 / 3}), ("norm", {"kind": "group", "eps": 0.1, "channels": 4}),
    # The sum of stamps holds the bias, before and after the cut.
    ("transposed-conv", {"view": "scatter", "p": 1, "bias": 1.987}),
    # Of equal scores, and of none left, neither softmax nor the loss were held against anything.
    ("cnn", {"input": "zeros", "i": 6, "layers": "lrn 3, fc 3"}), ("cnn", {"input": "arange", "seed": 97}),
    ("cnn", {"input": "ones", "i": 3, "layers": "batchnorm, maxpool 3 s2 p1, fc 3", "seed": 22}),
    ("activation", {"kind": "softplus", "beta": 0.005, "hi": -0.045}),
    ("gradient-descent", {"optimizer": "sgd", "surface": "bowl", "steps": 3}),
    # The check took rounded whole numbers for exact ones, e+09 for a number, and one axis's size for the other's.
    ("loss", {"kind": "hinge", "margin": 0.662, "digits": 0}), ("conv", {"d": "1x2"}),
    ("lrn", {"k": 1e4, "n": 1, "alpha": 1e4, "beta": 1.833, "kind": "intra"}), ("lrn", {"beta": 1.969}),
    ("pool", {"kind": "avg", "i": 4, "s": 5, "ceil_mode": True}),
    # At a pole there is no tangent, and an update may lead too far at once.
    ("loss", {"kind": "binary-cross-entropy", "lo": 0.001, "digits": 0, "frames": 2}),
    # Weights moved along a gradient in float32 were held to float64's precision where nothing but a bias is left.
    ("cnn", {"input": "zeros", "i": 3, "layers": "fc 4, elu 0.5, fc 3", "label": 1, "lr": 1.359, "seed": 68}),
    ("gradient-descent", {"optimizer": "nesterov", "lr": 2.675, "steps": 5, "frames": 1}),
    # Of captions the check lost a tenth between thousand millions.
    ("transposed-conv", {"input": "0.1 1e9 1e9", "kernel": "1 -1 1", "d": 2, "s": 2}),
    # The reader took exp(10000) over itself for a number, and captions left ε out beside a gradient as small.
    ("activation", {"kind": "softmax", "digits": 0, "frames": 2, "hi": 1e4}),
    ("gradient-descent", {"optimizer": "adam", "alpha": 0, "beta1": 0, "beta2": 0, "steps": 7}),
    # The check took the sign of a power of ten for a difference.
    ("loss", {"kind": "mse", "label": 1e-7}), ("loss", {"kind": "hinge", "margin": 1e-9}),
    # ONNX Runtime refuses output padding of a stride or more.
    ("transposed-conv", {"s": "1x2", "d": 3, "output_padding": 2, "view": "scatter"}),
]  # fmt: skip


@pytest.mark.parametrize("figure", FOUND, ids=map(named, FOUND))
def test_it_keeps_what_is_claimed(figure):
    name, given = figure
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = make(name, **given)
        for claim in CLAIMS:
            claim(made, made.storyboard(), 0)


CAPTIONS = [
    # 0.995 is a little less: written as 0.99 it is multiplied as 0.99.
    ("conv", {"input": "0.995", "k": 1, "kernel": "1"}, "$y_{1,1}$ = 0.99·1 = **0.99**"),
    # Of large numbers a tenth is not next to nothing.
    ("conv", {"input": "99999 0.25 0.25", "kernel": "99999 1 1", "digits": 1},
     "$y_{1,1}$ = 99999.0·99999 + 0.2·1 + 0.2·1 ≈ **9999800001.5**"),
    ("fully-connected", {"input": "99999 0.25", "weights": "99999 1", "bias": "0.25", "digits": 1},
     "$y_{1}$ = 99999·99999 + 1·0.2 + 0.25 ≈ **9999800001.5**"),
    ("batch-norm", {"input": "123456.789; 1000000", "digits": 3},
     r"channel 1:   $\mu$ = (123456.789 + 1000000.000) / 2 ≈ **561728.395**"),
    # The square of next to nothing is not 0.
    ("loss", {"kind": "huber", "digits": 0, "hi": 1e-6},
     r"$L=\frac{1}{2}\,(y - \hat{y})^{2}$ = ½·(0 − 0.000001)² ≈ **0**"),
    # A parameter is written as it was given.
    ("batch-norm", {"beta": "0.00004", "digits": 0, "input": "1; 1"},
     "channel 1, sample 1:   $y$ = 2·0 + 0.00004 ≈ **0**"),
    ("lrn", {"kind": "intra", "n": 4, "alpha": 1 / 3, "k": 12, "channels": 1, "i": "3x4", "input": "ones", "digits": 2},
     "$b_{1,2,3}$ = 1 / (12 + 0.333333·(1² + 1² + 1² + 1² + 1² + 1² + 1² + 1² + … + 1²))$^{0.75}$ = "
     "1 / (12 + 0.333333·12)$^{0.75}$ ≈ 1 / 8.00 ≈ **0.12**"),
    # To any power of 0 the sums are equal, though the squares are rounded.
    ("lrn", {"n": 1, "channels": 1, "input": "-1.01", "beta": 0, "digits": 2},
     "$b_{1,1,1}$ = −1.01 / (1 + 0.1·((−1.01)²))$^{0}$ = −1.01 / (1 + 0.1·1.02)$^{0}$ = −1.01 / 1.00 = **−1.01**"),
    # What is written as 0 is not divided by, and of what is too long to write the first digits are.
    ("lrn", {"k": 0, "n": 1, "digits": 0, "channels": 1, "input": "0.2"}, "$b_{1,1,1}$ = 0 / 2e-02 ≈ **13**"),
    ("lrn", {"k": 1e6, "alpha": 1e6, "beta": 4, "n": 1, "channels": 1, "input": "9"},
     "$b_{1,1,1}$ = 9 / (1000000 + 1000000·(9²))$^{4}$ = 9 / (1000000 + 1000000·81)$^{4}$ ≈ 9 / 4.52e+31 ≈ **0.00**"),
    # The line of an equation by cases is that of the estimate, which is told as it is.
    ("loss", {"kind": "huber", "delta": 1 / 3, "digits": 0, "lo": -0.4, "hi": 0.4, "frames": 2},
     r"$L=\delta\,(|y - \hat{y}| - \frac{1}{2}\,\delta)$ = 0.333333·(|0 − (−0.4)| − ½·0.333333) ≈ **0**"),
    ("gradient-descent",
     {"optimizer": "rmsprop", "surface": "booth", "lr": 1e-9, "alpha": 1e-9, "start": "0 0", "steps": 1, "digits": 0},
     "w = (0, 0) − 1e−09·(−34/34, −38/38) ≈ **(0, 0)**"),
    ("gradient-descent",
     {"optimizer": "nesterov", "surface": "rosenbrock", "momentum": 0.9999, "lr": 12, "start": "0 0", "steps": 1,
      "digits": 0},
     "w = (0, 0) − 12·[(−2, 0) + 0.9999·(−2, 0)] ≈ **(48, 0)**"),
    # Beside a gradient as small ε counts.
    ("gradient-descent", {"optimizer": "adam", "surface": "bowl", "beta1": 0, "beta2": 0, "start": "3e-8 1", "lr": 0.5,
                          "steps": 1}, "w = (0.000, 1.000) − 0.5·(3.0e−8/4.0e−8, 10/10) = **(−0.375, 0.500)**"),
    ("gradient-descent", {"optimizer": "rmsprop", "surface": "bowl", "alpha": 0, "start": "1 1e-9", "lr": 0.5,
                          "steps": 1},
     "w = (1.000, 0.000) − 0.5·(1/1, 1.0e−8/2.0e−8) = **(0.500, −0.250)**"),
    ("activation", {"lo": 0, "hi": 1e-9, "frames": 2, "kind": "linear"}, "$f(x)=x$ = 1e−9 ≈ **0.00**"),
    ("cnn", {"input": "zeros", "i": 6, "layers": "fc 4"},
     "softmax: $p_{3}$ = exp(0.00) / Σ exp(z) = 1.00 / 4.00 = **0.25**"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "caption"), CAPTIONS, ids=[f"{c[0]}-{n}" for n, c in enumerate(CAPTIONS)])
def test_the_caption_is_right(name, given, caption):
    captions = [step.caption for step in make(name, **given).storyboard().steps()]
    assert caption in captions, captions


@pytest.mark.parametrize(("given", "message"), [
    ({"k": 0, "alpha": 0}, "k 0 and alpha 0 leave nothing to divide by: use --k above 0, such as 1"),
    ({"k": 0, "alpha": 1e-6, "beta": 4, "input": "0.01 0.02"},
     "the output reaches 1e+38, too large to write: use a larger --k or a smaller --beta"),
])  # fmt: skip
def test_what_divides_by_next_to_nothing_is_refused(given, message):
    with pytest.raises(UsageError) as error:
        make("lrn", **given)
    assert str(error.value) == message
