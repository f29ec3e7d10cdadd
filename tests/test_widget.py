"""The explorer in Python: traits are parameters, and the form's changes arrive as its page sends them."""

import numpy as np
import pytest

import cnnviz

pytest.importorskip("anywidget")


def typed(explorer, **values):
    """The form's values, as the page sends them."""
    explorer._values = values


def test_a_trait_changes_the_figure():
    explorer, seen = cnnviz.explore("conv", k=3, tween=0), []
    explorer.observe(lambda change: seen.append(change["new"]), "k")
    page = explorer._page
    explorer.k = 2
    assert explorer.figure.command() == cnnviz.conv(k=2, tween=0).command()
    assert seen == [2]
    assert explorer._page != page
    explorer.input = np.eye(4)
    assert explorer.figure.scene.i == (4, 4)
    assert explorer._numbers["input"] == [[str(int(value)) for value in row] for row in np.eye(4)]


def test_what_cannot_be_changes_nothing():
    explorer = cnnviz.explore("conv", k=2)
    with pytest.raises(cnnviz.UsageError, match="--k 5"):
        explorer.k = 9
    assert (explorer.k, explorer.figure.command()) == (2, cnnviz.conv(k=2).command())
    typed(explorer, k="9")
    assert explorer._problem["parameter"] == "k"
    assert explorer._problem["remedy"]["k"] == 5
    assert explorer.figure.command() == cnnviz.conv(k=2).command()
    with pytest.raises(cnnviz.UsageError, match="kk"):
        cnnviz.explore("conv", kk=3)


def test_the_form_sets_the_traits():
    explorer, seen = cnnviz.explore("conv"), []
    explorer.observe(lambda change: seen.append(change["new"]), "k")
    typed(explorer, k="2x1", flip="true", kernel="1; 2")
    assert explorer.figure.command() == cnnviz.conv(k=(2, 1), flip=True, kernel="1; 2").command()
    assert (explorer.k, explorer.flip, seen) == ((2, 1), True, [(2, 1)])
    assert not explorer._problem
    typed(explorer)
    assert explorer.figure.command() == cnnviz.conv().command()


def test_what_knows_no_widgets_shows_the_figure():
    shown = cnnviz.explore("pool")._repr_mimebundle_()
    shown = shown[0] if isinstance(shown, tuple) else shown
    assert {"text/html", "image/png", "application/vnd.jupyter.widget-view+json"} <= shown.keys()
