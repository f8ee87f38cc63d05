"""Running the networks fast: one interface, ONNX Runtime or torch behind it.

Read in this order: `submodules` (what is run, from raw input on), `engine` (the interface), `backend_choice` (which
backend), `torch_backend` and `onnx_backend` with `onnx_export` and `graph_cache` (how), `threads` (on how many cores).
"""

from adamml.engine.backend_choice import BACKENDS, EngineError, new_engine
from adamml.engine.engine import Engine
from adamml.engine.submodules import normalize

__all__ = ["BACKENDS", "Engine", "EngineError", "new_engine", "normalize"]
