"""The usual script without `FuncAnimation`: a fresh figure for each frame, all of them in a list, `imageio.mimsave`.

The drawing is that of `peer_funcanimation.py`: same panels, numbers and pixels. The extension of `-o` chooses between
.gif, .webp, .png (animated) and .mp4.
"""

import json
from pathlib import Path

import imageio.v2 as imageio
import imageio.v3 as iio
import matplotlib.pyplot as plt
import numpy as np
from peer_funcanimation import Figure, parse_arguments


def picture(args, number):
    figure = Figure(args)
    figure.draw(number)
    figure.fig.canvas.draw()
    pixels = np.asarray(figure.fig.canvas.buffer_rgba())[..., :3].copy()
    plt.close(figure.fig)
    return pixels


def main():
    args = parse_arguments()
    figure = Figure(args)
    plt.close(figure.fig)
    frames = [picture(args, number) for number in range(figure.side**2)]
    kind = Path(args.output).suffix
    if kind == ".gif":
        imageio.mimsave(args.output, frames, duration=1000, loop=0)
    elif kind == ".mp4":
        iio.imwrite(args.output, frames, plugin="pyav", codec="libx264", fps=1)
    else:
        iio.imwrite(args.output, frames, plugin="pillow", duration=1000, loop=0)
    print(json.dumps(figure.result.tolist()))


if __name__ == "__main__":
    main()
