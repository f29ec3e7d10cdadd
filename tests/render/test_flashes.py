"""No more than three flashes a second (WCAG 2.2, 2.3.1), counted by a meter that knows nothing of the film's guard.

The meter follows each pixel: a change counts where the luminance has gone a tenth or more up or down from where it last
turned, the darker end below 0.80; or where a saturated red comes or goes. Two opposing changes are a flash.
"""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.pipeline import make
from cnnviz.render.flashes import FlashGuard

FAST = {"step": 0.02, "hold": 0.02, "width": 480}
FIGURES = [
    ("conv", {"i": 8, "k": 5}),
    ("conv", {"i": 8, "k": 5, "theme": "dark", "values": False}),
    ("pool", {"i": 8, "k": 4, "s": 1}),
    ("cnn", {"layers": "conv 2@3x3, fc 3"}),
]
SAMPLE = 4
"""Every fourth pixel of every fourth row is followed."""


def shown(film, rounds=2):
    """When each picture begins, in seconds, and its pixels in linear light; played several times over."""
    begins, total, found = [], 0, []
    for frame in film:
        begins.append(total / 1000)
        total += frame.milliseconds
        share = film.palette.colors[frame.pixels[::SAMPLE, ::SAMPLE]] / 255
        found.append(np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4).astype(np.float32))
    played = list(zip(begins, found, strict=True))
    return [(start + turn * total / 1000, light) for turn in range(rounds) for start, light in played]


class Meter:
    """Takes pictures in turn; `worst` is the largest area within ten degrees that flashed more than three times in one
    second, as a share of the area that WCAG allows."""

    def __init__(self, width):
        # Ten degrees are 341 × 256 pixels of 1024 × 768.
        self.field = round(width * 256 / 1024 / SAMPLE), round(width * 341 / 1024 / SAMPLE)
        self.allowed = self.field[0] * self.field[1] / 4
        self.turn = None
        self.worst = 0.0

    def see(self, time, light):
        level = light @ np.array([0.2126, 0.7152, 0.0722], np.float32)
        red = light[..., 0] >= 0.8 * np.maximum(light.sum(axis=2), 1e-6)
        if self.turn is None:
            self.turn, self.way, self.red = level, np.zeros(level.shape, np.int8), red
            self.times = {kind: np.full((8, *level.shape), -9.0) for kind in ("general", "red")}
            return
        way = np.sign(level - self.turn).astype(np.int8)
        large = (abs(level - self.turn) >= 0.1) & (np.minimum(level, self.turn) < 0.8)
        # The same way on is one change; where it turns, another one begins.
        self.count("general", time, large & (way != self.way))
        on = (way == self.way) | large
        self.turn = np.where(on, level, self.turn)
        self.way = np.where(large, way, self.way)
        self.count("red", time, red != self.red)
        self.red = red

    def count(self, kind, time, changed):
        times = self.times[kind]
        times[:, changed] = np.concatenate([times[1:, changed], np.full((1, changed.sum()), time)])
        # Eight changes are four flashes.
        flashing = np.pad((time - times[0] < 1).cumsum(axis=0).cumsum(axis=1), [(1, 0), (1, 0)])
        rows, columns = (min(side, whole - 1) for side, whole in zip(self.field, flashing.shape, strict=True))
        inside = (
            flashing[rows:, columns:]
            - flashing[:-rows, columns:]
            - flashing[rows:, :-columns]
            + flashing[:-rows, :-columns]
        )
        self.worst = max(self.worst, float(inside.max() / self.allowed))


def measured(pictures, width):
    meter = Meter(width)
    for time, light in pictures:
        meter.see(time, light)
    return meter.worst


def test_the_meter_counts_flashes():
    """Half of ten degrees, black and white in turn: three flashes a second are allowed, four are not."""
    for rate, wrong in ((3, False), (4, True)):
        picture = [np.zeros((270 // SAMPLE, 480 // SAMPLE, 3), np.float32) for _ in range(2)]
        picture[1][:30, :20] = 1
        times = [(n / (2 * rate), picture[n % 2]) for n in range(20)]
        assert (measured(times, 480) > 1) is wrong
    faint = [np.full((68, 120, 3), level, np.float32) for level in (0.30, 0.39)]
    assert measured([(n / 20, faint[n % 2]) for n in range(60)], 480) == 0


@pytest.mark.parametrize(("scene", "given"), FIGURES)
def test_figures_that_are_too_fast_are_slowed_down(scene, given):
    film = make(scene, **given, **FAST).film()
    assert measured(shown(film), 480) <= 1


def test_a_window_that_glides_does_not_flash():
    film = make("conv", i=8, k=5, tween=6, **{**FAST, "step": 0.2}).film()
    assert measured(shown(film, rounds=1), 480) <= 1


def test_without_the_guard_a_figure_flashes(monkeypatch):
    monkeypatch.setattr(FlashGuard, "least", lambda *_: 0)
    film = make("conv", i=8, k=5, **FAST).film()
    assert measured(shown(film), 480) > 1
