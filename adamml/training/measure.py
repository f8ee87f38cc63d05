"""Measuring every row of a finished everyday run on composed clips of the test side, in memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from adamml.evaluation.calibration import fit_temperature
from adamml.evaluation.records import ClipRecord
from adamml.evaluation.table import Table, summarise
from adamml.nn import AdaMML
from adamml.nn.cost import CostModel
from adamml.training.feature_bank import ClipBatch, ClipSource
from adamml.training.offline_eval import outcome_of, records_of

ROWS = ("rgb", "audio", "all", "adamml", "adamml-nocost", "cascade", "liteeval", "random")
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
        cost = CostModel.of(self.network, self.deciders)
        rates = self.rates(batch)
        found = {}
        for name in names:
            heat = self.temperatures.get(name.partition("@")[0], self.temperatures.get("adamml", 1.0))
            outcome = outcome_of(name, self.network, self.deciders, batch, rates, temperature=heat)
            found[name] = records_of(name, outcome, batch, cost, heat)
        return found

    def rates(self, batch: ClipBatch) -> tuple[float, float]:
        """AdaMML's own selection rates."""
        decisions = outcome_of("adamml", self.network, self.deciders, batch).decisions
        rgb, audio = decisions.mean((0, 1)).tolist()
        return rgb, audio

    def table(self, batch: ClipBatch, names: Iterable[str] = ROWS, **facts: Any) -> Table:
        """The table of these policies on these clips."""
        found = self.records(batch, names)
        return summarise(found, classes=self.classes, facts={"clips from": "banks of segments", **facts})


def temperatures(
    network: AdaMML, deciders: Mapping[str, nn.Module], batch: ClipBatch, names: Iterable[str] = ROWS
) -> dict[str, float]:
    """Policy -> the temperature that fits its clip logits best on these clips."""
    found = {}
    for name in names:
        logits = outcome_of(name, network, deciders, batch).clip_logits.numpy()
        found[name] = round(fit_temperature(logits, batch.label.numpy()).temperature, 4)
    return found


def unknown_scores(
    network: AdaMML, deciders: Mapping[str, nn.Module], known: ClipBatch, nothing: ClipBatch, name: str
) -> dict[str, np.ndarray]:
    """Clip logits of a policy: `known`, `nothing`, and `left_out`: known clips with their own class struck out.

    A class that is struck out stands in for one that the model was never taught. That flatters the model: its
    features still were.
    """
    logits = outcome_of(name, network, deciders, known).clip_logits.numpy()
    left_out = logits.copy()
    left_out[np.arange(len(logits)), known.label.numpy()] = -1e9
    return {
        "known": logits,
        "left_out": left_out,
        "nothing": outcome_of(name, network, deciders, nothing).clip_logits.numpy(),
    }
