"""Convolution of a signal: a kernel slides along one axis, perhaps seeing only the past."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cnnviz.operation import KERNEL, MAP
from cnnviz.scenes._signal import Signal, read_stack, tell_stack
from cnnviz.story import WINDOW, Axis, Graph, Story, Windows, convolved_size, filled, shared_weights, steps_fill
from cnnviz.storyboard import Mark, Step
from cnnviz.words import Math, Number, Shape, Symbol, Text, counted, dot, equation


@dataclass(frozen=True, kw_only=True)
class Conv1d(Signal):
    """A convolution along one axis, as of sound, text or any series; with a stack, the dilated causal ones of WaveNet.

    A causal one pads d(k − 1) zeros before the signal and none behind: an output sees its own time and earlier ones.
    Van den Oord et al. (2016), "WaveNet: a generative model for raw audio", §2.1.
    """

    examples: ClassVar = (
        "cnnviz conv1d --i 10 --k 3 --p 1",
        "cnnviz conv1d --causal --d 2",
        "cnnviz conv1d --stack 1,2,4,8",
    )

    def story(self) -> Story:
        """One step for each output; of a stack, down from its last output to what it sees and up again."""
        if self.stack:
            return tell_stack(self, read_stack(self.stack))
        x, w = self.map.values, self.weights.values
        length, k = x.size, w.size
        ends = (self.d * (k - 1), 0) if self.causal else (self.p, self.p)
        windows, graph = Windows((Axis.each(1), Axis.sliding(length, k, self.s, ends, self.d))), Graph()
        signal, kernel = graph.input("x", x[None], MAP), graph.input("w", w[None], KERNEL)
        added = graph.input("b", [self.bias]) if self.bias else None
        padded, p = signal, self.p
        if self.causal:
            padded, p = graph.compute("pad", signal, result="padded", pad=ends, mode="constant"), 0
        y = graph.compute("conv1d", padded, kernel, added, stride=(self.s,), padding=(p,), dilation=(self.d,))
        sizes = {
            "i": Number(length, 0, ("input", "shape", 1)),
            "o": Number(windows.count, 0, ("output", "shape", 1)),
        }
        sees = "Causal: output t sees time t and earlier, never later: {i} → {o}"
        slides = "The kernel slides along the signal, one dot product for each place: {i} → {o}"
        story = Story(self, Text("Convolution in one dimension"), graph)
        story.point = Text(sees if self.causal else slides, **sizes)
        story.check_limits(windows, "this convolution")
        story.show_sizes(k=k, s=self.s, **({} if self.causal else {"p": p}), d=self.d)
        b, below = story.show_bias(self.bias), counted(Number(p), "{n} zero at each end", "{n} zeros at each end")
        if self.causal:
            below = Text("{n} zeros before, none behind", n=ends[0])
        marks = [Mark(name="map", role="boundary", column=ends[0], rows=1, columns=length)] if any(ends) else []
        # One scale, so that bars can be compared.
        bars: dict[str, Any] = {"bars": True, "shade": story.shade(np.append(x, y.values))}
        drawn: dict[str, Any] = {
            "roles": windows.roles(),
            "marks": (*marks, WINDOW),
            "below": below if any(ends) else None,
        }
        X = story.cells("input", "Signal {size}", windows.padded(x, 0), size=Shape((length,)), **drawn, **bars)
        graph.show_input("input", X.values, x.shape)
        W = story.cells("kernel", "Kernel {size}", kernel, axes=2, size=Shape((k,)), role="kernel")
        # An output stands under its own time, where its window ends.
        bars |= {"pending": True, "indent": ends[0] if self.causal and self.s == 1 else 0}
        Y = story.cells("output", "Output {size}", y, axes=2, size=Shape(windows.out[1:]), **bars)
        weights = W.read()

        def steps() -> Iterator[Step]:
            for at in windows.positions():
                arithmetic = dot(X.read(windows.cells(at)), weights, b, Y[at])
                caption = equation(Symbol("y", (at[1] + 1,)), arithmetic, Y[at])
                yield story.step(caption, X.move_window(windows, at), Y.write(at))

        given = {"i": (length,), "k": (k,), "s": (self.s,), "p": (self.p,), "d": (self.d,)}
        past = Math(r"y_t=w_1\,x_{t-d(k-1)}+\ldots+w_{k-1}\,x_{t-d}+w_k\,x_t")
        answer = shared_weights(k)
        if self.causal:
            answer = Text("No output has seen what comes after its own time")
        elif self.p and length == windows.count:
            answer = Text("Padding keeps the length: {i} → {o}", **sizes)
        alt = "a {k}-cell kernel sliding along a signal of {i} with {settings}; {steps} the output"
        return story.play(
            steps,
            windows.count,
            (W,),
            (X,),
            (Y,),
            answer=answer if windows.count > 1 else "",
            alt=Text(alt, k=k, i=length, settings=story.settings_text("kernel"), steps=steps_fill(windows.count)),
            formula=past if self.causal else filled(convolved_size(self.d > 1), windows.out[1:], **given),
            convention=Text("cross-correlation: kernel not flipped"),
        )
