"""The article's deck in all kinds, opened by other programs: `.ci/decks`, or `python -m tests.check_decks FOLDER`.

LibreOffice shows the PowerPoint deck, pdfTeX compiles the Beamer one, Chromium prints the page, Marp and pandoc read
the Markdown; the pages are then looked at as pictures. A program that is not installed is skipped, by name. The decks
and pictures stay in FOLDER where it is given.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from pypdf import PdfReader

from cnnviz.decks import FigureSlide, plan
from cnnviz.render.theme import load_theme
from cnnviz.talk import read_entries, to_part, write_talk

SET = Path(__file__).parents[1] / "animations" / "article.toml"
DPI = 60
# A figure's colours on its slide, and the share of its pixels that are not the ground's.
LEAST_COLORS, LEAST_INK = 8, 0.01


class NotHereError(Exception):
    """What is needed is not here."""


def main(folder: Path) -> int:
    """Run all checks; the process's answer."""
    results: list[str] = []
    for check in (pptx, dark, video, html, tex, marp, quarto):
        place = folder / check.__name__
        place.mkdir(parents=True, exist_ok=True)
        try:
            result, said = "ok", check(place)
        except NotHereError as reason:
            result, said = "skipped", str(reason)
        except Exception as error:
            result, said = "FAILED", f"{type(error).__name__}: {error}"
        results.append(result)
        print(f"{result:8} {check.__name__}: {said}", flush=True)
    print(", ".join(f"{results.count(result)} {result}" for result in dict.fromkeys(results)))
    return int("FAILED" in results)


def pptx(place: Path, **options: object) -> str:
    """LibreOffice shows a page for each slide, with its texts and its figure whole."""
    office = needed("soffice", "libreoffice")
    made = write_talk(str(SET), place / "deck.pptx", jobs=None, **options)
    home = f"-env:UserInstallation={(place / 'office').as_uri()}"
    run([office, home, "--headless", "--convert-to", "pdf", "--outdir", place, place / "deck.pptx"])
    return looked_at(place / "deck.pdf", made.slides, str(options.get("theme", "article")))


def dark(place: Path) -> str:
    """The same on a dark ground."""
    return pptx(place, theme="dark")


def video(place: Path) -> str:
    """Videos show their first picture."""
    return pptx(place, video=True, figures=["0*"])


def html(place: Path) -> str:
    """Chromium runs the page without a complaint and prints a sheet for each slide."""
    from playwright.sync_api import sync_playwright

    made = write_talk(str(SET), place / "deck.html", jobs=None)
    with sync_playwright() as engine:
        chromium = needed("chromium", "google-chrome")
        browser = engine.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto((place / "deck.html").as_uri())
        for _ in range(made.slides - 1):
            page.keyboard.press("PageDown")
            page.wait_for_timeout(20)
        expect(page.text_content("#number"), f"{made.slides} / {made.slides}")
        page.pdf(path=place / "deck.pdf", prefer_css_page_size=True, print_background=True)
        browser.close()
    expect(complaints, [])
    return looked_at(place / "deck.pdf", made.slides, "article")


def tex(place: Path) -> str:
    """pdfTeX compiles it twice without an error; the animations are in the file with all their pictures."""
    compiler = needed("pdflatex")
    made = write_talk(str(SET), place / "deck.tex", jobs=None)
    for _ in range(2):
        run([compiler, "-interaction=nonstopmode", "-halt-on-error", "deck.tex"], place)
    log = (place / "deck.log").read_text(encoding="latin-1")
    expect(re.findall(r"^(?:!.*|Overfull \\[hv]box \(([0-9]{2,})\.)", log, re.MULTILINE), [])
    steps = sum(len(PdfReader(file).pages) for file in (place / "deck_figures").glob("*.pdf"))
    notes = [note.get_object() for page in PdfReader(place / "deck.pdf").pages for note in page.get("/Annots", [])]
    # A hidden button a picture, one over all of them that has the alt text.
    expect(len([note for note in notes if re.fullmatch(r"\d+\.\d+", str(note.get("/T")))]), steps)
    expect(len([n for n in notes if str(n.get("/T", "")).startswith("anm") and len(n["/Contents"]) > 40]), made.figures)
    return f"{looked_at(place / 'deck.pdf', made.slides, 'article')}, {steps} pictures"


