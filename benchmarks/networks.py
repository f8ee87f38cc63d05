"""The networks by themselves, with frames and spectrograms in memory."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch

from adamml import Recognizer
from adamml.engine import Engine
from adamml.inference.feature_cache import FeatureCache
from adamml.inference.feature_view import FeatureView
from adamml.media import Clip, log_spectrogram, settings_for
from adamml.nn import MODALITIES
from adamml.nn.cost import Runs
from adamml.policies import ManualPolicy, get_policy
from benchmarks import published_way
from benchmarks.clock import Row, Turns
from benchmarks.material import MODEL, SEGMENTS, forced, write_clip

SIDE = 3072  # of the matrices whose product tells what the cores can do


def measure(folder: Path, rounds: int) -> Iterator[Row]:
    """Against the cores' peak, against the published behavior, and MACs against seconds."""
    model = Recognizer.load(MODEL)
    clip = Clip(write_clip(folder / "networks.mp4"), settings_for("local"), SEGMENTS)
    pixels = clip.frames(clip.segments)
    sounds = [log_spectrogram(clip.window(segment)) for segment in clip.segments]

    def remembered() -> FeatureCache:
        memory = FeatureCache(clip, model.ready.engine)
        for s in range(SEGMENTS):
            memory.put(("frames", s), pixels[s], 0.0)
            memory.put(("spectrogram", s), sounds[s], 0.0)
        return memory

    yield from _against_peak(model, [torch.from_numpy(pixels[s]) for s in range(SEGMENTS)], sounds, rounds)
    yield from _against_published(model, clip, remembered, rounds)
    yield from _seconds_against_macs(model, remembered, rounds)


def _against_peak(model: Recognizer, frames: list, sounds: list, rounds: int) -> Iterator[Row]:
    engine, cost = model.ready.engine, model.ready.cost
    a, b = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    macs = {"sgemm": SIDE**3}
    ways = {"sgemm": lambda: torch.mm(a, b)}
    for part, one in (
        ("features_rgb", cost.rgb - cost.rgb_classifier),
        ("features_audio", cost.audio - cost.audio_classifier),
        ("glimpse_rgb", cost.glimpse_rgb),
        ("glimpse_audio", cost.glimpse_audio),
    ):
        macs[part] = SEGMENTS * one
        ways[part] = partial(_drain, engine, part, frames if part.endswith("rgb") else sounds)
    turns = Turns(ways, rounds)
    for name in ways:
        yield Row(
            what=f"{name}, {SEGMENTS if name in macs else 1} segments: speed"
            if name != "sgemm"
            else f"product of two {SIDE} x {SIDE} matrices: speed",
            value=macs[name] / turns.median(name) / 1e9,
            unit="GMAC/s",
        )
    share = turns.ratio("sgemm", "features_rgb") * macs["features_rgb"] / macs["sgemm"]
    yield Row(what="RGB network's speed as a share of the matrix product's", value=share, goal=0.85)


def _drain(engine: Engine, part: str, inputs: list) -> None:
    for _ in engine.many(part, inputs):
        pass


def _run(memory: FeatureCache, policy: ManualPolicy) -> Runs:
    """Decide and run what is chosen."""
    evidence = FeatureView(memory)
    decisions = list(policy.begin(evidence).decide(range(SEGMENTS)))
    for m in MODALITIES:
        for _ in evidence.logits([d.segment for d in decisions if d.use[m]], m):
            pass
    return evidence.runs()


def _against_published(model: Recognizer, clip: Clip, remembered, rounds: int) -> Iterator[Row]:
    network = model.ready.engine.network
    seen = published_way.observed(clip)
    half = forced(0.5, base=get_policy("adamml"))
    used_SM = torch.tensor([[float(row[m]) for m in MODALITIES] for row in half.grid])
    turns = Turns(
        {
            "published": lambda: published_way.one_by_one(network, seen, used_SM),
            "batched": lambda: published_way.as_batch(network, seen, used_SM),
            "ours": lambda: _run(remembered(), half),
        },
        rounds,
    )
    yield Row(
        what="networks only, RGB 50 %, audio 100 %: everything run and masked",
        value=turns.median("published"),
        unit="s",
    )
    yield Row(what="the same as one batch", value=turns.median("batched"), unit="s")
    yield Row(what="the same here", value=turns.median("ours"), unit="s")
    yield Row(what="times as fast as the published behavior", value=turns.ratio("published", "ours"), goal=4.0)
    yield Row(what="times as fast as that in one batch", value=turns.ratio("batched", "ours"))


def _seconds_against_macs(model: Recognizer, remembered, rounds: int) -> Iterator[Row]:
    ways = {rate: forced(rate) for rate in (0.5, 1.0)}
    macs = {rate: model.ready.cost.full(_run(remembered(), policy)).total for rate, policy in ways.items()}
    turns = Turns(
        {str(rate): partial(lambda p: _run(remembered(), p), policy) for rate, policy in ways.items()}, rounds
    )
    saved_macs, saved_seconds = 1 - macs[0.5] / macs[1.0], 1 - 1 / turns.ratio("1.0", "0.5")
    yield Row(what="recognition, RGB 50 % against 100 %: MACs saved", value=saved_macs)
    yield Row(what="the same: seconds saved", value=saved_seconds)
    yield Row(what="seconds saved as a share of MACs saved", value=saved_seconds / saved_macs, goal=0.9)
