"""Every row of the table on clips that it was not trained on: five folds over Kinetics' clips, one clip of each class.

For each fold the numbers of `fit`, the policies and the temperatures come from the other folds and from clips of other
sources; figures are summed over the folds. Figures of a fold never see its clips.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from adamml.evaluation.records import ClipRecord
from adamml.nn import AdaMML
from adamml.nn.policy_networks import new_policy_network
from adamml.training.cascade_trainer import CascadeJob, CascadeStage
from adamml.training.feature_bank import Missing
from adamml.training.joint import JointJob, JointModel, JointStage
from adamml.training.kinetics400.clips import RealClips, RealSegments
from adamml.training.kinetics400.fit import Fitted, fit_numbers, relabelled
from adamml.training.liteeval_trainer import LiteEvalJob, LiteEvalStage
from adamml.training.loop import Job, run
from adamml.training.measure import Rows, temperatures
from adamml.training.photo_sound_recipe import start_open

FOLDS = 5
EVEN = ("even-1", "even-2", "even-3", "even-5")
FIXED = ("rgb", "audio", "all", *EVEN)
LEARNED = ("adamml", "adamml-nocost", "liteeval", "cascade")
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class PolicyStages:
    """How the rows of `kinetics-400` are trained.

    Attributes:
        damaged: share of training clips whose spans are damaged.
        modality_dropout: share of training clips that lose their picture, and the same again their sound.
    """

    policy: JointStage = field(
        default_factory=lambda: JointStage(epochs=8, batch=64, rate=2e-4, cost_weights=(2.0, 0.02), decay=1e-4)
    )
    cascade: CascadeStage = field(default_factory=lambda: CascadeStage(steps=150, batch=64, look_cost=1.5))
    liteeval: LiteEvalStage = field(default_factory=lambda: LiteEvalStage(steps=200, batch=64, target=0.35))
    damaged: float = 0.5
    modality_dropout: float = 0.05


def folds_of(label: Sequence[int], folds: int = FOLDS) -> list[int]:
    """The fold of every clip: those of a class go to one fold after the other, in the order they are listed."""
    seen: dict[int, int] = {}
    found = []
    for k in label:
        found.append(seen.get(k, 0) % folds)
        seen[k] = seen.get(k, 0) + 1
    return found


def train_rows(
    network: AdaMML,
    known: RealSegments,
    clips: Sequence[int],
    missing: Missing,
    stages: PolicyStages,
    folder: Path,
    *,
    seed: int,
    names: Sequence[str] = LEARNED,
    say: Say = print,
) -> dict[str, nn.Module]:
    """The learned rows with one seed, on these clips; recognizers stay as they are."""
    source = RealClips(known, clips, missing, damaged=stages.damaged, dropout=stages.modality_dropout)
    found: dict[str, nn.Module] = {}
    for name in names:
        torch.manual_seed(seed)
        decider = new_policy_network("adamml-own" if name == "adamml" else name, network)
        job: Job
        if name == "cascade":
            job = CascadeJob(network, decider, source, replace(stages.cascade, seed=seed))
        elif name == "liteeval":
            job = LiteEvalJob(decider, network, source, replace(stages.liteeval, seed=seed))
        else:
            start_open(decider)
            config = replace(stages.policy, seed=seed)
            if name == "adamml-nocost":
                config = replace(config, cost_weights=None)
            job = JointJob(JointModel(network, decider), source, config, name)
        run(job, folder / name, seed=seed, save_every=10_000, log_every=100, say=say)
        found[name] = decider.eval().requires_grad_(False)
    return found


@dataclass(frozen=True, kw_only=True)
class FoldResult:
    """What one fold says.

    Attributes:
        records: policy -> records of the fold's clips; damaged: the same, with damaged spans.
        fitted: the numbers.
    """

    records: Mapping[str, list[ClipRecord]]
    damaged: Mapping[str, list[ClipRecord]]
    fitted: Fitted


def run_fold(
    network: AdaMML,
    known: RealSegments,
    names: Sequence[str],
    train: Sequence[int],
    numbers_from: Sequence[int],
    test: Sequence[int],
    missing: Missing,
    stages: PolicyStages,
    folder: Path,
    classes: Sequence[str],
    *,
    seed: int,
    say: Say = print,
) -> FoldResult:
    """Fit and train on one part of the clips, answer for the other.

    Args:
        names: of all clips, for the records.
        train: clips that policies are trained on; numbers_from: those that numbers and temperatures are fitted on.
        test: the fold's clips.
    """
    network.requires_grad_(False)
    fitted = fit_numbers(network, known, numbers_from)
    known = relabelled(known, network)
    deciders = train_rows(network, known, train, missing, stages, folder, seed=seed, say=say)
    rows = [*FIXED, *LEARNED]
    learned_on = RealClips(known, numbers_from, missing).all()
    scale = temperatures(network, deciders, learned_on, rows)
    measured = Rows(network=network, deciders=deciders, classes=classes, temperatures=scale)
    clean, damaged = (RealClips(known, test, missing).all(damaged=hurt, seed=1) for hurt in (False, True))
    found, found_damaged = (measured.records(batch, [*rows, "random"]) for batch in (clean, damaged))
    return FoldResult(records=_named(found, names, test), damaged=_named(found_damaged, names, test), fitted=fitted)


def _named(
    found: Mapping[str, list[ClipRecord]], names: Sequence[str], clips: Sequence[int]
) -> dict[str, list[ClipRecord]]:
    return {
        policy: [replace(record, clip=names[clip]) for record, clip in zip(records, clips, strict=True)]
        for policy, records in found.items()
    }