def marp(place: Path) -> str:
    """Marp shows each slide with its alt text, and finds its notes."""
    return markdown(
        place, "marp", [needed("marp"), "--no-stdin", "deck.md", "-o", "deck.html"],
        r"<section ", r'<img src="deck_figures/[^"]+\.gif" alt="[^"]{40,}"',
        r'class="bespoke-marp-note" data-index="\d+"[^>]*><p>',
    )  # fmt: skip


def quarto(place: Path) -> str:
    """Pandoc, which Quarto calls, makes a slide of each heading and takes the notes aside."""
    words = ["-s", "-f", "markdown-implicit_figures", "-t", "revealjs", "deck.md", "-o", "deck.html"]
    return markdown(
        place, "quarto", [needed("pandoc"), *words],
        r'<section\s+id="[^"]*"(?:\s+class="[^"]*slide[^"]*")?>',
        r'<img\s+(?:data-)?src="deck_figures/[^>]*alt="[^"]{40,}"', r'<aside class="notes">',
    )  # fmt: skip


def markdown(place: Path, flavor: str, command: Sequence[str], slide: str, figure: str, note: str) -> str:
    """The page that a program makes of a Markdown deck holds its slides, figures and notes."""
    made = write_talk(str(SET), place / "deck.md", jobs=None, flavor=flavor)
    run(command, place)
    page = (place / "deck.html").read_text(encoding="utf-8")
    found = [len(re.findall(pattern, page)) for pattern in (slide, figure, note)]
    expect(found, [made.slides, made.figures, made.figures])
    return f"{made.slides} slides"


def looked_at(pdf: Path, slides: int, theme: str) -> str:
    """Every page as a picture: as many as slides, on the theme's ground, with their texts and nothing cut off."""
    pages = PdfReader(pdf).pages
    run([needed("pdftoppm"), "-r", str(DPI), "-png", pdf, pdf.with_suffix("")])
    pictures = sorted(pdf.parent.glob(f"{pdf.stem}-*.png"))
    expect((len(pages), len(pictures)), (slides, slides))
    ground = np.array(load_theme(theme).page["ground"], np.int16)
    # All slides as planned, or those that begin the set.
    planned = plan([to_part(entry) for entry in read_entries([str(SET)])], "Article", sections=True).slides
    for number, (slide, picture, page) in enumerate(zip(planned, pictures, pages, strict=False), start=1):
        pixels = np.asarray(Image.open(picture).convert("RGB"), np.int16)
        ink = np.abs(pixels - ground).max(axis=2) > 24
        if ink[:2].any() or ink[:, :2].any() or ink[:, -2:].any():
            raise AssertionError(f"page {number}: something is cut off or not on the theme's ground")
        if squeezed(slide.title) not in squeezed(page.extract_text()):
            raise AssertionError(f"page {number}: {slide.title!r} is not on it")
        if isinstance(slide, FigureSlide):
            colors = len(np.unique(pixels[len(pixels) // 4 :].astype(np.int32) @ (65536, 256, 1)))
            if colors < LEAST_COLORS or ink[len(ink) // 4 :].mean() < LEAST_INK:
                raise AssertionError(f"page {number}: no figure is seen on it")
    return f"{slides} pages"


def squeezed(text: str) -> str:
    """Letters and digits: what a PDF says of blanks, signs and ligatures depends on its fonts."""
    return re.sub(r"[^A-Za-z0-9]+", "", unicodedata.normalize("NFKC", text))


def expect(found: object, wanted: object) -> None:
    """Fail unless they are equal."""
    if found != wanted:
        raise AssertionError(f"{found!r}, not {wanted!r}")


def needed(*names: str) -> str:
    """The path of the first of some programs that is there."""
    for name in names:
        if path := shutil.which(name):
            return path
    raise NotHereError(f"there is no {names[0]} here")


def run(command: Sequence[object], folder: Path | None = None) -> None:
    """Run a program; its last words where it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, capture_output=True, timeout=600)
    if done.returncode:
        raise AssertionError(f"{Path(words[0]).name}: {(done.stdout + done.stderr).decode(errors='replace')[-600:]}")


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit(main(Path(sys.argv[1]).resolve()))
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(main(Path(folder)))
