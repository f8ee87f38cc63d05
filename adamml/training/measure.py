"""Measuring every row of a finished everyday run on composed clips of the test side, in memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from adamml.evaluation.calibration import fit_temperature
from adamml.evaluation.records import ClipRecord
from adamml.evaluation.table import Table, summarize
from adamml.nn import AdaMML
from adamml.nn.cost import CostModel
from adamml.results.policy_spec import ROWS, base_name
from adamml.training.cached_evaluation import CachedClips
from adamml.training.feature_bank import ClipBatch, ClipSource

BUDGETS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95)
TEST_SEED, CALIBRATION_SEED, NOTHING_SEED = 99, 77, 55


def clips_of(source: ClipSource, count: int, seed: int) -> ClipBatch:
    """A fixed set of clips."""
    return source.draw([np.random.default_rng([seed, clip]) for clip in range(count)])


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A model with all its deciders, ready to be measured.

    Attributes:
        temperatures: policy -> T of its clip scores; AdaMML's, or else 1, where none is named, as `ModelCard` has it.
    """

    network: AdaMML
    deciders: Mapping[str, nn.Module]
    classes: Sequence[str]
    temperatures: Mapping[str, float]

    def records(self, batch: ClipBatch, names: Iterable[str]) -> dict[str, list[ClipRecord]]:
        """Policy -> its records; `random` runs at the rates that `adamml` had."""
        cost, clips = CostModel.of(self.network, self.deciders), CachedClips(self.network, self.deciders, batch)
        names = list(names)
        rates = clips.rates("adamml") if "random" in names else (0.5, 0.5)
        return {name: clips.records(name, cost, rates, self.temperature(name)) for name in names}

    def temperature(self, policy: str) -> float:
        """Of a policy's clip scores."""
        known = self.temperatures
        return known.get(policy, known.get(base_name(policy), known.get("adamml", 1.0)))

    def table(self, batch: ClipBatch, names: Iterable[str] = ROWS, **facts: Any) -> Table:
        """The table of these policies on these clips."""
        found = self.records(batch, names)
        return summarize(found, classes=self.classes, facts={"clips from": "banks of segments", **facts})


def temperatures(
    network: AdaMML, deciders: Mapping[str, nn.Module], batch: ClipBatch, names: Iterable[str] = ROWS
) -> dict[str, float]:
    """Policy -> the temperature that fits its clip logits best on these clips."""
    clips, found = CachedClips(network, deciders, batch), {}
    for name in names:
        logits = clips.logits(name).numpy()
        found[name] = round(fit_temperature(logits, batch.label.numpy()).temperature, 4)
    return found


def unknown_scores(
    network: AdaMML, deciders: Mapping[str, nn.Module], known: ClipBatch, nothing: ClipBatch, name: str
) -> dict[str, np.ndarray]:
    """Clip logits of a policy: `known`, `nothing`, and `left_out`: known clips with their own class struck out.

    A class that is struck out stands in for one that the model was never taught. That flatters the model: its
    features still were.
    """
    logits = CachedClips(network, deciders, known).logits(name).numpy()
    left_out = logits.copy()
    left_out[np.arange(len(logits)), known.label.numpy()] = -1e9
    return {
        "known": logits,
        "left_out": left_out,
        "nothing": CachedClips(network, deciders, nothing).logits(name).numpy(),
    }
