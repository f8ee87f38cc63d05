"""The parts in ONNX Runtime on the CPU, float32: as fast as large matrix products in torch or faster.

A segment at a time: with a batch a segment's last digits would depend on its company. Several segments run at once,
each on one core, since cores that share a network wait for each other at every layer. Only the RGB recognizer is large
enough to be worth all cores when it has nothing beside it; it is there twice for that.
"""

import logging
import os
import time
from typing import NamedTuple

import onnxruntime
import torch
from torch import Tensor, nn

from adamml.engine import graph_cache
from adamml.engine.onnx_export import as_onnx, as_session
from adamml.engine.submodules import LARGE_PART, cpu_parts_of, example_of
from adamml.nn import AdaMML

_log = logging.getLogger(__name__)
MOST_LANES = 8  # of the RGB recognizer, which takes about 40 MB for every segment under way


class Sessions(NamedTuple):
    """A part made ready to run on one core and, where that pays, on all of them."""

    one: onnxruntime.InferenceSession
    all: onnxruntime.InferenceSession


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
    precision = "float32"
    batch = 1

    def __init__(self, network: AdaMML, threads: int) -> None:
        self.threads = threads
        self.preparation = 0.0
        self._process = os.getpid()
        self._network = network
        parts = cpu_parts_of(network)
        self.sessions: dict[str, Sessions] = {name: self._sessions(name, part) for name, part in parts.items()}

    def concurrency(self, part: str) -> int:
        """How many calls at once are worth their while."""
        return min(self.threads, MOST_LANES) if part == LARGE_PART else self.threads

    def multithreaded(self, part: str) -> bool:
        """Whether a call that has nothing beside it is quicker on all cores."""
        return part == LARGE_PART

    def in_own_threads(self, part: str) -> bool:
        """Whether a call is computed elsewhere than in the thread that makes it."""
        return False

    def run(self, part: str, inputs: Tensor, *, exclusive: bool = True) -> Tensor:
        """(1, ...) -> (1, D) float32."""
        sessions = self.sessions[part]
        # A session's threads stay behind when a process is forked, and a session waits for them for ever.
        session = sessions.all if exclusive and os.getpid() == self._process else sessions.one
        return torch.from_numpy(session.run(None, {"input": inputs.numpy()})[0])

    def _sessions(self, name: str, part: nn.Module) -> Sessions:
        # A graph takes inputs of one shape only, and two models may share a network and differ in what they give it.
        shape = tuple(example_of(self._network, name).shape)
        key = f"{name}-{graph_cache.fingerprint(part, torch.__version__, shape)}"
        kept = graph_cache.kept_graph(key)
        if kept is not None:
            try:
                return self._ready(name, kept)
            except Exception as error:  # of another version, perhaps
                _log.warning("a prepared network is of no use and is made anew: %s", error)
        graph = self._made(name, part)
        sessions = self._ready(name, graph)  # before it is kept: what does not run is not worth keeping
        graph_cache.keep_graph(key, graph)
        return sessions

    def _ready(self, name: str, graph: bytes) -> Sessions:
        one = as_session(graph, 1)
        return Sessions(one, as_session(graph, self.threads) if name == LARGE_PART and self.threads > 1 else one)

    def _made(self, name: str, part: nn.Module) -> bytes:
        if not self.preparation:
            _log.info("preparing the networks for this machine; this takes some seconds and happens once")
        began = time.perf_counter()
        graph = as_onnx(part, example_of(self._network, name))
        self.preparation += time.perf_counter() - began
        return graph
