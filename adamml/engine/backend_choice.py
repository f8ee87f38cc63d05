"""Which backend runs the networks: what was asked for, what the machine has, and what works."""

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import nn

from adamml.engine.backend_timing import fastest
from adamml.engine.engine import Backend, Engine
from adamml.engine.threads import available_cores, forked
from adamml.engine.torch_backend import TorchBackend
from adamml.nn import AdaMML

if TYPE_CHECKING:
    from adamml.engine.onnx_backend import OnnxBackend

BackendName = Literal["auto", "auto-float32", "onnx", "openvino", "openvino-bfloat16", "torch"]
BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
FLOAT32_ON_CPU = ("onnx", "openvino")
ON_CPU = (*FLOAT32_ON_CPU, "openvino-bfloat16")  # those that run nowhere else
_log = logging.getLogger(__name__)


class EngineError(ValueError):
    """A backend or device was asked for that there is not."""


def choose(backend: str, device: str, *, gpu: bool) -> tuple[str, str]:
    """(backend, device) for what was asked for; ADAMML_BACKEND decides where a call leaves it open.

    Still "auto" on a CPU is whichever turns out to be the fastest there, and "auto-float32" the fastest of those that
    compute in the precision of all published figures; it never takes a GPU.

    Args:
        backend: one of `BACKENDS`.
        device: "auto", or one of torch's, such as "cpu" or "cuda:0".
        gpu: whether torch can use one.

    Raises:
        EngineError: for unknown names, a GPU that is not there, or a backend for CPUs on a GPU.
    """
    if backend not in BACKENDS:
        raise EngineError(f"the backend must be one of {', '.join(BACKENDS)}, got {backend!r}")
    wanted = _from_environment(backend) if backend in ("auto", "auto-float32") else backend
    on_cpu = (*ON_CPU, "auto-float32")
    if device == "auto":
        device = "cuda" if gpu and wanted not in on_cpu else "cpu"
    kind = device.partition(":")[0]
    if kind not in ("cpu", "cuda"):
        raise EngineError(f"the device must be auto, cpu or cuda, got {device!r}")
    if kind == "cuda" and not gpu:
        raise EngineError("there is no GPU that torch can use here; choose the device cpu")
    if kind == "cuda" and wanted in on_cpu:
        raise EngineError(f"the backend {wanted} runs on the CPU; on a GPU choose torch")
    return "torch" if kind == "cuda" else wanted, device


def _from_environment(otherwise: str) -> str:
    named = os.environ.get("ADAMML_BACKEND") or otherwise
    if named not in BACKENDS:
        _log.warning("ADAMML_BACKEND is %r, which is none of %s; it is left out of account", named, ", ".join(BACKENDS))
        return otherwise
    return named


def new_engine(
    network: AdaMML, deciders: Mapping[str, nn.Module] | None = None, *, backend: str = "auto", device: str = "auto"
) -> Engine:
    """A model made ready to run. Where what was chosen cannot be used, torch is, and the log says why.

    Args:
        network: in evaluation mode; stays as it is.
        deciders: networks of policies by name; the network's own is there as "adamml".
        backend, device: see `choose`.

    Raises:
        EngineError: see `choose`.
    """
    chosen, place = choose(backend, device, gpu=torch.cuda.is_available())
    cores = available_cores()
    if torch.get_num_threads() > cores:
        torch.set_num_threads(cores)
    return Engine(network, deciders or {}, _backend(network, chosen, place))


def _backend(network: AdaMML, chosen: str, device: str) -> Backend:
    for name in () if chosen == "torch" else dict.fromkeys((chosen, "onnx")):
        try:
            return _on_cpu(network, name)
        except Exception as error:  # packages or instructions that are missing, a network that ONNX cannot express
            _log.warning("the backend %s cannot be used: %s", name, error)
    if chosen != "torch":
        _log.warning("the networks run in torch, which is slower")
    return TorchBackend(network, device)


def _on_cpu(network: AdaMML, chosen: str) -> Backend:
    threads = torch.get_num_threads()

    def onnx() -> "OnnxBackend":
        from adamml.engine.onnx_backend import OnnxBackend

        return OnnxBackend(network, threads)

    def openvino() -> "OnnxBackend":
        from adamml.engine.openvino_backend import OpenVinoBackend

        return OpenVinoBackend(network, threads)

    def bfloat16() -> "OnnxBackend":
        from adamml.engine.openvino_backend import Bfloat16Backend

        return Bfloat16Backend(network, threads)

    make = {"onnx": onnx, "openvino": openvino, "openvino-bfloat16": bfloat16}
    if chosen in make:
        return make[chosen]()
    if forked():  # neither would have its threads there
        return onnx()
    return fastest(network, {name: make[name] for name in (ON_CPU if chosen == "auto" else FLOAT32_ON_CPU)})
