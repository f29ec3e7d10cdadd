"""Which font file has a sign: matplotlib's own DejaVu Sans, and for Chinese and the like one that the machine has."""

from __future__ import annotations

import importlib.util
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from cnnviz.errors import CnnvizError
from cnnviz.installation import install_hint
from cnnviz.render.mpl import OWN_FONTS, FT2Font, open_font, system_fonts

Face = tuple[str, int]
"""A font file and the index of the face in it, 0 but for collections."""

# matplotlib's own files, wherever it runs: the same figure has the same bytes whatever fonts a machine has.
_REGULAR, _BOLD = (str(OWN_FONTS / "DejaVuSans.ttf"), 0), (str(OWN_FONTS / "DejaVuSans-Bold.ttf"), 0)

# Files of the first kind that is there serve; each with the beginnings of its regular and its bold files' names.
_KINDS = (
    ("notosanscjk-regular", "notosanscjk-bold"),
    ("notosanscjksc-regular", "notosanscjksc-bold"),
    ("sourcehansanssc-regular", "sourcehansanssc-bold"),
    ("sourcehansanscn-regular", "sourcehansanscn-bold"),
    ("sourcehansans-regular", "sourcehansans-bold"),
    ("notosanssc-regular", "notosanssc-bold"),
    ("pingfang", "pingfang"),
    ("hiragino sans gb", "hiragino sans gb"),
    ("msyh.", "msyhbd."),
    ("wqy-microhei", "wqy-microhei"),
    ("wqy-zenhei", "wqy-zenhei"),
    ("simhei", "simhei"),
    ("droidsansfallback", "droidsansfallback"),
    ("stheiti medium", "stheiti medium"),
    ("simsun", "simsun"),
    ("arial unicode", "arial unicode"),
)
# Packages that ship a font: the extra `cjk`, and one that matplotlib's users often have.
_PACKAGED = (("noto_cjk_sans_otc", "."), ("mplfonts", "fonts"))
_SIMPLIFIED = ("SC", "GB", "CN")


@lru_cache(maxsize=4096)
def font_of(sign: str, bold: bool = False) -> Face:
    """The font that draws a sign: DejaVu Sans where it can; raises CnnvizError where no font can."""
    own = _BOLD if bold else _REGULAR
    return own if _has(own, sign) else _fallback(sign, bold)


def open_face(face: Face) -> FT2Font:
    """The font of a face; of no certain size."""
    return open_font(*face)


def is_fallback(face: Face) -> bool:
    """Whether a face is none of matplotlib's own."""
    return face not in (_REGULAR, _BOLD)


def lacks_weight(face: Face, bold: bool) -> bool:
    """Whether bold is wanted of a face that is not: it is then to be drawn thicker."""
    stem = Path(face[0]).stem.lower()
    return bold and is_fallback(face) and not any(word in stem for word in ("bold", "bd", "heavy"))


def is_wide(sign: str) -> bool:
    """Whether a sign takes a square, as those of Chinese do: a line may break beside it."""
    return sign > "\u10ff" and unicodedata.east_asian_width(sign) in "WF"


@lru_cache(maxsize=4096)
def _fallback(sign: str, bold: bool) -> Face:
    for face in (*_found(bold), *_found(False)):
        if _has(face, sign):
            return face
    for path in _files():
        # The colours of such fonts could not be drawn.
        other = None if "emoji" in path.name.lower() else _readable(path)
        if other and _has(other, sign):
            return other
    help_ = "leave it out"
    if is_wide(sign) and unicodedata.category(sign) != "So":
        help_ = f"{install_hint('cnnviz[cjk]')}, or install a font such as Debian's fonts-noto-cjk"
    raise CnnvizError(f"no font here has the sign {sign} (U+{ord(sign):04X}): {help_}")


@lru_cache(maxsize=2)
def _found(bold: bool) -> tuple[Face, ...]:
    """The fonts for Chinese that are here, the best first."""
    files = _files()
    chosen = [path for kind in _KINDS for path in files if path.name.lower().startswith(kind[int(bold)])]
    return tuple(face for path in chosen if (face := _readable(path)))


@lru_cache(maxsize=1)
def _files() -> tuple[Path, ...]:
    """The font files of the machine and of packages, by name."""
    return tuple(sorted((*map(Path, system_fonts()), *_packaged()), key=lambda path: (path.name, str(path))))


def _packaged() -> Iterator[Path]:
    for package, folder in _PACKAGED:
        spec = importlib.util.find_spec(package)
        for place in spec.submodule_search_locations or () if spec else ():
            yield from (path for path in (Path(place) / folder).iterdir() if path.suffix in (".ttc", ".otf", ".ttf"))


def _readable(path: Path) -> Face | None:
    """A file's face for simplified Chinese, or its first; None where it cannot be read or drawn at any size."""
    try:
        first = open_font(str(path))
        if not first.scalable:
            return None
        for index in range(first.num_faces if first.num_faces > 1 else 0):
            if open_font(str(path), index).family_name.rpartition(" ")[2] in _SIMPLIFIED:
                return str(path), index
    except (OSError, RuntimeError, ValueError):
        return None
    return str(path), 0


def _has(face: Face, sign: str) -> bool:
    return open_face(face).get_char_index(ord(sign)) != 0
