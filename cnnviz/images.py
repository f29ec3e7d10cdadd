"""A picture file as grey levels, cut and shrunk to a grid; whatever the file holds, a mistake is one line."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from cnnviz import limits
from cnnviz.errors import UsageError
from cnnviz.locking import synchronized
from cnnviz.parameters import Size

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

    Grid = npt.NDArray[np.float64]

# Pillow's other formats stay out: some run foreign programs, and no user means them.
_IMAGE_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
_PPM_HEADER = 4096


def read_grey(file: BinaryIO, subject: str, size: Size) -> Grid:
    """Grey levels 0..255 of an image's first frame, its middle cut to the aspect of `size` and averaged down."""
    from PIL import Image

    grey = _grey(_decoded(file, subject), subject)
    rows, columns = size
    scale = min(grey.width / columns, grey.height / rows)
    left, top = max(0.0, (grey.width - columns * scale) / 2), max(0.0, (grey.height - rows * scale) / 2)
    middle = (left, top, grey.width - left, grey.height - top)
    # Box averages: sharper filters overshoot at edges and invent levels that the image does not have.
    return np.array(grey.resize((columns, rows), Image.Resampling.BOX, box=middle), dtype=np.float64)


# Which warnings are shown is one setting for all threads.
@synchronized
def _decoded(file: BinaryIO, subject: str) -> Image.Image:
    # Pillow itself rather than imageio, which decodes the pixels before it tells how many there are.
    from PIL import Image, ImageOps, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if file.read(1) == b"P":
                # Pillow reads a PPM's header byte by byte, however long its comments are: it gets the beginning first.
                file.seek(0)
                Image.open(io.BytesIO(file.read(_PPM_HEADER)), formats=("PPM",))
            file.seek(0)
            image = Image.open(file, formats=_IMAGE_FORMATS)
            if image.width * image.height <= limits.MAX_IMAGE_PIXELS:
                image.load()
                ImageOps.exif_transpose(image, in_place=True)
                return image
        except Image.DecompressionBombError:
            pass
        except UnidentifiedImageError as error:
            raise UsageError(f"{subject} is no image: its content is none of {', '.join(_IMAGE_FORMATS)}") from error
        except Exception as error:
            raise UsageError(f"{subject} is cut short or damaged: save the image again") from error
    raise UsageError(f"{subject} has more than {limits.MAX_IMAGE_PIXELS} pixels: make the image smaller")


def _grey(image: Image.Image, subject: str) -> Image.Image:
    """Rec. 601 luma, transparency over white."""
    from PIL import Image

    if image.mode.startswith("I"):
        levels = np.asarray(image)
        if levels.min() >= 0 and levels.max() <= 0xFFFF:
            # Pillow would clip 16 bits to 8, not scale them.
            return Image.fromarray((levels // 257).astype(np.uint8))
    if image.mode.startswith(("I", "F", "LAB")):
        raise UsageError(f"{subject} has pixels of Pillow's mode {image.mode}: save it as 8-bit grey or RGB")
    if not image.has_transparency_data:
        return image.convert("L")
    image = image.convert("RGBA")
    white = Image.new("L", image.size, 255)
    white.paste(image.convert("L"), mask=image.getchannel("A"))
    return white
