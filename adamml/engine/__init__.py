"""Running the networks fast: one interface; ONNX Runtime, OpenVINO or torch behind it.

Read in this order: `submodules` (what is run, from raw input on), `engine` (the interface), `backend_choice` and
`backend_timing` (which backend), `torch_backend`, `onnx_backend` with `onnx_export` and `graph_cache`, and
`openvino_backend` (how), `threads` (on how many cores).
"""

from adamml.engine.backend_choice import BACKENDS, EngineError, new_engine
from adamml.engine.engine import Engine
from adamml.engine.submodules import normalize

__all__ = ["BACKENDS", "Engine", "EngineError", "new_engine", "normalize"]
