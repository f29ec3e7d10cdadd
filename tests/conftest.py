"""What several test files need: the command line, run in a folder of its own."""

import gc
import os
import shutil
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import settings

from cnnviz.cli import main
from cnnviz.discovery import VARIABLE
from tests.drawing import DEEP

# Scenes of the user's are tested like ours, wherever a test runs.
if folders := os.environ.get(VARIABLE):
    os.environ[VARIABLE] = os.pathsep.join(map(os.path.abspath, filter(None, folders.split(os.pathsep))))

# A run tries what the one before tried, here as anywhere; a deep one of tests/properties tries what none has.
settings.register_profile("steady", derandomize=not DEEP, database=None, deadline=None)
settings.load_profile("steady")


def pytest_collection_finish():
    """Thousands of collected tests stay for good: the collector need not look at them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture
def cnnviz(here, monkeypatch, capsys):
    """`cnnviz("conv", "--k", 3)` in `tmp_path`: its exit `code`, `out` and `err`; a warning would be a failure."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments):
        capsys.readouterr()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", DeprecationWarning)
            with pytest.raises(SystemExit) as left:
                main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return SimpleNamespace(code=left.value.code, out=out, err=err)

    return run


def files(folder="."):
    """All that lies in a folder."""
    return {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*")}


@pytest.fixture
def refused(cnnviz):
    """`refused("conv", "--k", 9)`: exit code and message of a refusal, which is one line and leaves no trace."""

    def run(*arguments):
        before = files()
        ran = cnnviz(*arguments)
        assert (ran.out, ran.err[:8], ran.err.count("\n")) == ("", "cnnviz: ", 1)
        assert len(ran.err) < 1000
        assert files() == before
        return ran.code, ran.err[8:-1]

    return run


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Run the test in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def chromium():
    """A browser, started once; its loop of events is this thread's from then on."""
    if not (program := shutil.which("chromium") or shutil.which("google-chrome")):
        pytest.skip("no Chromium on this machine; .ci/run installs it")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as engine:
        started = engine.chromium.launch(executable_path=program, args=flags)
        yield started
        started.close()
