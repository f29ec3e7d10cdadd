"""The manifest: the list of an output folder's figures, with their alt texts and checksums."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from cnnviz.batch.entries import MANIFEST, Entry

Record = dict[str, Any]

_KEYS = {"file", "bytes", "sha256", "section", "title", "caption", "alt", "command"}
_KEYS |= {"width", "height", "steps", "milliseconds"}


def read_manifest(out: Path) -> dict[str, Record]:
    """The records of an output folder by file, in the order of the sets; none where there is no manifest."""
    try:
        table = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        return {record["file"]: record for record in table["figures"] if record.keys() >= _KEYS}
    except Exception:
        return {}


def files_of(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The files of a record, each with its size and checksum."""
    return [record, *record.get("also", ())]


def is_intact(record: Mapping[str, Any], out: Path) -> bool:
    """Whether the files of a record are there with the recorded content.

    Content, not time: times differ between runs and would make the manifest differ too.
    """
    try:
        return all(content_digest(out / one["file"]) == one["sha256"] for one in files_of(record))
    except OSError:
        return False


def content_digest(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's content; raises OSError."""
    with open(path, "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def update_manifest(out: Path, entries: Sequence[Entry], made: Mapping[str, Record], failed: Collection[str]) -> None:
    """Add what was made, in the order of the sets and before the figures of other sets; raises CnnvizError.

    Records of failed figures go; captions and sections follow the sets even where a figure was up to date.
    """
    from cnnviz.files import whole_file

    known = read_manifest(out)
    now = {file: record for file, record in {**known, **made}.items() if file not in failed}
    records = [
        {**now[one.file], "name": one.name, "section": one.section, "caption": one.caption}
        for one in entries
        if one.file in now
    ]
    ours = {file for one in entries for file in one.files}
    records += [
        record
        for record in known.values()
        if ours.isdisjoint(file["file"] for file in files_of(record)) and (out / record["file"]).is_file()
    ]
    if records != list(known.values()) or not (out / MANIFEST).is_file():
        text = json.dumps({"figures": records}, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        with whole_file(out / MANIFEST) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
