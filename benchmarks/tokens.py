"""Count the tokens of Python by room, without comments and docstrings: `python -m benchmarks.tokens`.

Lines can be crammed, tokens cannot.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
TREES = ("cnnviz", "tests", "benchmarks")

SPINE = (
    "cnnviz/parameters.py",
    "cnnviz/parameters/**/*.py",
    "cnnviz/words/**/*.py",
    "cnnviz/story/**/*.py",
    "cnnviz/storyboard/**/*.py",
    "cnnviz/render/player.py",
    "cnnviz/render/raster*.py",
    "cnnviz/render/panels/cells.py",
    "cnnviz/export/gif.py",
    "cnnviz/scenes/conv.py",
    "cnnviz/scenes/pool.py",
)
"""What has to be read to understand how a figure is made."""

_LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def tokens(source: str) -> int:
    """Count the tokens of a module without comments, docstrings and layout."""
    docstrings = set(_docstring_lines(ast.parse(source)))
    return sum(
        token.type not in _LAYOUT and not (token.type == tokenize.STRING and token.start[0] in docstrings)
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
    )


def _docstring_lines(tree: ast.AST) -> Iterator[int]:
    """The first line of each docstring, of attributes too."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                yield node.lineno


def count(files: Iterable[Path]) -> int:
    """Count the tokens of files."""
    return sum(tokens(file.read_text(encoding="utf-8")) for file in files)


def rooms(tree: str) -> Counter[str]:
    """Count the tokens of each folder of a tree; modules beside them are `top level`."""
    found: Counter[str] = Counter()
    for file in sorted((ROOT / tree).rglob("*.py")):
        folder, *rest = file.relative_to(ROOT / tree).parts
        found[f"{folder}/" if rest else "top level"] += count([file])
    return found


def spine() -> list[Path]:
    """The files of the spine that exist."""
    return sorted({file for pattern in SPINE for file in ROOT.glob(pattern)})


def main() -> None:
    """Print a table of rooms, and the spine file by file."""
    for tree in TREES:
        found = rooms(tree)
        print(f"{tree:30}{found.total():>9,}")
        for room, number in found.most_common():
            print(f"  {room:28}{number:>9,}")
    files = spine()
    print(f"{'spine':30}{count(files):>9,}")
    for file in files:
        print(f"  {file.relative_to(ROOT).as_posix():28}{count([file]):>9,}")


if __name__ == "__main__":
    main()
