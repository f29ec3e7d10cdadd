"""A folder for any web host: a figure with a form, all combinations of a few parameters' values made beforehand."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from cnnviz.errors import CnnvizError, UsageError
from cnnviz.export import formats
from cnnviz.export.html import document
from cnnviz.files import whole_file
from cnnviz.limits import TWEEN
from cnnviz.parameters import jsonable, parameters_of, quote, to_cli
from cnnviz.pipeline import Figure, make, named
from cnnviz.studio.words import form_schema, words
from cnnviz.words.plain import spoken, tag_of

PAGE = "index.html"
MOST_FIGURES, MOST_BYTES = 200, 5_000_000
"""What a folder may hold."""

_PARTS = Path(__file__).with_name("studio")


def write_shared(scene: str, given: Mapping[str, Any], vary: Mapping[str, Sequence[str]], folder: Path) -> Path:
    """Write `index.html` and a page a figure into `folder`; raises UsageError, CnnvizError.

    `vary` names the parameters of the form and the values of each; combinations that cannot be say why.
    """
    cls, vary = named(scene, vary)
    if (count := math.prod(map(len, vary.values()))) > MOST_FIGURES:
        raise UsageError(f"{count} combinations are too many: vary fewer values, at most {MOST_FIGURES} combinations")
    if folder.is_file() or folder.suffix[1:] in formats() or folder.name == "-":
        raise UsageError(f"{folder} is no folder: give one, such as -o page/")
    index = folder / PAGE
    if index.is_file() and 'id="shared">' not in index.read_text(encoding="utf-8", errors="replace"):
        raise UsageError(f"{index} is a page that share did not write: give another folder")
    declared = {p.name: p for p in parameters_of(cls)}
    if unknown := [name for name in vary if name not in declared]:
        raise UsageError(f"--vary {unknown[0]} changes how a figure looks: vary one of {', '.join(declared)}")
    if twice := [name for name in vary if name in given]:
        raise UsageError(f"--vary {twice[0]} and {declared[twice[0]].option} are both given: leave one of them out")
    shown = {name: [to_cli(declared[name].check(value)) for value in values] for name, values in vary.items()}
    figures, pages, board, size = [], {}, None, 0
    for number, values in enumerate(itertools.product(*shown.values()), 1):
        combination = dict(zip(shown, values, strict=True))
        try:
            figure = make(scene, **{**given, **combination})
            pages[file := f"figure-{number}.html"] = _page(figure)
        except UsageError as error:
            remedy = {name: jsonable(value) for name, value in error.remedy.items() if name in shown}
            told = {"message": str(error), "parameter": error.parameter, "remedy": remedy}
            figures.append({"values": combination, **told})
            continue
        if (size := size + len(pages[file].encode("utf-8"))) > MOST_BYTES:
            raise CnnvizError(
                f"{number} of {count} figures have {size} bytes already, and a folder holds {MOST_BYTES}: "
                "vary fewer values, or make the figure smaller"
            )
        board = board or figure.storyboard()
        alt, command = figure.alt(file), figure.command()
        figures.append({"values": combination, "file": file, "alt": alt, "command": command})
    if board is None:
        raise UsageError(f"no combination can be: {figures[0]['message']}")
    schema = form_schema(scene, board.lang)
    schema["properties"] = {name: _property(schema["properties"][name], values) for name, values in shown.items()}
    shared = {"schema": schema, "figures": figures, "words": words(board.lang)}
    pages[PAGE] = _index(spoken(board.title), tag_of(board.lang), shared)
    for name, page in pages.items():
        with whole_file(folder / name) as file_:
            file_.write(page.encode("utf-8"))
    return index


def varied(text: str) -> tuple[str, list[str]]:
    """A parameter and its values from `s=1,2,3`; raises UsageError."""
    name, _, values = text.partition("=")
    found = list(dict.fromkeys(value.strip() for value in values.split(",") if value.strip()))
    if not name.strip() or len(found) < 2:
        raise UsageError(f"--vary {quote(text)} is no choice: give a parameter and two values or more, as in s=1,2,3")
    return name.strip(), found


def _page(figure: Figure) -> str:
    job = figure.job()
    return document(job, job.film(TWEEN))


def _property(declared: Mapping[str, Any], values: Sequence[str]) -> dict[str, Any]:
    """A field with these choices, the first of which is the usual one."""
    return {"description": declared["description"], "group": "Operation", "enum": list(values), "default": values[0]}


def _index(title: str, lang: str, shared: Mapping[str, Any]) -> str:
    script = _part("form.js").replace("export const", "const") + _part("share.js")
    text = json.dumps(shared, ensure_ascii=False).replace("</", "<\\/").replace("<!", "\\u003c!")
    filled = {"lang": escape(lang), "title": escape(title), "css": _part("form.css"), "shared": text, "script": script}
    page = _part("share.html")
    for name, part in filled.items():
        page = page.replace("{{" + name + "}}", part)
    return page


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")
