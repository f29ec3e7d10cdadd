"""A language: templates for the English texts of figures, and how a text is put together from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_TITLE
from cnnviz.mathtext import check_nesting
from cnnviz.parameters import quote
from cnnviz.toml import read_toml

_FOLDER = Path(__file__).parent / "languages"
_NAMES = Path(__file__).parent / "names.toml"
_KEYS = {"name", "code", "extends", "keep", "signs", "formulas", "texts", "phrases"}

_GAP = re.compile(r"\{(n|size|math|strong|any|text|parts|names)\d*\}")
KINDS = {
    "n": r"[−-]?\d+(?:\.\d+)?(?:e[−+-]?\d+)?(?:·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?",
    "size": r"[−-]?\d+(?:×[−-]?\d+)*",
    "math": r"\$[^$]+\$",
    "strong": r"\*\*.+?\*\*",
    "any": r".+?",
    "text": r".+?",
    "parts": r".+?",
    "names": r".+?",
}  # fmt: skip
"""What may stand in a template's gap, by the gap's kind: one part in `any` and `text`, several in `parts`."""

_MOST_KNOWN = 20_000
_LOOSE = ("{text", "{any", "{parts", "{names")
_FORMULA = re.compile(r"\$[^$]+\$")
_WORD = re.compile(r"[A-Za-z]{2,}")
_CLOSED = re.compile(r"\$[^$]+\$|\*\*.+?\*\*|\([^()]*\)|\[[^][]*\]|\|[^|]*\|")
# Where a text is taken apart, the coarsest first: lines, settings, sentences, clauses.
_JOINTS = tuple(map(re.compile, (r"\n", r"[,;:]? {2,}", r"\. (?=\w)", r"; ", r", ", r": ")))
_JOINT = re.compile("|".join(joint.pattern for joint in _JOINTS))
_STRONG = re.compile(r"\*\*(.+?)\*\*")
# No blank between two of Chinese's signs: its words have none.
_SQUARE = r"[\u3000-\u303f\u4e00-\u9fff\uff01-\uff60]"
_BLANK_WITHIN = re.compile(f"(?<={_SQUARE}) (?={_SQUARE})")


@dataclass(frozen=True)
class _Template:
    english: str
    pattern: re.Pattern[str]
    literal: str
    result: str

    @classmethod
    def of(cls, english: str, result: str) -> _Template:
        pieces = _GAP.split(english)
        gaps = [gap[0][1:-1] for gap in _GAP.finditer(english)]
        pattern = re.escape(pieces[0])
        for gap, kind, after in zip(gaps, pieces[1::2], pieces[2::2], strict=True):
            pattern += f"(?P<{gap}>{KINDS[kind]})" + re.escape(after)
        return cls(english, re.compile(pattern, re.DOTALL), max(pieces[::2], key=len), result)

    def match(self, text: str) -> dict[str, str] | None:
        """What stands in the gaps; None where the text is another one."""
        match = self.pattern.fullmatch(text)
        if match is None:
            return None
        found = match.groupdict()
        for gap, value in found.items():
            joints = set(_JOINT.findall(_masked(value)))
            if joints - ({", "} if gap.startswith("names") else set()) and not gap.startswith("parts"):
                return None
        return found


@dataclass
class Language:
    """Puts English texts into another language; what it does not know stays, and is noted in `missing`.

    `used` are the templates that it has needed.
    """

    code: str
    name: str
    keep: frozenset[str]
    signs: Mapping[str, str]
    formulas: Mapping[str, str]
    texts: Mapping[str, str]
    phrases: Mapping[str, str]
    missing: dict[str, None] = field(default_factory=dict)
    used: dict[str, None] = field(default_factory=dict)
    _known: dict[str, str] = field(default_factory=dict)
    _templates: tuple[_Template, ...] = ()
    _kept: re.Pattern[str] = _FORMULA

    def __post_init__(self) -> None:
        names = "|".join(re.escape(name) for name in sorted(self.keep, key=len, reverse=True))
        self._kept = re.compile(rf"{_FORMULA.pattern}|(?<![A-Za-z_])(?:{names})(?![A-Za-z_])")
        given = [english for english in self.texts if _GAP.search(english)]
        # The closest first: with the most of its own words, and the fewest gaps that take any.
        given.sort(key=lambda text: (-len(_GAP.sub("", text)), sum(text.count(loose) for loose in _LOOSE)))
        self._templates = tuple(_Template.of(english, self.texts[english]) for english in given)

    def __call__(self, text: str) -> str:
        """A text in this language."""
        if (known := self._known.get(text)) is None:
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            wordy = text in self.texts or self.has_words(text)
            known = _BLANK_WITHIN.sub("", self._translated(text)) if wordy else text
            known = self._known[text] = self._formulas(known)
        return known

    def has_words(self, text: str) -> bool:
        """Whether a text holds words, formulas and what is kept in every language left out."""
        return bool(_WORD.search(text)) and bool(_WORD.search(self._kept.sub("", text)))

    def _formulas(self, text: str) -> str:
        for english, result in self.formulas.items():
            text = text.replace(english, result)
        return text

    def _translated(self, text: str) -> str:
        if text in self.texts:
            self.used[text] = None
            return self.texts[text]
        if text.endswith("."):
            return self._ended(text)
        for template in self._templates:
            if template.literal in text and (found := template.match(text)):
                self.used[template.english] = None
                return self._filled(template.result, found)
        for joint in _JOINTS:
            if parts := _parted(text, joint):
                return self._joined(parts)
        if not self.has_words(_STRONG.sub("", text)):
            return _STRONG.sub(lambda match: f"**{self(match[1])}**", text)
        if text.endswith((":", ",")):
            return self._ended(text)
        self.missing[text] = None
        return text

    def _ended(self, text: str) -> str:
        """A text with a sign at its end."""
        done = self(text[:-1])
        return text if done == text[:-1] else done + self.signs.get(text[-1], text[-1])

    def _filled(self, result: str, found: Mapping[str, str]) -> str:
        def gap(match: re.Match[str]) -> str:
            value = found[match[0][1:-1]]
            if match[1] == "names":
                return self.signs.get("names", ", ").join(map(self, value.split(", ")))
            return value if match[1] in ("n", "size", "math", "any") else self(value)

        return _GAP.sub(gap, result)

    def _joined(self, parts: list[str]) -> str:
        """Parts at even places, what stands between them at odd ones; where no part is known, as they stand."""
        done = [self(part) for part in parts[::2]]
        if done == parts[::2]:
            return "".join(parts)
        for place, part in enumerate(parts):
            if place % 2:
                sign, blanks = part.rstrip(" "), part[len(part.rstrip(" ")) :]
                done.insert(place, self.signs.get(part) or self.signs.get(sign, sign) + blanks)
        return "".join(done)


def _parted(text: str, joint: re.Pattern[str]) -> list[str]:
    """The parts of a text and the joints between them, outside of formulas, parentheses and strong parts."""
    parts, end = [], 0
    for match in joint.finditer(_masked(text)):
        if match.start() > end:
            parts += [text[end : match.start()], text[match.start() : match.end()]]
            end = match.end()
    return [*parts, text[end:]] if parts else []


def _masked(text: str) -> str:
    """A text with blots for what is taken as a whole."""
    masked, before = text, ""
    while masked != before:
        masked, before = _CLOSED.sub(lambda match: "\0" * len(match[0]), masked), masked
    return masked


def languages() -> dict[str, str]:
    """The languages that come with cnnviz beside English, by code, with their own names."""
    return {file.stem: str(_read(file)["name"]) for file in sorted(_FOLDER.glob("*.toml"))}


def load_language(lang: str) -> Language:
    """A language by its code, or from a TOML file, read anew only where that has changed; raises UsageError."""
    with suppress(OSError):
        return _loaded(lang, Path(lang).expanduser().stat().st_mtime_ns if lang.endswith(".toml") else 0)
    return read_language(lang)


@lru_cache(maxsize=8)
def _loaded(lang: str, changed: int) -> Language:
    return read_language(lang)


def read_language(lang: str) -> Language:
    """As `load_language`, without what has been put into it before."""
    path = _FOLDER / f"{lang}.toml"
    if lang.endswith(".toml"):
        path = Path(lang).expanduser()
    elif lang not in languages():
        known = ", ".join(("en", *languages()))
        raise UsageError(f"--lang {quote(lang)} is not known: choose from {known}, or give a .toml file of your own")
    return _made(path, _merged(path))


def _made(path: Path, data: Mapping[str, Any]) -> Language:
    names = _read(_NAMES)["keep"]
    return Language(
        code=str(data.get("code", path.stem)), name=str(data.get("name", path.stem)),
        keep=frozenset([*names, *data.get("keep", ())]), signs=data.get("signs", {}),
        formulas=data.get("formulas", {}), texts=_given(data, "texts"), phrases=_given(data, "phrases"),
    )  # fmt: skip


def _given(data: Mapping[str, Any], table: str) -> dict[str, str]:
    """The entries of a table that are filled in."""
    return {english: result for english, result in data.get(table, {}).items() if result}


def _merged(path: Path) -> dict[str, Any]:
    data = _read(path)
    if "extends" not in data:
        return data
    if data["extends"] not in languages():
        raise UsageError(f"{path}: extends {quote(data['extends'])} is not known: choose from {', '.join(languages())}")
    base = _read(_FOLDER / f"{data['extends']}.toml")
    merged = {**base, **data, "keep": [*base.get("keep", ()), *data.get("keep", ())]}
    for table in ("signs", "formulas", "texts", "phrases"):
        merged[table] = {**base.get(table, {}), **data.get(table, {})}
    return merged


def _read(path: Path) -> dict[str, Any]:
    """A language file, checked; raises UsageError."""
    data = read_toml(path, f"language file {path}")
    for key in sorted(data.keys() - _KEYS):
        raise UsageError(f"language file {path}: {key} is not known: choose from {', '.join(sorted(_KEYS))}")
    for table in ("signs", "formulas", "texts", "phrases"):
        _check_table(path, table, data.get(table, {}))
    keep = data.get("keep", [])
    if not isinstance(keep, list) or not all(isinstance(word, str) for word in keep):
        raise UsageError(f"language file {path}: keep is not a list of words")
    return data


def _check_table(path: Path, table: str, entries: object) -> None:
    if not isinstance(entries, dict):
        raise UsageError(f"language file {path}: {table} is not a table")
    for english, result in entries.items():
        if not isinstance(result, str):
            raise UsageError(f"language file {path}: {quote(english)} is not given as a text")
        for text in (english, result):
            where = f"language file {path}: {quote(text)}"
            if len(text) > MAX_TITLE:
                raise UsageError(f"{where} has {len(text)} characters: use at most {MAX_TITLE}")
            check_nesting(text, where)
        gaps, used = _names(english), _names(result)
        if gaps and not _GAP.sub("", english).strip():
            raise UsageError(f"language file {path}: {quote(english)} has no words of its own: give it some")
        if len(set(gaps)) < len(gaps):
            raise UsageError(f"language file {path}: {quote(english)} names a gap twice: number them, such as {{n2}}")
        if table == "texts" and (stray := sorted(set(used) - set(gaps))):
            raise UsageError(f"language file {path}: {quote(result)} has the gap {stray[0]}, which its English has not")


def _names(text: str) -> list[str]:
    return [gap[0] for gap in _GAP.finditer(text)]
