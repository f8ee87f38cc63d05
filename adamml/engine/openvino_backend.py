"""The RGB recognizer in OpenVINO on the CPU, in float32 or bfloat16; the small parts stay in ONNX Runtime.

Both read one graph. OpenVINO is faster where a processor has wide vectors, and for convolutions over time; how much
faster is measured on the machine itself, in `adamml.engine.backend_timing`. In bfloat16 weights and products have 8
significant bits, sums keep 24. Where the processor has instructions for that it is faster again, but features differ,
so that it has to be found out, too, whether the answers are still the same.
"""

import os
import sys
from functools import cached_property
from queue import SimpleQueue
from typing import Any, cast

import numpy as np
from torch import Tensor

from adamml.engine.onnx_backend import OnnxBackend, Sessions
from adamml.engine.submodules import LARGE_PART
from adamml.nn import AdaMML

# OpenVINO tells its maker of every import, unless the package that does so cannot be found.
cast(dict[str, object], sys.modules).setdefault("openvino_telemetry", None)

import openvino  # noqa: E402

_core = openvino.Core()
# When it meets its first array, OpenVINO looks at NumPy. Where two threads meet theirs at once, one waits for that look
# with the interpreter's lock in hand, which the other needs for it, and the whole process stands still. So: one, here.
openvino.Tensor(np.zeros(1, np.float32))
_HINTS = {"float32": "f32", "bfloat16": "bf16"}


class PrecisionError(RuntimeError):
    """The processor has no instructions for what was asked for."""


class Requests:
    """A network made ready for `lanes` calls at once, on `threads` cores together.

    It computes in threads of its own. (Left to the callers' threads, it would pin all of them to the same core.)
    """

    def __init__(self, graph: bytes, *, threads: int, lanes: int = 1, precision: str = "float32") -> None:
        hint = _HINTS[precision]
        settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": lanes, "INFERENCE_PRECISION_HINT": hint}
        network = _core.compile_model(_core.read_model(graph), "CPU", settings)
        self._free: SimpleQueue[Any] = SimpleQueue()
        for _ in range(lanes):
            self._free.put(network.create_infer_request())

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

    def in_own_threads(self, part: str) -> bool:
        """Whether a call is computed elsewhere than in the thread that makes it."""
        return part == LARGE_PART

    def run(self, part: str, inputs: Tensor, *, exclusive: bool = True) -> Tensor:
        """(1, ...) -> (1, D) float32."""
        if part == LARGE_PART and os.getpid() != self._process:
            return self._here.run(part, inputs, exclusive=exclusive)
        return super().run(part, inputs, exclusive=exclusive)

    @cached_property
    def _here(self) -> OnnxBackend:
        """What stands in for it in a forked process, which has none of its threads."""
        return OnnxBackend(self._network, 1)

    def _ready(self, name: str, graph: bytes) -> Sessions:
        if name != LARGE_PART:
            return super()._ready(name, graph)
        lanes = self.concurrency(name)
        one = Requests(graph, threads=lanes, lanes=lanes, precision=self.precision)
        if self.threads == 1:
            return Sessions(one, one)
        return Sessions(one, Requests(graph, threads=self.threads, precision=self.precision))


class Bfloat16Backend(OpenVinoBackend):
    """As `OpenVinoBackend`, with the large network in bfloat16.

    Raises:
        PrecisionError: where the processor would only imitate it, which is slower than float32.
    """

    name = "openvino-bfloat16"
    precision = "bfloat16"

    def __init__(self, network: AdaMML, threads: int) -> None:
        if "BF16" not in _core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise PrecisionError("this processor has no instructions for bfloat16")
        super().__init__(network, threads)
