"""Files of all kinds, many of them broken, for the cases to name; and what a case has left beside them."""

from __future__ import annotations

import os
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from cnnviz.pipeline import make
from cnnviz.render.theme import THEMES_FOLDER

SET = "set.toml"
MADE = ("gif", "json", "png", "svg", "html", "pdf", "webp", "apng", "mp4", "webm", "zip")
"""Formats of a small figure that is there, for tools that read what was written."""


class Place:
    """A folder with such files; after each case it is as it was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        lay_files(folder)
        self._kept = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        self._seen = {path: _state(path) for path in self._kept}

    def made(self) -> list[Path]:
        """The files that are new or changed, in folders too."""
        files = [Path(at) / name for at, _, names in os.walk(self.folder) for name in names]
        return sorted(file for file in files if file.name != SET and self._seen.get(file) != _state(file))

    def clear(self) -> None:
        """Remove what is new, put back what was changed."""
        for path in self.folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path not in self._kept:
                path.unlink()
        (self.folder / "folder").mkdir()
        for path, data in self._kept.items():
            if not path.is_file() or _state(path) != self._seen[path]:
                path.write_bytes(data)
                self._seen[path] = _state(path)


def _state(path: Path) -> tuple[int, int, int]:
    found = path.lstat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def lay_files(folder: Path) -> None:
    """Write them."""
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(folder / "picture.png")
    (folder / "cut.png").write_bytes((folder / "picture.png").read_bytes()[:50])
    (folder / "bomb.png").write_bytes(_png_header(30_000, 30_000))
    np.save(folder / "array.npy", np.eye(4))
    np.save(folder / "cube.npy", np.ones((2, 3, 3)))
    np.save(folder / "complex.npy", np.ones((2, 2), complex))
    np.save(folder / "pickled.npy", np.array([{"a": 1}], object), allow_pickle=True)
    small, large = b"(4, 4), }" + b" " * 8, b"(40000, 40000), }"
    (folder / "huge.npy").write_bytes((folder / "array.npy").read_bytes().replace(small, large))
    np.savez(folder / "weights.npz", **{"conv1.weight": np.ones((1, 1, 3, 3))})
    (folder / "empty.csv").write_bytes(b"")
    (folder / "text.csv").write_text("a,b\nc,d\n")
    (folder / "ragged.csv").write_text("1,2\n3\n")
    (folder / "numbers.csv").write_text("1,2\n3,4\n")
    (folder / "name with % sign.csv").write_text("1,2\n3,4\n")
    (folder / "words.txt").write_bytes(b"\xff\xfe1 2")
    _lay_words(folder)
    (folder / "folder").mkdir()
    make("conv", i=3, width=320).save_all(folder / "made", MADE)
    data = (folder / "made.gif").read_bytes()
    (folder / "cut.gif").write_bytes(data[: len(data) // 2])
    (folder / "evil.gif").write_bytes(data.replace(b"cnnviz conv --i 3 --k 3", b"cnnviz conv -o ../../x."))
    (folder / "other.gif").write_bytes(data.replace(b"cnnviz conv --i 3 --k 3", b"cnnviz conv --i 0 --q 3"))


def _lay_words(folder: Path) -> None:
    """Themes, a language and figure sets."""
    theme = (THEMES_FOLDER / "article.toml").read_text(encoding="utf-8")
    (folder / "own.toml").write_text(theme, encoding="utf-8")
    (folder / "small.toml").write_text('extends = "dark"\n[page]\naccent = "#E4007C"\n', encoding="utf-8")
    (folder / "bad.toml").write_text(theme.replace("#", "", 40), encoding="utf-8")
    (folder / "words.toml").write_text('name = "Ours"\n[texts]\n"Convolution" = "Faltung"\n', encoding="utf-8")
    figures = "".join(
        f'[[figure]]\nscene = "{scene}"\nname = "{scene}"\nwidth = 320\nsection = "{scene[0]}"\ncaption = "A & <b>"\n'
        for scene in ("conv", "pool", "activation")
    )
    (folder / "figures.toml").write_text(figures, encoding="utf-8")


def _png_header(width: int, height: int) -> bytes:
    """The head of a picture that would be far too large."""
    kind = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + kind + struct.pack(">I", zlib.crc32(kind))
