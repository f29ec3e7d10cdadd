"""Pictures without a ground, decoded by other libraries: what is there, what is not, and nothing of the step before."""

import numpy as np
import pytest
from PIL import Image

from cnnviz.pipeline import make
from tests.figures import named, parsed

pytestmark = pytest.mark.usefixtures("here")

MOVING = ("gif", "webp", "apng")
TEXTS = ["conv k=3 s=2 p=1 theme=dark tween=2", "cnn layers='conv 2@3x3, fc 3'", "fully-connected theme=blueprint"]
FIGURES = [*map(parsed, TEXTS)]


def decoded(path):
    """Each picture of an animation as RGBA, as Pillow composes it."""
    with Image.open(path) as image:
        for place in range(getattr(image, "n_frames", 1)):
            image.seek(place)
            yield np.asarray(image.convert("RGBA")).copy()


@pytest.mark.parametrize("figure", FIGURES, ids=named)
def test_every_pixel_of_every_picture_is_the_films(figure):
    scene, given = figure
    made = make(scene, **{"tween": 0, **given}, width=480, step=0.5, hold=0.5, transparent=True)
    made.save_all("x", MOVING)
    film = made.film(opening=True)
    palette = film.palette
    files = [decoded(f"x.{name}") for name in MOVING]
    for count, (frame, *pictures) in enumerate(zip(film, *files, strict=True)):
        for name, shown in zip(MOVING, pictures, strict=True):
            pixels = palette.hard[frame.pixels] if name == "gif" else frame.pixels
            alphas = palette.alphas[pixels]
            np.testing.assert_array_equal(shown[..., 3], alphas, err_msg=f"picture {count} of {name}")
            seen = alphas > 0
            np.testing.assert_array_equal(shown[..., :3][seen], palette.colors[pixels][seen], err_msg=name)
    assert set(np.unique(palette.alphas)) == {0, 51, 102, 153, 204, 255}
    assert set(np.unique(palette.alphas[np.unique(palette.hard)])) == {0, 255}


@pytest.mark.parametrize("extra", [{"frame": "first"}, {"sheet": "2x2"}])
def test_a_still_and_a_sheet(extra):
    make("conv", i=4, k=3, width=320, transparent=True, **extra).save("x.png")
    (shown,) = decoded("x.png")
    assert shown[0, 0, 3] == 0
    assert 0.2 < (shown[..., 3] == 255).mean() < 0.8
    assert set(np.unique(shown[..., 3])) == {0, 51, 102, 153, 204, 255}


def test_formats_without_transparency_say_so(refused):
    code, said = refused("conv", "--transparent", "-o", "x.mp4")
    assert (code, said.startswith("--transparent is not for .mp4: use .gif, .webp, .apng, .png")) == (2, True)
