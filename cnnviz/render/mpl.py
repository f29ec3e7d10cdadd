"""matplotlib's parts that cnnviz draws with, under the same names in all its releases since 3.8.

They are imported and used so that a user's backend, style or matplotlibrc, broken or not, cannot matter.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # A setting that matplotlib does not know, or a folder it cannot write, is of no concern to a figure.
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _unset(variable: str) -> Iterator[None]:
    value = os.environ.pop(variable, None)
    try:
        yield
    finally:
        if value is not None:
            os.environ[variable] = value


def _import_matplotlib() -> None:
    """Import matplotlib with the user's settings, since the user may plot too; without them where they are broken."""
    with _quiet():
        try:
            import_module("matplotlib")
        except Exception:
            spec = find_spec("matplotlib")
            if spec is None or spec.origin is None:
                raise
            for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
                del sys.modules[name]
            # The matplotlibrc of the working folder comes before all others: here it is matplotlib's own.
            with _unset("MPLBACKEND"), contextlib.chdir(Path(spec.origin).with_name("mpl-data")):
                import_module("matplotlib")
        import_module("matplotlib.font_manager")


_import_matplotlib()

import matplotlib  # noqa: E402
from matplotlib import ft2font  # noqa: E402
from matplotlib._mathtext_data import latex_to_bakoma as TEX_SYMBOLS  # noqa: E402, N812
from matplotlib.font_manager import FontProperties, get_font  # noqa: E402
from matplotlib.font_manager import findSystemFonts as system_fonts  # noqa: E402, N813
from matplotlib.ft2font import FT2Font  # noqa: E402
from matplotlib.path import Path as Outline  # noqa: E402
from matplotlib.transforms import Affine2D  # noqa: E402

try:
    # `backend_agg` costs more to import than all that is used here: it brings widgets, patches and collections.
    from matplotlib.backends._backend_agg import RendererAgg  # type: ignore[attr-defined]
except ImportError:
    from matplotlib.backends.backend_agg import RendererAgg

try:
    from matplotlib.font_manager import FontPath
except ImportError:
    # Before 3.11.
    FontPath = None  # type: ignore[assignment,misc]

__all__ = [
    "FORCE_AUTOHINT",
    "KERNING_DEFAULT",
    "KERNING_UNFITTED",
    "LOAD_DEFAULT",
    "NO_HINTING",
    "NO_SCALE",
    "OWN_FONTS",
    "RENDER_NORMAL",
    "TARGET_LIGHT",
    "TEX_SYMBOLS",
    "Affine2D",
    "FT2Font",
    "FontProperties",
    "Outline",
    "RendererAgg",
    "backend_renderer",
    "formula_glyphs",
    "formula_parser",
    "nice_ticks",
    "open_font",
    "plain_style",
    "system_fonts",
]


def _constant(kind: str, prefix: str, name: str) -> Any:
    # Enumerations since 3.10.
    return getattr(getattr(ft2font, kind), name) if hasattr(ft2font, kind) else getattr(ft2font, f"{prefix}_{name}")


LOAD_DEFAULT = _constant("LoadFlags", "LOAD", "DEFAULT")
FORCE_AUTOHINT = _constant("LoadFlags", "LOAD", "FORCE_AUTOHINT")
NO_HINTING = _constant("LoadFlags", "LOAD", "NO_HINTING")
NO_SCALE = _constant("LoadFlags", "LOAD", "NO_SCALE")
TARGET_LIGHT = _constant("LoadFlags", "LOAD", "TARGET_LIGHT")
KERNING_DEFAULT = _constant("Kerning", "KERNING", "DEFAULT")
KERNING_UNFITTED = _constant("Kerning", "KERNING", "UNFITTED")

RENDER_NORMAL = getattr(getattr(ft2font, "RenderMode", None), "NORMAL", None)
"""How glyphs are drawn one by one, since 3.11; None before."""

OWN_FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"

# What matplotlib's mathtext, paths and Agg read of the user's style.
_STYLE = (
    "agg.path.chunksize",
    "axes.autolimit_mode",
    "mathtext.default",
    "path.simplify",
    "path.simplify_threshold",
    "text.hinting",
)


def open_font(path: str, index: int = 0) -> FT2Font:
    """The font of a file; before 3.11 matplotlib opens the first of a collection only."""
    if FontPath is None:
        # The factor would stretch widths.
        return get_font(path, hinting_factor=1)  # type: ignore[call-arg]
    return get_font(FontPath(path, index)) if index else get_font(path)


def backend_renderer(width: int, height: int, dpi: float) -> Any:
    """matplotlib's whole renderer, for what its compiled part alone does not draw."""
    from matplotlib.backends.backend_agg import RendererAgg as Backend

    return Backend(width, height, dpi)


def nice_ticks(lo: float, hi: float, bins: int, least: int) -> Any:
    """Round numbers from `lo` to `hi`, at most `bins` steps unless these are fewer than `least` numbers."""
    # Only plots need it.
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=bins, steps=[1, 2, 5, 10], min_n_ticks=least).tick_values(lo, hi)


@cache
def formula_parser() -> Any:
    """What sets formulas as paths; most figures do without."""
    from matplotlib.mathtext import MathTextParser

    return MathTextParser("path")


def formula_glyphs(formula: Any) -> Iterator[tuple[FT2Font, float, int, int, float, float]]:
    """Font, size, character, glyph number, x and y of each glyph of a formula that `MathTextParser("path")` has set."""
    for font, size, character, *glyph, x, y in formula.glyphs:
        yield font, size, character, glyph[0] if glyph else font.get_char_index(character), x, y


@contextlib.contextmanager
def plain_style() -> Iterator[None]:
    """matplotlib's own style in place of the user's, for as long as it lasts."""
    # matplotlib's types allow the names of settings as literals only.
    settings: Any = matplotlib.rcParams
    defaults: Any = matplotlib.rcParamsDefault
    kept = {key: settings[key] for key in _STYLE}
    plain = {key: defaults[key] for key in _STYLE}
    if kept == plain:
        yield
        return
    settings.update(plain)
    try:
        yield
    finally:
        settings.update(kept)
