"""Save a presentation without the template's leftovers, and with the same bytes for the same deck."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pptx.presentation import Presentation

# The earliest date of a zip file.
_NO_DATE = 1980, 1, 1, 0, 0, 0
_LEFTOVERS = ("/thumbnail", "/printerSettings", "/extended-properties")


def save(presentation: Presentation, path: Path) -> None:
    """Write a presentation."""
    for relations in (presentation.part.package._rels, presentation.part.rels):
        for key in [key for key, relation in relations.items() if relation.reltype.endswith(_LEFTOVERS)]:
            relations.pop(key)
    properties = presentation.core_properties
    properties.last_modified_by = properties.comments = ""
    # The template's dates.
    for element in list(properties._element):
        if element.tag.endswith(("}created", "}modified", "}lastModifiedBy", "}description")):
            properties._element.remove(element)
    written = io.BytesIO()
    presentation.save(written)
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _NO_DATE)
            # Pictures are compressed already.
            packed = not name.endswith((".gif", ".png", ".mp4"))
            entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            entry.external_attr = 0o600 << 16
            target.writestr(entry, source.read(name))
