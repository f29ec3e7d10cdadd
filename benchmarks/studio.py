"""How soon the figure follows a change in the studio, in a real browser, and what ten people at once wait for."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks._charts import Chart
from benchmarks._measure import CNNVIZ, BenchmarkError
from benchmarks._report import Row, Section

_SIZES = {"5×5": ("i=5", 100), "16×16": ("i=16", 250)}
"""What stands in the address, and the milliseconds in which 95 of 100 changes are to be seen."""


def studio(folder: Path, quick: bool) -> Section:
    """From a press of a stepper's button to the new picture."""
    section = Section("Studio: milliseconds from a change to the new picture, in Chromium")
    bars = {}
    with _serving(folder) as address:
        for size, (query, most) in _SIZES.items():
            found = _changes(f"{address}conv?{query}", 10 if quick else 60)
            late = statistics.quantiles(found, n=20)[-1]
            bars[size] = late
            measured = f"{late:.0f} ms (median {statistics.median(found):.0f})"
            section.rows.append(Row(f"95 of 100 changes, {size}", measured, f"≤ {most} ms", late <= most))
        seconds, failed = _crowd(address, 20 if quick else 100)
        section.rows.append(Row("ten people at once: requests that failed", str(failed), "0", failed == 0))
        late = statistics.quantiles(seconds, n=20)[-1]
        section.rows.append(Row("ten people at once: 95 of 100 pictures", f"{1000 * late:.0f} ms"))
    section.chart = Chart("Studio", "milliseconds, 95 of 100 changes", bars=bars)
    return section


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    running = subprocess.Popen((*CNNVIZ, "studio", "--no-browser"), cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        words = running.stdout.readline().split()
        if not words:
            raise BenchmarkError("the studio does not start: pip install 'cnnviz[studio]'")
        yield words[0]
    finally:
        running.terminate()
        running.wait(timeout=20)


def _changes(address: str, count: int) -> Sequence[float]:
    """The milliseconds that the page itself measures, one change after the other; every figure is new."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise BenchmarkError("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    found = []
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        for _ in range(count + 3):
            page.wait_for_selector('#view[aria-busy="false"]')
            page.evaluate("delete document.body.dataset.milliseconds")
            page.locator("button[aria-label='seed +']").click()
            page.wait_for_selector("body[data-milliseconds]")
            found.append(float(page.get_attribute("body", "data-milliseconds") or "nan"))
        browser.close()
    # The first ones also load what is not loaded yet.
    return found[3:]


def _crowd(address: str, count: int) -> tuple[list[float], int]:
    """The seconds of requests of ten people, and how many failed."""

    def one(number: int) -> float:
        began = time.perf_counter()
        with urllib.request.urlopen(f"{address}-/still/conv/first?input=random&seed={1000 + number}") as answer:
            answer.read()
        return time.perf_counter() - began

    with ThreadPoolExecutor(10) as people:
        asked = [people.submit(one, number) for number in range(count)]
    return [each.result() for each in asked if not each.exception()], sum(bool(each.exception()) for each in asked)
