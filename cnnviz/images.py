"""A picture file as grey levels or three channels, cut and shrunk to a grid; any mistake in the file is one line."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_IMAGE_PIXELS, MAX_SIDE
from cnnviz.locking import synchronized
from cnnviz.parameters import Size

if TYPE_CHECKING:
    import numpy.typing as npt

    Grid = npt.NDArray[np.float64]

# Pillow's other formats stay out: some run foreign programs, and no user means them.
_IMAGE_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")


def read_image(file: BinaryIO, subject: str, size: Size | None, *, color: bool = False) -> Grid:
    """Levels 0..255 of an image's first frame, its middle cut to the aspect of `size` and averaged down.

    Grey ones, (rows, columns), or with `color` red, green and blue ones, (3, rows, columns), of a picture that has any.
    Without a size it is all of it, of at most `MAX_SIDE` pixels a side.
    """
    levels = _decoded(file, subject, color)
    if levels.ndim == 2:
        return _shrunk(levels, size)
    if (levels == levels[..., :1]).all():
        return _shrunk(levels[..., 0], size)
    return np.stack([_shrunk(channel, size) for channel in np.moveaxis(levels, -1, 0)])


def _shrunk(levels: npt.NDArray[np.uint8], size: Size | None) -> Grid:
    from PIL import Image

    grey = Image.fromarray(levels)
    shrunk = min(1.0, MAX_SIDE / max(grey.size))
    rows, columns = size or (max(1, round(grey.height * shrunk)), max(1, round(grey.width * shrunk)))
    scale = min(grey.width / columns, grey.height / rows)
    left, top = max(0.0, (grey.width - columns * scale) / 2), max(0.0, (grey.height - rows * scale) / 2)
    middle = (left, top, grey.width - left, grey.height - top)
    # Box averages: sharper filters overshoot at edges and invent levels that the image does not have.
    return np.array(grey.resize((columns, rows), Image.Resampling.BOX, box=middle), dtype=np.float64)


# Which warnings are shown is one setting for all threads.
@synchronized
def _decoded(file: BinaryIO, subject: str, color: bool) -> npt.NDArray[np.uint8]:
    """Rec. 601 luma, or red, green and blue as a last axis; transparency over white."""
    from imageio.core.imopen import imopen
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # Pillow reads a PPM's header byte by byte, however long its comments are: it gets the beginning first.
            if file.read(1) == b"P":
                Image.open(io.BytesIO(b"P" + file.read(4096)), formats=("PPM",))
            file.seek(0)
            # imageio would decode the pixels before it tells size and mode.
            header = Image.open(file, formats=_IMAGE_FORMATS)
            if header.width * header.height > MAX_IMAGE_PIXELS:
                raise Image.DecompressionBombError
            other = f"{subject} has pixels of Pillow's mode {header.mode}: save it as 8-bit grey or RGB"
            if header.mode.startswith(("F", "LAB")):
                raise UsageError(other)
            opaque = "RGB" if color else "L"
            mode = None if header.mode.startswith("I") else "RGBA" if header.has_transparency_data else opaque
            file.seek(0)
            picture: Any
            with imopen(file, "r", plugin="pillow") as picture:
                levels = picture.read(index=0, mode=mode, rotate=True)
        except UsageError:
            raise
        except Image.DecompressionBombError:
            most = MAX_IMAGE_PIXELS
            raise UsageError(f"{subject} has more than {most} pixels: make the image smaller") from None
        except Exception:
            kinds = ", ".join(_IMAGE_FORMATS)
            raise UsageError(f"{subject} is damaged, or no image: save it as one of {kinds}") from None
    if mode == "RGBA":
        image = Image.fromarray(levels)
        white = Image.new(opaque, image.size, "white")
        white.paste(image.convert(opaque), mask=image.getchannel("A"))
        return np.asarray(white)
    if mode is None:
        if levels.min() < 0 or levels.max() > 0xFFFF:
            raise UsageError(other)
        levels = levels // 257
    return np.asarray(levels, np.uint8)
