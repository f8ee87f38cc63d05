"""Whole analyses, from the file to the answer, of a generated clip of 10 s and 1280 x 720."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch

from adamml import Recognizer
from adamml.nn import MODALITIES
from adamml.policies import Policy, get_policy
from benchmarks import published_way
from benchmarks.clock import Row, Turns
from benchmarks.material import MODEL, SEGMENTS, forced, write_clip

HALF = "adamml, RGB 50 %, audio 100 % (forced)"
BLIND = "adamml, RGB 0 %, audio 100 % (forced)"
DEAF_TO_DOUBT = "cascade where sound decides (looks nowhere)"


def measure(folder: Path, rounds: int) -> Iterator[Row]:
    """Each policy against everything run and masked with the same decoder, and the cascade against AdaMML."""
    model, path = Recognizer.load(MODEL), write_clip(folder / "whole.mp4")
    adamml = get_policy("adamml")
    half = forced(0.5, base=adamml)
    used_SM = torch.tensor([[float(row[m]) for m in MODALITIES] for row in half.grid])
    network = model.ready.engine.network
    policies: dict[str, Policy] = {
        HALF: half,
        BLIND: forced(0.0, base=adamml),
        DEAF_TO_DOUBT: get_policy("cascade@1.0"),
        "all": get_policy("all"),
        "rgb": get_policy("rgb"),
        "audio": get_policy("audio"),
    }
    ways: dict[str, Callable[[], object]] = {
        "published": lambda: published_way.analysis(network, path, used_SM, batched=False),
        "batched": lambda: published_way.analysis(network, path, used_SM, batched=True),
    }
    ways |= {name: partial(model.analyze, path, policy, SEGMENTS) for name, policy in policies.items()}
    turns = Turns(ways, rounds)
    yield Row(what="whole analysis: everything run and masked", value=turns.median("published"), unit="s")
    yield Row(what="the same as one batch", value=turns.median("batched"), unit="s")
    for name in policies:
        yield Row(what=name, value=turns.median(name), unit="s")
        yield Row(
            what=f"{name}: times as fast as the published behavior",
            value=turns.ratio("published", name),
            goal=3.0 if name == HALF else None,
        )
    yield Row(what=f"{HALF}: times as fast as one batch", value=turns.ratio("batched", HALF))
    yield Row(
        what="cascade where sound decides: times as fast as adamml at RGB 50 %", value=turns.ratio(HALF, DEAF_TO_DOUBT)
    )
    yield Row(
        what="cascade where sound decides: times as fast as adamml that looks nowhere",
        value=turns.ratio(BLIND, DEAF_TO_DOUBT),
        goal=2.0,
    )
