"""The physical floor: the imports that drawing needs anyway, and the encoding of frames that are there already.

The file given holds, prepared, one palette and of each frame the rectangle that changed, as cnnviz itself would cut it
(`benchmarks/_prepared.py`); nothing is computed, laid out or drawn. Pillow encodes, as it does for cnnviz. What takes
less time than this cannot draw with matplotlib and write GIF with Pillow.
"""

import json
import struct
import sys

import click  # noqa: F401
import matplotlib.backends.backend_agg
import matplotlib.figure  # noqa: F401
import numpy as np
from PIL import Image


def main():
    prepared, output = sys.argv[1:]
    frames = prepared.removesuffix("npz") + "bin"
    with np.load(prepared) as arrays, open(frames, "rb") as data, open(output, "wb") as file:
        colors, boxes, times = (arrays[name] for name in ("colors", "boxes", "milliseconds"))
        bits = max(2, len(colors).bit_length())
        width, height = (int(side) for side in boxes[0, 2:])
        file.write(struct.pack("<6sHHBBB", b"GIF89a", width, height, 0xF0 | (bits - 1), 0, 0))
        file.write(colors.tobytes().ljust(3 << bits, b"\0") + b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")
        for place, ((left, top, right, bottom), time) in enumerate(zip(boxes.tolist(), times.tolist(), strict=True)):
            columns, rows = right - left, bottom - top
            image = Image.frombuffer("P", (columns, rows), data.read(rows * columns), "raw", "P", 0, 1)
            control = struct.pack("<3sBHBx", b"!\xf9\x04", 4 | bool(place), time // 10, place and len(colors))
            file.write(control + struct.pack("<sHHHHBB", b",", left, top, columns, rows, 0, bits))
            file.write(image.tobytes("gif", "P", bits) + b"\0")
        file.write(b";")
        print(json.dumps(arrays["result"].tolist()))


if __name__ == "__main__":
    main()
