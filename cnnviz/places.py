"""Where figures go (`--for`): what each place accepts, as defaults that explicit options override.

`docs/places.md` gives the source of every limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from cnnviz.record import Record


class Place(Record, kw_only=True):
    """A destination: its format, the defaults that replace `Appearance`'s, and advice.

    `max_motion` limits the seconds for which a figure may move without a pause button; `min_step` is how short its
    steps may become to stay within that.
    """

    format: str
    look: Mapping[str, Any]
    advice: str
    max_motion: float | None = None
    min_step: float = 0.0


PLACES: Mapping[str, Place] = MappingProxyType(
    {
        "pptx": Place(
            format="gif",
            # A slide of 16:9 on a projector of 1920×1080; time to speak before it starts again; some figures in a deck
            # must still go through a mail of 20 MB.
            look={"width": 1920, "hold": 4.0, "max_size": "5MB"},
            advice="Insert it as a picture: it plays when the slide appears.",
        ),
        "keynote": Place(
            format="gif",
            # As for PowerPoint. A GIF starts and repeats by itself, a movie only if set to.
            look={"width": 1920, "hold": 4.0, "max_size": "5MB"},
            advice="Drag it onto the slide; an H.264 movie (--format mp4) can be paused, but set it to repeat.",
        ),
        "gslides": Place(
            format="gif",
            # Google Slides refuses pictures over 50 MB or 25 megapixels; 1280×720 keeps 27 frames below these even if
            # all of them count, and slides are edited and shown in a browser.
            look={"width": 1280, "hold": 4.0, "max_size": "50MB"},
            advice="Insert > Image > Upload from computer: it plays in the editor, too.",
        ),
        "github": Place(
            format="gif",
            # A README's column takes 1012 px at most; GitHub's image proxy passes 5 MiB (attachments: 10 MB).
            look={"width": 960, "max_size": "5MB"},
            advice="Commit it and write ![alt text](path), or drag it into an issue.",
        ),
        "pypi": Place(
            format="gif",
            # The same proxy with the same limit.
            look={"width": 960, "max_size": "5MB"},
            advice="PyPI shows only what has a full address: link the file with https://, not by its path.",
        ),
        "web": Place(
            format="webp",
            # WCAG 2.2.2: what moves for more than five seconds must be pausable, and a picture cannot be; played once,
            # the last step stays without being held. Shorter steps than a fifth of a second cannot be followed. One
            # megabyte loads within a second on a common line.
            look={"once": True, "hold": 0.2, "max_size": "1MB"},
            advice="Give the page the alt text as well: <img src=… alt=…>.",
            max_motion=4.7,
            min_step=0.2,
        ),
        "print": Place(
            format="pdf",
            # 160 mm, the text's width on A4, at 300 dots an inch: 160 / 25.4 · 300.
            look={"theme": "print", "width": 1890},
            advice="Vectors stay sharp at any size; as pixels (--format png) it has 300 dpi at 160 mm.",
        ),
    }
)
"""Places by the names that `--for` takes."""
