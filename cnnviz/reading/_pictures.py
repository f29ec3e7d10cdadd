"""GIF, PNG, APNG and WebP, by Pillow; every frame is decoded, so that a file that is cut short is noticed."""

from __future__ import annotations

import re
import warnings
from typing import Any, BinaryIO

from PIL import Image, ImageSequence

from cnnviz.reading._metadata import KEYS, CorruptFileError, FileMetadata, marked

_XMP = {
    "Comment": r"<dc:source>([^<]*)<",
    "Software": r"<xmp:CreatorTool>([^<]*)<",
    "Title": r"<dc:title><rdf:Alt><rdf:li[^>]*>([^<]*)<",
    "Description": r"<iptc:AltTextAccessibility><rdf:Alt><rdf:li[^>]*>([^<]*)<",
    "Caption": r"<dc:description><rdf:Alt><rdf:li[^>]*>([^<]*)<",
}
# The command is a GIF's first comment, the other texts are lines of the second; Pillow puts a line break between them.
_NEXT_TEXT = re.compile(rf"\n(?=(?:{'|'.join(KEYS)}): )")


def picture(file: BinaryIO) -> FileMetadata:
    """A picture that Pillow can read."""
    try:
        # A contact sheet may have more pixels than Pillow warns of.
        with warnings.catch_warnings(action="ignore"), Image.open(file, formats=("GIF", "PNG", "WEBP")) as image:
            times = [_loaded(frame).info.get("duration", 0) for frame in ImageSequence.Iterator(image)]
            # Only an animated PNG says whether it loops.
            animated = image.format == "PNG" and "loop" in image.info
            name = "apng" if animated else str(image.format).lower()
            return FileMetadata(
                format=name, texts=_texts(image), size=image.size, frames=len(times), milliseconds=round(sum(times))
            )
    except Exception:
        raise CorruptFileError("is a broken picture, or cut short") from None


def _loaded(frame: Any) -> Any:
    frame.load()
    return frame


def _texts(image: Any) -> dict[str, str]:
    if image.format == "PNG":
        return {key: str(text) for key, text in image.text.items() if key in KEYS}
    if image.format == "WEBP":
        return marked(image.info.get("xmp", b"").decode("utf-8", "surrogateescape"), _XMP)
    if "comment" not in image.info:
        return {}
    comment = image.info["comment"].decode("utf-8", "surrogateescape")
    command, *others = _NEXT_TEXT.split(comment)
    return {"Comment": command} | dict(line.split(": ", 1) for line in others)
