"""The usual script, to measure against: `FuncAnimation` and `PillowWriter`, all panels drawn anew each frame.

Same panels, numbers and pixels as `cnnviz conv`. `--small` leaves out what cnnviz leaves out of small cells:
the kernel's weights in the covered cells, and the output's numbers, which become colours.
"""

import argparse
import json

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.patches import Rectangle

INPUT, PADDING, UNREACHED, KERNEL, KERNEL_ON_PADDING = "#94B6D2", "#A6A6A6", "#757575", "#CD8B67", "#DD8047"
OUTPUT, PENDING, WINDOW, RESULT, BAND = "#A5AB81", "#DBDDCD", "#7A3410", "#3F4A12", "#F3F2ED"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("i", 5), ("s", 1), ("p", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--k", type=int, choices=(3,), default=3, help="the size of sobel-x")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("-o", "--output", default="peer.gif")
    return parser.parse_args()


def cell(ax, row, column, color, text="", size=12, note="", hatch=None):
    ax.add_patch(Rectangle((column, row), 1, 1, facecolor=color, edgecolor="white", hatch=hatch))
    if text:
        ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=size)
    if note:
        ax.text(column + 0.95, row + 0.95, note, ha="right", va="bottom", fontsize=0.6 * size)


def outline(ax, row, column, rows, columns, color, width=2):
    ax.add_patch(Rectangle((column, row), columns, rows, fill=False, edgecolor=color, linewidth=width))


def clear(ax, rows, columns, label):
    ax.clear()
    ax.set(xlim=(-0.1, columns + 0.1), ylim=(rows + 0.1, -0.1), aspect="equal")
    ax.axis("off")
    ax.set_title(label, y=-0.12, fontsize=11, color="#595959")


def show(value):
    return f"{value:d}".replace("-", "−")


class Figure:
    def __init__(self, args):
        self.args, k = args, args.k
        self.map = np.tile(np.where(np.arange(args.i) < args.i // 2, 0, 9), (args.i, 1))
        self.kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
        self.padded = np.pad(self.map, args.p)
        windows = np.lib.stride_tricks.sliding_window_view(self.padded, (k, k))[:: args.s, :: args.s]
        self.result = np.einsum("rcij,ij->rc", windows, self.kernel)
        self.side = len(self.result)
        self.reach = (self.side - 1) * args.s + k
        self.fig, self.axes = plt.subplots(1, 3, figsize=(9.6, 5.4), dpi=100, width_ratios=(5, 2.5, 2.5))
        self.fig.subplots_adjust(left=0.04, right=0.96, top=0.86, bottom=0.22, wspace=0.35)
        self.fig.add_artist(Rectangle((0, 0), 1, 0.145, transform=self.fig.transFigure, color=BAND, zorder=-1))
        self.fig.text(0.04, 0.91, "Convolution", fontsize=20, weight="bold")
        settings = f"kernel $k={k}$     stride $s={args.s}$     padding $p={args.p}$"
        self.fig.text(0.96, 0.915, settings, fontsize=13, ha="right", color="#595959")
        formula = rf"\lfloor({args.i}+2\cdot{args.p}-{k})/{args.s}\rfloor+1={self.side}"
        self.fig.text(0.04, 0.03, rf"$o=\lfloor(i+2p-k)/s\rfloor+1={formula}$", fontsize=12, color="#595959")
        self.fig.text(0.45, 0.53, "∗", fontsize=24, ha="center")
        self.fig.text(0.715, 0.53, "=", fontsize=24, ha="center")
        self.caption = self.fig.text(0.04, 0.09, "", fontsize=13)
        self.counter = self.fig.text(0.96, 0.03, "", fontsize=10, ha="right", color="#595959")

    def draw(self, frame):
        row, column = divmod(frame, self.side)
        self.draw_input(row * self.args.s, column * self.args.s)
        self.draw_kernel()
        self.draw_output(frame)
        covered = self.padded[row * self.args.s :, column * self.args.s :][: self.args.k, : self.args.k]
        terms = [
            f"{show(a)}·{show(w) if w >= 0 else f'({show(w)})'}"
            for a, w in zip(covered.ravel(), self.kernel.ravel(), strict=True)
            if w
        ]
        result = self.result[row, column]
        self.caption.set_text(rf"$y_{{{row + 1},{column + 1}}}$ = {' + '.join(terms)} = $\mathbf{{{result}}}$")
        self.counter.set_text(f"step {frame + 1} of {self.side**2}")

    def draw_input(self, top, left):
        ax, p, k = self.axes[0], self.args.p, self.args.k
        side = len(self.padded)
        clear(ax, side, side, f"Input {self.args.i}×{self.args.i}" + (f", zero padding {p}" if p else ""))
        size = min(13, 90 / side)
        for row in range(side):
            for column in range(side):
                on_map = p <= row < side - p and p <= column < side - p
                covered = top <= row < top + k and left <= column < left + k
                value = self.padded[row, column]
                color = (KERNEL if on_map else KERNEL_ON_PADDING) if covered else INPUT if on_map else PADDING
                note = ""
                if covered and not self.args.small:
                    note = "×" + show(self.kernel[row - top, column - left])
                hatch = "//" if max(row, column) >= self.reach else None
                cell(ax, row, column, color, show(value), size, note, hatch)
        if p:
            outline(ax, p, p, self.args.i, self.args.i, "#33566F", 1)
        outline(ax, top, left, k, k, WINDOW)

    def draw_kernel(self):
        clear(self.axes[1], self.args.k, self.args.k, f"Kernel {self.args.k}×{self.args.k}")
        for (row, column), weight in np.ndenumerate(self.kernel):
            cell(self.axes[1], row, column, KERNEL, show(weight), 13)

    def draw_output(self, frame):
        ax, size = self.axes[2], min(13, 60 / self.side)
        most = max(1, abs(self.result).max())
        clear(ax, self.side, self.side, f"Output {self.side}×{self.side}")
        for place, value in enumerate(self.result.ravel()):
            row, column = divmod(place, self.side)
            if place > frame:
                cell(ax, row, column, PENDING)
            elif self.args.small:
                cell(ax, row, column, plt.cm.RdBu_r(0.5 + value / most / 2))
            else:
                cell(ax, row, column, OUTPUT, show(value), size)
        outline(ax, *divmod(frame, self.side), 1, 1, RESULT)


def main():
    args = parse_arguments()
    figure = Figure(args)
    # Without `init_func` matplotlib would draw the first frame twice.
    animation = FuncAnimation(figure.fig, figure.draw, frames=figure.side**2, init_func=list)
    animation.save(args.output, writer=PillowWriter(fps=1))
    print(json.dumps(figure.result.tolist()))


if __name__ == "__main__":
    main()
