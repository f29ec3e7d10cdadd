"""Back-propagation through pooling: to the cell that won, or spread over the window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from cnnviz.parameters import ArrayLike
from cnnviz.scenes._backward import BY_X, adding_up, grad_output, gradient_panel, load_grad, sends
from cnnviz.scenes._pooling import PooledBack, sent, shared
from cnnviz.story import WINDOW, Graph, Story
from cnnviz.storyboard import Step
from cnnviz.words import Math, Shape, Text

_POINTS = {
    "max": "Only the cell that won a window gets its gradient; all others get 0",
    "avg": "Every cell of a window gets an equal share of its gradient",
}


@dataclass(frozen=True, kw_only=True)
class PoolBackward(PooledBack):
    """Back-propagation through max or average pooling, given the gradient of its output.

    A maximum sends the gradient to the cell that it came from, of equal ones to the first as torch.nn.functional does;
    an average divides it among its window. Gradients of windows that overlap add up.
    """

    examples: ClassVar = (
        "cnnviz pool-backward max --i 4 --k 2",
        "cnnviz pool-backward avg --i 4 --k 2",
        "cnnviz pool-backward max --i 5 --k 3 --s 1",
    )

    grad_output: ArrayLike | None = grad_output()

    def story(self) -> Story:
        """The way forward in one step, the gradient arrives, then one step for each of its cells."""
        slide, is_max, graph = self.slide, self.kind == "max", Graph()
        windows, places = slide.windows, list(slide.windows.positions())
        y, *_ = self.pooled(graph)
        g = load_grad(self.grad_output, windows.out, self.seed)
        found = graph.backward(y, graph.map("grad_y", g))
        title = Text("Max pooling, backward" if is_max else "Average pooling, backward")
        story = Story(self, title, graph, point=Text(_POINTS[self.kind]))
        story.check_limits(windows, "this gradient", steps=windows.count + 4)
        story.show_setting("window", "k", self.k)
        story.show_sizes(s=slide.s)

        X = story.cells("input", "$x$ {size}", found["x"], windows=windows, role="forward", data=self.map)
        Y = story.cells("output", "$y$ {size}", y, pending=True)
        G = gradient_panel(story, g, under=True, marks=(WINDOW,))
        best = self.winners(X, windows)
        by_x = adding_up(story, "by-input", Math(BY_X), found["grad_x"], shared(windows, g, best))
        by_x.noted = any(step < side for step, side in zip(slide.s, slide.k, strict=True))

        def steps() -> Iterator[Step]:
            template = "Forward: each window keeps its maximum …" if is_max else "Forward: each window keeps its mean"
            yield story.step(Text(template), Y.fill("forward"), beats=2)
            if is_max:
                won = [X.set(cell, role="output") for cell in best.values()]
                yield story.step(Text("… and remembers which cell it was"), won, beats=2)
            yield sends(story, G)
            for n, at in enumerate(places):
                marks = [X.mark("window", *windows.outline(at)), G.mark("window", at)]
                reached = (best[at],) if is_max else windows.outline(at)
                caption = sent(windows, G, at, by_x, best.get(at))
                yield story.step(caption, marks, by_x.mark("current", *reached), by_x.add(n))

        return story.play(
            steps,
            windows.count + 2 + is_max,
            (X, "→", Y, G, "→", by_x),
            answer=Text("Both gradients have the same sum: nothing is lost"),
            alt=Text(
                "back-propagation through {name}: {slides}; each cell of the {grad} gradient of the output {goes}",
                name=Text("max pooling" if is_max else "average pooling"),
                slides=slide.describe(story.settings_text("window"), "window"),
                grad=Shape(windows.out),
                goes=Text("goes to the cell that was the maximum" if is_max else "is divided among its window"),
            ),
            formula=Math(
                r"\partial L/\partial x=\partial L/\partial y\ \mathrm{where}\ x=y"
                if is_max
                else r"\partial L/\partial x=\Sigma\,\partial L/\partial y\,/\,k^2"
            ),
            step_roles=("input", "forward", "kernel", "output"),
            convention=Text("ties: the first maximum, as in PyTorch" if is_max else "grey: the way forward"),
        )
