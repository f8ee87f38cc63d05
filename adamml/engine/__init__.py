"""Running the networks fast: one interface, ONNX Runtime or torch behind it.

Read in this order: `parts` (what is run, from raw input on), `engine` (the interface), `choice` (which backend),
`torch_backend` and `onnx_backend` with `exporting` and `cache` (how), `threads` (on how many cores).
"""

from adamml.engine.choice import BACKENDS, EngineError, new_engine
from adamml.engine.engine import Engine
from adamml.engine.parts import normalise

__all__ = ["BACKENDS", "Engine", "EngineError", "new_engine", "normalise"]
