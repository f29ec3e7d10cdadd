"""A `torch.nn.Module` of the caller's: exported to ONNX, and its gradients by PyTorch itself."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.installation import load_extra
from cnnviz.network.layers import Array, Size

_OPSET, _ROUNDING = 17, 1e-3


class TorchModule(str):
    """A module by its class's name, with what it is as an ONNX file."""

    module: Any
    content: bytes


def exported(module: Any, x: Any, size: Size | int | None) -> TorchModule:
    """Export a module for inputs of the shape of `x`, or for images of a size; raises UsageError, CnnvizError."""
    torch, *_ = (load_extra(name, name, "torch", "net of a module") for name in ("torch", "onnx", "onnxruntime"))
    first = next(module.parameters(), torch.zeros(1))
    if hasattr(x, "shape"):
        shape = (1,) * (4 - len(x.shape)) + tuple(x.shape)
    elif size is not None:
        channels = next((p.shape[1] for p in module.parameters() if p.ndim == 4), 3)
        shape = (1, channels, *np.broadcast_to(size, 2).tolist())
    else:
        raise UsageError("net of a module needs the size of its input: give an array, or i=224", "i", {"i": 224})
    file, found = io.BytesIO(), TorchModule(type(module).__name__)
    try:
        with warnings.catch_warnings(), _evaluating(module):
            warnings.simplefilter("ignore")
            # This exporter names nodes by their modules, and is the faster one.
            given = torch.zeros(shape, dtype=first.dtype, device=first.device)
            torch.onnx.export(module, (given,), file, opset_version=_OPSET, dynamo=False)
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise UsageError(f"{found} cannot be exported by torch.onnx: {reason}") from error
    found.module, found.content = module, file.getvalue()
    return found


def gradient(module: Any, given: Array, maps: Array, scores: Array, label: int) -> Array | None:
    """The gradient of a score with respect to the tensor whose values are `maps`, by automatic differentiation.

    Both tensors are found by their values as the module computes on `given`, (channels, rows, columns); None where
    they do not occur.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    found: dict[str, Any] = {}

    class Watch(TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            made = func(*args, **(kwargs or {}))
            for name, values in (("maps", maps), ("scores", scores)):
                if isinstance(made, torch.Tensor) and made.requires_grad and made.numel() == values.size:
                    there = np.asarray(made.detach().cpu().double()).reshape(values.shape)
                    if np.allclose(there, values, rtol=_ROUNDING, atol=_ROUNDING * np.abs(values).max()):
                        found.setdefault(name, made)
            return made

    first = next(module.parameters(), torch.zeros(1))
    x = torch.tensor(given[None], dtype=first.dtype, device=first.device, requires_grad=True)
    with _evaluating(module), torch.enable_grad(), Watch():
        module(x)
    if found.keys() != {"maps", "scores"}:
        return None
    (grown,) = torch.autograd.grad(found["scores"].reshape(-1)[label], found["maps"], allow_unused=True)
    return None if grown is None else np.asarray(grown.detach().cpu().double()).reshape(maps.shape)


@contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    """Dropout and batch normalization as at inference, and afterwards as they were."""
    before = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in before:
            part.training = training
