"""Single phrases in a language: a player's buttons, a caption's signs."""

from __future__ import annotations

_SAME = {"zh-cn": "zh", "zh-hans": "zh", "zh-hans-cn": "zh", "en-us": "en", "en-gb": "en"}

# What needs TOML and templates is imported only where another language than English is wanted.


def code_of(lang: str) -> str:
    """A language's code as its file is named, where it is written otherwise: `zh_CN`, `EN`; a path as it is."""
    if lang.endswith(".toml"):
        return lang
    code = lang.strip().lower().replace("_", "-")
    return _SAME.get(code, code)


def phrase(lang: str, english: str) -> str:
    """A phrase of a player, a deck or a caption in a language; the English one where that has none."""
    if (code := code_of(lang)) == "en":
        return english
    from cnnviz.wording.language import load_language

    language = load_language(code)
    return language.phrases.get(english) or language.signs.get(english) or english


def tag_of(lang: str) -> str:
    """The tag by which web pages and screen readers know a language, such as `zh`."""
    if (code := code_of(lang)) == "en":
        return code
    from cnnviz.wording.language import load_language

    return load_language(code).code
