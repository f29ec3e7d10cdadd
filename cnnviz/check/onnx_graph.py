"""ONNX graphs that are built node by node; those of one make share a session of ONNX Runtime."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from cnnviz.check.engine import Array, RefusalError

_OPSET, _IR = 21, 9
_KEPT = 256


class Graph:
    """A graph that is built node by node; names stand for what has been computed so far."""

    def __init__(self, dtype: Any = np.float64) -> None:
        self.dtype = np.dtype(dtype)
        self._nodes: list[Any] = []
        self._inputs: dict[str, Any] = {}

    def given(self, values: Any, dtype: Any = None) -> str:
        """An array or number that goes in."""
        name = f"given{len(self._inputs)}"
        self._inputs[name] = np.ascontiguousarray(values, dtype or self.dtype).reshape(np.shape(values))
        return name

    @property
    def values(self) -> dict[str, Any]:
        """What was given, by name."""
        return self._inputs

    def node(self, operator: str, *names: str, **attributes: Any) -> str:
        """One operator."""
        return self.pair(operator, *names, results=1, **attributes)[0]

    def pair(self, operator: str, *names: str, results: int = 2, **attributes: Any) -> list[str]:
        """One operator of several results."""
        made = [f"made{len(self._nodes)}-{place}" for place in range(results)]
        self._nodes.append(helper.make_node(operator, names, made, **attributes))
        return made

    def run(self, name: str, kind: int | None = None) -> Array:
        """What stands under a name, numbers of the graph's own kind unless it is told."""
        usual = TensorProto.FLOAT if self.dtype == np.float32 else TensorProto.DOUBLE
        return self.run_all([name], usual if kind is None else kind)[0]

    def run_all(self, names: list[str], kind: int = TensorProto.DOUBLE) -> list[Array]:
        """What stands under several names."""
        found: list[Array] = self.ready(names, kind)(self._inputs)
        return found

    def ready(self, names: list[str], kind: int = TensorProto.DOUBLE) -> Any:
        """A function from the values of what was given, by name, to what stands under `names`."""
        kinds = {key: helper.np_dtype_to_tensor_dtype(value.dtype) for key, value in self._inputs.items()}
        # Sizes stay open, so that maps of any size share a session.
        inputs = [
            helper.make_tensor_value_info(key, kinds[key], [None] * v.ndim) for key, v in self._inputs.items()
        ]
        results = [helper.make_tensor_value_info(name, kind, None) for name in names]
        graph = helper.make_graph(self._nodes, "check", inputs, results)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
        try:
            session = _session(model.SerializeToString())
        except Exception as error:  # its errors share no other base
            raise RefusalError(str(error).partition("\n")[0]) from None

        def run(values: dict[str, Any]) -> list[Array]:
            try:
                found: list[Array] = session.run(names, values)
            except Exception as error:
                raise RefusalError(str(error).partition("\n")[0]) from None
            return found

        return run


@functools.lru_cache(_KEPT)
def _session(model: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def apply(operator: str, *values: Any, single: bool = False, **attributes: Any) -> Array:
    """One operator on its own; `single` where the runtime has it in float32 only."""
    graph = Graph(np.float32 if single else np.float64)
    return graph.run(graph.node(operator, *map(graph.given, values), **attributes))
