"""A module as an ONNX graph in memory, and a graph as a session of ONNX Runtime.

The exporter that traces is used: it needs no package beside `onnx`, and all shapes are fixed here.
"""

import io
import threading
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

_one_at_a_time = threading.Lock()  # the exporter keeps global state


def as_onnx(
    module: nn.Module, *example: Tensor, inputs: Sequence[str] = ("input",), outputs: Sequence[str] | None = None
) -> bytes:
    """The graph of a module for inputs of exactly these shapes, weights included.

    Raises:
        Exception: whatever the exporter raises, when the module cannot be expressed or a package is missing.
    """
    buffer = io.BytesIO()
    with _one_at_a_time, warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
        warnings.simplefilter("ignore")  # of traced shapes, which are meant to be fixed
        names = None if outputs is None else list(outputs)
        export: Any = torch.onnx.export  # whose signature does not know of buffers
        export(module.eval(), example, buffer, dynamo=False, input_names=list(inputs), output_names=names)
    return buffer.getvalue()


def as_session(graph: bytes, threads: int) -> Any:
    """An `onnxruntime.InferenceSession` on `threads` cores.

    More than one are for a network that runs alone. Its threads wait for each other at every layer, and spin while
    they do: waking them up each time took a sixth more. When it is done they leave the cores to others.

    Raises:
        Exception: whatever ONNX Runtime raises, when it is missing or refuses the graph.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
