"""The parts in ONNX Runtime on the CPU, float32: about 95 % of what the cores can do at all.

A segment at a time: eight frames fill the cores already, and with a batch a segment's last digits would depend on its
company. The RGB recogniser takes all cores; the other parts are so small that threads would mostly wait for each
other, so each runs on one core and several run at once.
"""

import logging
import time
from collections.abc import Mapping

import onnxruntime
import torch
from torch import Tensor, nn

from adamml.engine import cache
from adamml.engine.exporting import as_onnx, as_session
from adamml.engine.parts import LARGE_PART, example, parts_of
from adamml.nn import AdaMML

_log = logging.getLogger(__name__)


class OnnxBackend:
    """Runs the parts on the CPU.

    Args:
        threads: cores to use.

    Attributes:
        batch: how many segments one call takes, exactly.
        preparation: seconds that graphs took to be made, 0 when all were kept from an earlier time.

    Raises:
        Exception: whatever exporting or ONNX Runtime raise; nothing is half done then.
    """

    name = "onnx"
    batch = 1

    def __init__(self, network: AdaMML, threads: int) -> None:
        self.threads = threads
        self.preparation = 0.0
        self.sessions: Mapping[str, onnxruntime.InferenceSession] = {
            name: self._session(name, part) for name, part in parts_of(network).items()
        }

    def lanes(self, part: str) -> int:
        """How many calls at once are worth their while."""
        return 1 if part == LARGE_PART else self.threads

    def run(self, part: str, inputs: Tensor) -> Tensor:
        """(1, ...) -> (1, D) float32."""
        return torch.from_numpy(self.sessions[part].run(None, {"input": inputs.numpy()})[0])

    def _session(self, name: str, part: nn.Module) -> onnxruntime.InferenceSession:
        threads = self.threads if name == LARGE_PART else 1
        key = f"{name}-{cache.fingerprint(part, torch.__version__)}"
        kept = cache.kept_graph(key)
        if kept is not None:
            try:
                return as_session(kept, threads)
            except Exception as error:  # of another version, perhaps
                _log.warning("a prepared network is of no use and is made anew: %s", error)
        graph = self._made(name, part)
        session = as_session(graph, threads)  # before it is kept: what does not run is not worth keeping
        cache.keep_graph(key, graph)
        return session

    def _made(self, name: str, part: nn.Module) -> bytes:
        if not self.preparation:
            _log.info("preparing the networks for this machine; this takes some seconds and happens once")
        began = time.perf_counter()
        graph = as_onnx(part, example(name))
        self.preparation += time.perf_counter() - began
        return graph
