"""The same figure by manim (Community): squares and Pango texts, the window slides, cells are coloured, texts change.

Same panels, numbers and pixels as `cnnviz conv`, at 15 pictures a second, as `manim -ql` has them. `--still` leaves the
sliding out: nothing moves between two steps, which is the least that manim can be asked for. No LaTeX. Needs manim,
which `make bench-peers` puts into an environment of its own.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
from manim import DOWN, ORIGIN, RIGHT, UP, Rectangle, Scene, Square, Text, VGroup, tempconfig

INPUT, PADDING, KERNEL, KERNEL_ON_PADDING = "#94B6D2", "#A6A6A6", "#CD8B67", "#DD8047"
OUTPUT, PENDING, WINDOW, RESULT, BAND, MUTED = "#A5AB81", "#DBDDCD", "#7A3410", "#3F4A12", "#F3F2ED", "#595959"
SLIDE, STEP = 0.4, 1.0
# Widths of the picture in manim's units, and the share of a cell that its number takes.
WIDE, HIGH, SHARE = 14.22, 8.0, 0.38


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("i", 5), ("s", 1), ("p", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--k", type=int, choices=(3,), default=3, help="the size of sobel-x")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--still", action="store_true")
    parser.add_argument("-o", "--output", default="manim.gif")
    return parser.parse_args()


def show(value):
    return f"{value:d}".replace("-", "−")


def text(words, size, color="black", bold=False):
    return Text(words, font_size=size, color=color, weight="BOLD" if bold else "NORMAL", font="DejaVu Sans")


class Grid:
    def __init__(self, values, color, side, centre):
        rows, columns = values.shape
        self.side, self.corner = side, centre + (UP * (rows - 1) - RIGHT * (columns - 1)) * side / 2
        self.cells = {place: self.cell(place, color) for place in np.ndindex(values.shape)}
        self.texts = {}

    def at(self, row, column):
        return self.corner + (DOWN * row + RIGHT * column) * self.side

    def cell(self, place, color):
        square = Square(self.side, fill_color=color, fill_opacity=1, stroke_color="white", stroke_width=1.5)
        return square.move_to(self.at(*place))

    def write(self, place, words, share=SHARE, color="black", offset=ORIGIN):
        found = text(words, 48, color)
        # A minus sign is flat: by its height it would fill the cell.
        found.scale(share * self.side / text("0", 48).height).move_to(self.at(*place) + offset * self.side)
        return found

    def outline(self, row, column, rows, columns, color):
        frame = Rectangle(width=columns * self.side, height=rows * self.side, stroke_color=color, stroke_width=4)
        return frame.move_to((self.at(row, column) + self.at(row + rows - 1, column + columns - 1)) / 2)


class Convolution(Scene):
    def __init__(self, args, **rest):
        super().__init__(**rest)
        self.args, k = args, args.k
        self.map = np.tile(np.where(np.arange(args.i) < args.i // 2, 0, 9), (args.i, 1))
        self.kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
        self.padded = np.pad(self.map, args.p)
        windows = np.lib.stride_tricks.sliding_window_view(self.padded, (k, k))[:: args.s, :: args.s]
        self.result = np.einsum("rcij,ij->rc", windows, self.kernel)

    def on_map(self, row, column):
        p, side = self.args.p, len(self.padded)
        return p <= row < side - p and p <= column < side - p

    def construct(self):
        self.camera.background_color = "white"
        self.page()
        self.panels()
        self.covered, self.notes, self.caption = [], VGroup(), VGroup()
        for number in range(self.result.size):
            self.step(number)

    def page(self):
        a, o = self.args, len(self.result)
        band = Rectangle(width=WIDE, height=1.16, fill_color=BAND, fill_opacity=1, stroke_width=0)
        self.add(band.move_to(DOWN * (HIGH / 2 - 0.58)))
        self.put(text("Convolution", 30, bold=True), -6.53, 3.45)
        settings = text(f"kernel k={a.k}     stride s={a.s}     padding p={a.p}", 19, MUTED)
        self.add(settings.move_to(RIGHT * (6.53 - settings.width / 2) + UP * 3.45))
        formula = f"o = ⌊(i+2p−k)/s⌋+1 = ⌊({a.i}+2·{a.p}−{a.k})/{a.s}⌋+1 = {o}"
        self.put(text(formula, 17, MUTED), -6.53, -3.65)

    def put(self, words, x, y):
        self.add(words.move_to(RIGHT * (x + words.width / 2) + UP * y))
        return words

    def panels(self):
        side, k, o = len(self.padded), self.args.k, len(self.result)
        unit = min(0.68, 5 / side)
        self.input = Grid(self.padded, INPUT, unit, RIGHT * -4 + UP * 0.4)
        self.weights = Grid(self.kernel, KERNEL, 0.68, RIGHT * 0.8 + UP * 0.4)
        self.output = Grid(self.result, PENDING, min(0.68, 3.4 / o), RIGHT * 4.8 + UP * 0.4)
        for place, cell in self.input.cells.items():
            cell.set_fill(INPUT if self.on_map(*place) else PADDING)
            self.input.texts[place] = self.input.write(place, show(self.padded[place]))
        for place, weight in np.ndenumerate(self.kernel):
            self.weights.texts[place] = self.weights.write(place, show(weight))
        for grid in (self.input, self.weights, self.output):
            self.add(*grid.cells.values(), *grid.texts.values())
        padding = f", zero padding {self.args.p}" if self.args.p else ""
        for grid, words in (
            (self.input, f"Input {self.args.i}×{self.args.i}{padding}"),
            (self.weights, f"Kernel {k}×{k}"),
            (self.output, f"Output {o}×{o}"),
        ):
            label = text(words, 17, MUTED)
            self.add(label.next_to(VGroup(*grid.cells.values()), DOWN, buff=0.2))
        self.add(text("∗", 36).move_to(RIGHT * -0.9 + UP * 0.4), text("=", 36).move_to(RIGHT * 2.5 + UP * 0.4))
        self.window = self.input.outline(0, 0, k, k, WINDOW).set_z_index(1)
        self.mark = self.output.outline(0, 0, 1, 1, RESULT).set_z_index(1)
        self.add(self.window, self.mark)

    def step(self, number):
        row, column = divmod(number, len(self.result))
        top, left, k = row * self.args.s, column * self.args.s, self.args.k
        window = self.input.outline(top, left, k, k, WINDOW)
        if number and not self.args.still:
            mark = self.output.outline(row, column, 1, 1, RESULT)
            self.play(self.window.animate.move_to(window), self.mark.animate.move_to(mark), run_time=SLIDE)
        else:
            self.window.move_to(window)
            self.mark.move_to(self.output.at(row, column))
        for place in self.covered:
            self.input.cells[place].set_fill(INPUT if self.on_map(*place) else PADDING)
        self.covered = [(top + r, left + c) for r in range(k) for c in range(k)]
        for place in self.covered:
            self.input.cells[place].set_fill(KERNEL if self.on_map(*place) else KERNEL_ON_PADDING)
        self.write(row, column, number)
        self.wait(STEP if self.args.still or not number else STEP - SLIDE)

    def write(self, row, column, number):
        top, left = row * self.args.s, column * self.args.s
        value, most = self.result[row, column], max(1, abs(self.result).max())
        self.remove(self.notes, self.caption)
        self.notes = VGroup()
        if self.args.small:
            self.output.cells[row, column].set_fill(RESULT).set_fill(opacity=0.2 + 0.8 * abs(value) / most)
        else:
            self.notes.add(
                *(
                    self.input.write((top + r, left + c), "×" + show(w), 0.2, offset=RIGHT * 0.28 + DOWN * 0.33)
                    for (r, c), w in np.ndenumerate(self.kernel)
                )
            )
            self.output.cells[row, column].set_fill(OUTPUT)
            self.add(self.output.write((row, column), show(value)))
        covered = self.padded[top:, left:][: self.args.k, : self.args.k]
        terms = [
            f"{show(a)}·{show(w) if w >= 0 else f'({show(w)})'}"
            for a, w in zip(covered.ravel(), self.kernel.ravel(), strict=True)
            if w
        ]
        said = text(f"y[{row + 1},{column + 1}] = {' + '.join(terms)} = {show(value)}", 19)
        counter = text(f"step {number + 1} of {self.result.size}", 15, MUTED)
        said.move_to(RIGHT * (said.width / 2 - 6.53) + DOWN * 3.1)
        counter.move_to(RIGHT * (6.53 - counter.width / 2) + DOWN * 3.65)
        self.caption = VGroup(said, counter)
        self.add(self.notes, self.caption)


def main():
    args = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "pixel_width": 960,
            "pixel_height": 540,
            "frame_rate": 15,
            "frame_width": WIDE,
            "frame_height": HIGH,
            "format": "gif",
            "media_dir": folder,
            "disable_caching": True,
            "progress_bar": "none",
            "verbosity": "ERROR",
            "output_file": "figure",
        }
        with tempconfig(settings):
            scene = Convolution(args)
            scene.render()
        made = next(Path(folder).rglob("figure*.gif"))
        shutil.move(made, args.output)
    print(json.dumps(scene.result.tolist()))


if __name__ == "__main__":
    main()
