"""The default model in every backend that this processor has: against a matrix product, and whole analyses."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch

from adamml import Recognizer
from adamml.engine.backend_choice import BACKENDS
from adamml.engine.backend_timing import processor
from adamml.engine.submodules import LARGE_PART, example_of
from adamml.nn import MODALITIES
from adamml.policies import get_policy
from benchmarks import published_way
from benchmarks.clock import Row, Turns
from benchmarks.material import SEGMENTS, forced, write_clip
from benchmarks.networks import SIDE

MODEL = "kinetics-400"
GOALS = {"float32": (1.0, 6.0, 4.0), "bfloat16": (1.8, 3.5, 6.0)}  # of a processor with AVX-512: speed, seconds, times


def measure(folder: Path, rounds: int) -> Iterator[Row]:
    """One segment at a time, and ten seconds of 1280 x 720 from the file to the answer."""
    print(f"  {processor()}")
    models = dict(_models())
    network = next(iter(models.values())).ready.engine.network
    yield from _speed(models, rounds)
    path = write_clip(folder / "backends.mp4")
    some, half = (forced(share, base=get_policy("adamml")) for share in (0.4, 0.5))
    used_SM = torch.tensor([[float(row[m]) for m in MODALITIES] for row in some.grid])
    turns = Turns(
        {"published": lambda: published_way.analysis(network, path, used_SM, batched=False)}
        | {f"{name}, everything": partial(model.analyze, path, "all", SEGMENTS) for name, model in models.items()}
        | {f"{name}, 40 %": partial(model.analyze, path, some, SEGMENTS) for name, model in models.items()}
        | {f"{name}, 50 %": partial(model.analyze, path, half, SEGMENTS) for name, model in models.items()},
        rounds,
    )
    yield Row(what="everything run and masked, plain torch", value=turns.median("published"), unit="s")
    reference = models["onnx"]
    everything, less = (reference.analyze(path, policy, SEGMENTS).macs.total for policy in ("all", some))
    for name, model in models.items():
        _, seconds, times = GOALS[model.precision]
        whole, part = f"{name}, everything", f"{name}, 40 %"
        yield Row(what=whole, value=turns.median(whole), unit="s", goal=seconds, below=True)
        yield Row(what=f"{part} of looks (forced)", value=turns.median(part), unit="s")
        yield Row(
            what=f"{name}: 40 % as a share of everything", value=1 / turns.ratio(whole, part), goal=0.5, below=True
        )
        saved = (1 - 1 / turns.ratio(whole, part)) / (1 - less / everything)
        yield Row(what=f"{name}: seconds saved as a share of MACs saved", value=saved, goal=0.9)
        fast = turns.ratio("published", f"{name}, 50 %")
        yield Row(what=f"{name}: times as fast as published at 50 %", value=fast, goal=times)


def _models() -> Iterator[tuple[str, Recognizer]]:
    """Those that this processor and what is installed allow."""
    for name in BACKENDS:
        if not name.startswith("auto"):
            model = Recognizer.load(MODEL, backend=name, device="cpu")
            if model.backend == name:
                yield name, model


def _speed(models: dict[str, Recognizer], rounds: int) -> Iterator[Row]:
    """Of the RGB recognizer, on all cores, with frames in memory."""
    a, b = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    any_model = next(iter(models.values())).ready
    frames, macs = example_of(any_model.engine.network, LARGE_PART), any_model.cost.rgb
    ways = {"product": lambda: torch.mm(a, b)} | {
        name: partial(model.ready.engine.backend.run, LARGE_PART, frames, exclusive=True)
        for name, model in models.items()
    }
    turns = Turns(ways, rounds)
    peak = SIDE**3 / turns.median("product") / 1e9
    yield Row(what=f"product of two {SIDE} x {SIDE} matrices, float32", value=peak, unit="GMAC/s")
    for name, model in models.items():
        yield Row(what=f"{name}: RGB recognizer", value=macs / turns.median(name) / 1e9, unit="GMAC/s")
        share = turns.ratio("product", name) * macs / SIDE**3
        yield Row(what=f"{name}: as a share of the product's", value=share, goal=GOALS[model.precision][0])
