"""The RGB recognizer in OpenVINO on the CPU, float32; the small parts stay in ONNX Runtime.

Both read one graph. OpenVINO is faster where a processor has wide vectors, and for convolutions over time; how much
faster is measured on the machine itself, in `adamml.engine.backend_timing`.
"""

import sys
from queue import SimpleQueue
from typing import Any, cast

import numpy as np

from adamml.engine.onnx_backend import OnnxBackend, Sessions
from adamml.engine.submodules import LARGE_PART

# OpenVINO tells its maker of every import, unless the package that does so cannot be found.
cast(dict[str, object], sys.modules).setdefault("openvino_telemetry", None)

import openvino  # noqa: E402

_core = openvino.Core()


class Requests:
    """A network made ready `lanes` times over, so that as many calls run at once, each on `threads` cores.

    A lane is a network of its own rather than a stream of one: a call then computes in the thread that makes it, which
    is how its seconds are told from those of its neighbors.
    """

    def __init__(self, graph: bytes, *, threads: int, lanes: int = 1) -> None:
        settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
        model = _core.read_model(graph)
        self._free: SimpleQueue[Any] = SimpleQueue()
        for _ in range(lanes):
            self._free.put(_core.compile_model(model, "CPU", settings).create_infer_request())

    def run(self, outputs: None, inputs: dict[str, np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
        """All outputs, as a session of ONNX Runtime gives them. Waits for a lane that is free."""
        request = self._free.get()
        try:
            return [value.copy() for value in request.infer(inputs).values()]  # the request's own memory is used again
        finally:
            self._free.put(request)


class OpenVinoBackend(OnnxBackend):
    """As `OnnxBackend`, with the one large network in OpenVINO."""

    name = "openvino"

    def _ready(self, name: str, graph: bytes) -> Sessions:
        if name != LARGE_PART:
            return super()._ready(name, graph)
        lanes = Requests(graph, threads=1, lanes=self.concurrency(name))
        return Sessions(lanes, Requests(graph, threads=self.threads) if self.threads > 1 else lanes)
