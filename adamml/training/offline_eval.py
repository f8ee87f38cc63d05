"""Every row of the table on clips composed in memory: what each policy would decide, answer and cost.

The decisions are those that the recogniser makes segment by segment; a test holds both equal. MACs are counted from
what would have run; seconds are not measured here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from adamml.evaluation.records import ClipRecord
from adamml.nn import MODALITIES, AdaMML, fuse
from adamml.nn.cost import CostModel, Runs
from adamml.nn.running_fusion import RunningFusion
from adamml.policies.confident import LEVEL, spread_order, until_sure
from adamml.policies.fixed import evenly
from adamml.training.feature_bank import ClipBatch


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one policy did with a batch."""

    decisions: Tensor  # B, S, M
    probability: Tensor | None  # B, S, M, or NaN where the policy has no opinion
    clip_logits: Tensor  # B, K
    decider: str = ""
    glimpses: bool = False
    judges: bool = False


def outcome_of(
    name: str,
    network: AdaMML,
    deciders: Mapping[str, nn.Module],
    batch: ClipBatch,
    rates: tuple[float, float] = (0.5, 0.5),
    seed: int = 0,
    temperature: float = 1.0,
) -> Outcome:
    """What a policy does with a batch of cached clips.

    Args:
        name: a policy's name, with or without a budget such as `adamml@0.30`; `random` uses `rates` and `seed`.
        temperature: of clip scores, for a policy that goes by its own certainty.

    Raises:
        KeyError: for a learned policy without a network.
    """
    base, _, budget = name.partition("@")
    threshold = float(budget) if budget else None
    with torch.inference_mode():
        if base in ("rgb", "audio", "all", "random") or base.startswith("even-"):
            return _fixed(base, network, batch, rates, seed)
        if base == "confident":
            return _confident(network, batch, LEVEL if threshold is None else threshold, temperature)
        if base == "cascade":
            return _cascade(network, deciders[base], batch, threshold)
        if base == "liteeval":
            return _liteeval(network, deciders[base], batch)
        return _learned(base, network, deciders[base], batch, threshold)


def _cached(batch: ClipBatch) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor], Mapping[str, Tensor]]:
    assert batch.glimpse is not None
    assert batch.features is not None
    assert batch.logits is not None
    return batch.glimpse, batch.features, batch.logits


def _fixed(base: str, network: AdaMML, batch: ClipBatch, rates: tuple[float, float], seed: int) -> Outcome:
    shape = batch.uniform.shape[:3]
    chosen = {"rgb": (1.0, 0.0), "audio": (0.0, 1.0), "all": (1.0, 1.0)}
    probability = None
    if base == "random":
        toss = torch.from_numpy(np.random.default_rng(seed).random(tuple(shape)))
        decisions = (toss < torch.tensor(rates)).float()
        probability = torch.tensor(rates).expand(shape)
    elif base.startswith("even-"):
        decisions = torch.zeros(shape)
        decisions[:, list(evenly(int(base.removeprefix("even-")), shape[1])), 0] = 1.0
        decisions[..., 1] = 1.0
    else:
        decisions = torch.tensor(chosen[base]).expand(shape)
    decisions = _never_empty(decisions * batch.present[:, None], probability, batch)
    return Outcome(decisions=decisions, probability=probability, clip_logits=_fused(network, batch, decisions))


def _confident(network: AdaMML, batch: ClipBatch, level: float, temperature: float) -> Outcome:
    """Clip by clip, since each stops for itself."""
    _, _, logits = _cached(batch)
    count = batch.uniform.shape[1]
    decisions = batch.present[:, None].expand(-1, count, -1).clone()
    decisions[..., 0] = 0
    for clip, (has_picture, has_sound) in enumerate(batch.present.bool().tolist()):
        answer = RunningFusion(network.num_classes, network.rgb_weight, network.kind.fusion)
        for s in range(count if has_sound else 0):
            answer.add(s, "audio", logits["audio"][clip, s])
        order, seen = spread_order(count if has_picture else 0), logits["rgb"][clip]
        decisions[clip, list(until_sure(answer, order, seen.__getitem__, level, temperature)), 0] = 1
    return Outcome(decisions=decisions, probability=None, clip_logits=_fused(network, batch, decisions))


def _fused(network: AdaMML, batch: ClipBatch, decisions: Tensor) -> Tensor:
    _, _, logits = _cached(batch)
    return fuse(logits["rgb"], logits["audio"], decisions, network.rgb_weight, network.kind.fusion)[1]


def _never_empty(decisions: Tensor, probability: Tensor | None, batch: ClipBatch) -> Tensor:
    """The session's last resort: where nothing was chosen, the most probable cell is run."""
    empty = decisions.flatten(1).sum(1) == 0
    if probability is not None and bool(empty.any()):
        here = batch.present[:, None].expand_as(decisions)
        known = torch.where((here > 0) & ~probability.isnan(), probability, torch.tensor(-1.0))
        best = known.flatten(1).argmax(1)
        decisions = decisions.clone()
        decisions.flatten(1)[empty, best[empty]] = 1.0
    return decisions


