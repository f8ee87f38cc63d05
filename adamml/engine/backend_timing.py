"""The faster of the backends that run on the CPU, found out on the machine itself, once for every model.

Which one that is depends on the processor and on the network. So at the first start each runs the RGB recognizer, the
only large part, on the same segment; what takes the least processor time of those that agree with the reference is
taken, and the times are kept beside the prepared networks. One run each has to do: somebody waits.

In float32 the features have to agree. Where a backend computes in fewer digits they cannot, and the answers have to:
on some generated segments, which classes are named and how probable they are.
"""

import json
import logging
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from torch import Tensor

from adamml.engine.engine import Backend
from adamml.engine.graph_cache import fingerprint
from adamml.engine.probe_segments import probe_segments
from adamml.engine.submodules import LARGE_PART, example_of, parts_of
from adamml.files import cache_folder, write_whole
from adamml.nn import AdaMML

REFERENCE = "onnx"  # all figures of RESULTS.md were computed with it
WORTH_IT = 0.97  # of the reference's time: a difference below a few per cent is the clock's
TOLERANCE = 1e-3  # of the largest feature, in float32
PROBABILITY_TOLERANCE = 0.03  # of every class, in fewer digits
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What was found out.

    Attributes:
        chosen: a backend's name.
        seconds: backend -> of a processor, for one segment's frames; backends whose features differed are not there.
    """

    processor: str
    chosen: str
    seconds: Mapping[str, float]

    def __str__(self) -> str:
        times = ", ".join(f"{name} {1000 * value:.0f} ms" for name, value in self.seconds.items())
        return f"{self.chosen} on {self.processor}: one segment's frames take {times} of a core"


def fastest(network: AdaMML, backends: Mapping[str, Callable[[], Backend]]) -> Backend:
    """The backend to use. The seconds that finding out took, the first time, count as its preparation.

    Args:
        backends: name -> makes it ready; `REFERENCE` is among them. One that cannot be made is left out, and the log
            says why.

    Raises:
        Exception: whatever making the reference raises.
    """
    if (found := known(network, sorted(backends))) is not None and found.chosen in backends:
        try:
            return backends[found.chosen]()
        except Exception as error:
            _log.warning("%s cannot be used any more: %s", found.chosen, error)
            return backends[REFERENCE]()
    ready = {REFERENCE: backends[REFERENCE]()}
    prepared, began = ready[REFERENCE].preparation, time.perf_counter()
    for name in backends.keys() - {REFERENCE}:
        try:
            ready[name] = backends[name]()
        except Exception as error:  # a package that is missing or refuses the graph
            _log.info("%s is not available: %s", name, error)
    if len(ready) == 1:
        return ready[REFERENCE]
    found = timed(network, ready)
    _log.info("the networks run in %s", found)
    _keep(_key(network, sorted(backends)), found)
    ready[found.chosen].preparation = prepared + time.perf_counter() - began
    return ready[found.chosen]


def timed(network: AdaMML, ready: Mapping[str, Backend]) -> Timing:
    """Run each and choose."""
    frames = example_of(network, LARGE_PART)
    seconds = {}
    for name, backend in ready.items():
        if name != REFERENCE and (difference := _difference(network, backend, ready[REFERENCE])):
            _log.warning("%s computes other %s than %s and is not used", name, difference, REFERENCE)
            continue
        began = time.process_time()  # what it computes: on a busy machine it also waits, and not both for as long
        backend.run(LARGE_PART, frames, exclusive=False)
        seconds[name] = time.process_time() - began
    best = min(seconds, key=lambda name: seconds[name])
    chosen = best if seconds[best] < WORTH_IT * seconds[REFERENCE] else REFERENCE
    return Timing(processor=processor(), chosen=chosen, seconds=seconds)


def known(network: AdaMML, names: list[str]) -> Timing | None:
    """What was found out for a model, as it is installed and would be run now."""
    return kept().get(_key(network, names))


def kept() -> dict[str, Timing]:
    """What was found out on this machine, by model and versions."""
    try:
        read = json.loads(_file().read_text())
        return {key: Timing(**value) for key, value in read.items()}
    except (OSError, ValueError, TypeError, AttributeError, RuntimeError):  # nothing kept, or not by this version
        return {}


@cache
def processor() -> str:
    """Its name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _difference(network: AdaMML, backend: Backend, reference: Backend) -> str:
    """In what a backend differs from the reference by more than it may; empty when in nothing."""
    if backend.precision == "float32":
        frames = example_of(network, LARGE_PART)
        found, wanted = (each.run(LARGE_PART, frames, exclusive=True) for each in (backend, reference))
        return "" if bool((found - wanted).abs().max() <= TOLERANCE * wanted.abs().max()) else "features"
    for frames in probe_segments(network.kind.rgb):
        found, wanted = (
            network.recognizers["rgb"].classify(each.run(LARGE_PART, frames, exclusive=True)).softmax(-1)
            for each in (backend, reference)
        )
        if not same_answer(found[0], wanted[0]):
            return "answers"
    return ""


def same_answer(found_K: Tensor, wanted_K: Tensor) -> bool:
    """Whether probabilities say the same: no class's differs by more than `PROBABILITY_TOLERANCE`, and the first is
    the same unless two are as good as equal."""
    if not bool((found_K - wanted_K).abs().max() <= PROBABILITY_TOLERANCE):  # not so for NaN
        return False
    return bool(wanted_K.max() - wanted_K[found_K.argmax()] <= PROBABILITY_TOLERANCE / 2)


def _key(network: AdaMML, names: list[str]) -> str:
    packages = [_version(name) for name in ("onnxruntime", "openvino")]
    details = (processor(), torch.get_num_threads(), names, packages, tuple(example_of(network, LARGE_PART).shape))
    return fingerprint(parts_of(network)[LARGE_PART], *details)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _file() -> Path:
    return cache_folder() / "backends.json"


def _keep(key: str, found: Timing) -> None:
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        write_whole(_file(), json.dumps({name: asdict(timing) for name, timing in (kept() | {key: found}).items()}))
    except (OSError, RuntimeError) as error:
        _log.warning("which backend is faster cannot be kept (%s) and is found out at every start", error)
