"""The page's own words, in English and as a language has them."""

from __future__ import annotations

from typing import Any

from cnnviz.schema import scene_schema
from cnnviz.words.language import load_language
from cnnviz.words.plain import phrase


def words(lang: str) -> dict[str, str]:
    """What a language has instead of English phrases; raises UsageError."""
    language = load_language(lang)
    return dict(language.phrases) if language else {}


def form_schema(scene: str, lang: str) -> dict[str, Any]:
    """The schema of a scene with what its form says in a language; raises UsageError."""
    found = scene_schema(scene)
    for each in found["properties"].values():
        each |= {key: phrase(lang, each[key]) for key in ("description", "usual") if key in each}
    return found