def _learned(base: str, network: AdaMML, policy: nn.Module, batch: ClipBatch, threshold: float | None) -> Outcome:
    glimpse, _, _ = _cached(batch)
    logits = policy.from_features(*(glimpse[m] for m in MODALITIES))
    probability = logits.softmax(-1)[..., 1]
    chosen = logits.argmax(-1).float() if threshold is None else (probability >= threshold).float()
    decisions = _never_empty(chosen * batch.present[:, None], probability, batch)
    return Outcome(
        decisions=decisions,
        probability=probability,
        clip_logits=_fused(network, batch, decisions),
        decider=base,
        glimpses=True,
    )


def _cascade(network: AdaMML, cascade: nn.Module, batch: ClipBatch, threshold: float | None) -> Outcome:
    _, features, logits = _cached(batch)
    heard = batch.present[:, None, 1:].expand(-1, batch.uniform.shape[1], -1)  # B, S, 1

    def decide(logits_B2: Tensor) -> Tensor:
        if threshold is None:
            return logits_B2.argmax(-1).float()
        return (logits_B2.softmax(-1)[:, 1] >= threshold).float()

    weight, seen = network.rgb_weight, batch.present[:, :1]
    look_logits, look = cascade(features["audio"], logits["audio"], logits["rgb"], heard, seen, weight, decide)
    probability = look_logits.softmax(-1)[..., 1]
    decisions = torch.stack((look, heard[..., 0]), -1)
    both = torch.stack((probability, torch.full_like(probability, torch.nan)), -1)
    decisions = _never_empty(decisions, both, batch)
    return Outcome(
        decisions=decisions, probability=both, clip_logits=_fused(network, batch, decisions), decider="cascade"
    )


def _liteeval(network: AdaMML, net: nn.Module, batch: ClipBatch) -> Outcome:
    glimpse, features, _ = _cached(batch)
    coarse = torch.cat([glimpse[m] for m in MODALITIES], -1)
    fine = torch.cat([features[m] * batch.present[:, None, i : i + 1] for i, m in enumerate(MODALITIES)], -1)
    gates, decisions, classes = net(coarse, fine, lambda gate: gate.argmax(-1).float())
    probability = gates.softmax(-1)[..., 1][..., None].expand(-1, -1, len(MODALITIES))
    cells = decisions[..., None] * batch.present[:, None]
    if not net.names_classes:
        cells = _never_empty(cells, probability, batch)
    return Outcome(
        decisions=cells,
        probability=probability,
        clip_logits=classes[:, -1] if net.names_classes else _fused(network, batch, cells),
        decider="liteeval",
        glimpses=True,
        judges=net.names_classes,
    )


def runs_of(outcome: Outcome, batch: ClipBatch, shared: frozenset[str] = frozenset()) -> list[Runs]:
    """What ran for every clip of the batch."""
    segments = outcome.decisions.shape[1]
    used = outcome.decisions.sum(1).long().tolist()
    either = (outcome.decisions.sum(-1) > 0).sum(1).tolist()
    found = []
    for clip, (rgb, audio) in enumerate(used):
        has = [bool(flag) for flag in batch.present[clip].tolist()]
        seen, heard = (segments if outcome.glimpses and here else 0 for here in has)
        found.append(
            Runs(
                rgb=rgb,
                audio=audio,
                features_rgb=seen if "rgb" in shared else 0,
                features_audio=heard if "audio" in shared else 0,
                glimpse_rgb=0 if "rgb" in shared else seen,
                glimpse_audio=0 if "audio" in shared else heard,
                decider=outcome.decider or "adamml",
                decide=segments if outcome.decider else 0,
                judge=either[clip] if outcome.judges else 0,
                fuse=0 if outcome.judges else either[clip],
            )
        )
    return found


def records_of(
    name: str, outcome: Outcome, batch: ClipBatch, cost: CostModel, temperature: float = 1.0
) -> list[ClipRecord]:
    """The outcome as evaluation records; clips are named by their number."""
    scores = (outcome.clip_logits.double() / temperature).softmax(1)
    present = batch.present.bool().tolist()
    records = []
    for clip, runs in enumerate(runs_of(outcome, batch, cost.shared)):
        segments = outcome.decisions.shape[1]
        records.append(
            ClipRecord(
                clip=f"{clip:05d}",
                policy=name,
                label=int(batch.label[clip]),
                scores=scores[clip].tolist(),
                decisions=outcome.decisions[clip].int().tolist(),
                probabilities=_opinions(outcome, clip, present[clip]),
                available=(tuple(present[clip]),) * segments,
                macs=cost.full(runs).total,
                macs_published=cost.published(runs).total,
                cells=None if batch.truth is None else batch.truth[clip].tolist(),
            )
        )
    return records


def _opinions(outcome: Outcome, clip: int, present: Sequence[bool]) -> tuple[tuple[float | None, ...], ...]:
    if outcome.probability is None:
        return ((None, None),) * outcome.decisions.shape[1]
    return tuple(
        tuple(None if p != p or not here else float(p) for p, here in zip(row, present, strict=True))
        for row in outcome.probability[clip].tolist()
    )
