"""Every row of the table on clips that it was not trained on: five folds over Kinetics' clips, one clip of each class.

For each fold the numbers of `fit`, the policies and the temperatures come from the other folds and from clips of other
sources; figures are summed over the folds. Figures of a fold never see its clips.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from adamml.evaluation.records import ClipRecord
from adamml.nn import AdaMML
from adamml.nn.cost import CostModel
from adamml.training.cached_evaluation import CachedClips
from adamml.training.config import PolicyStages
from adamml.training.decider_jobs import decider_job
from adamml.training.feature_bank import ClipBatch, Missing
from adamml.training.kinetics400.clips import RealClips, RealSegments
from adamml.training.kinetics400.fit import Fitted, fit_numbers, relabeled
from adamml.training.kinetics400.upper_bound import best_looks
from adamml.training.loop import run
from adamml.training.measure import Rows, temperatures

FOLDS = 5
EVEN = ("even-1", "even-2", "even-3", "even-5")
FIXED = ("rgb", "audio", "all", *EVEN)
LOOKS = ("anytime-1", "anytime-2", "anytime-3", "anytime-5")
STOPPING = (  # as sure as AdaMML's temperature makes them
    *("anytime@0.50", "anytime", "anytime@0.70", "anytime@0.80"),
    *("confident@0.50", "confident@0.70", "confident"),
)
LEARNED = ("adamml", "adamml-nocost", "liteeval", "cascade")
Say = Callable[[str], None]


def folds_of(label: Sequence[int], folds: int = FOLDS) -> list[int]:
    """The fold of every clip: those of a class go to one fold after the other, in the order they are listed."""
    seen: dict[int, int] = {}
    found = []
    for k in label:
        found.append(seen.get(k, 0) % folds)
        seen[k] = seen.get(k, 0) + 1
    return found


def folds_of_groups(group: Sequence[str], folds: int = FOLDS) -> list[int]:
    """The fold of every clip: groups go to one fold after the other, in the order of their names."""
    number = {name: k % folds for k, name in enumerate(sorted(set(group)))}
    return [number[name] for name in group]


@dataclass(frozen=True, kw_only=True)
class Split:
    """One fold: clips by number.

    Attributes:
        train: that policies are trained on; numbers_from: that numbers and temperatures are fitted on.
        test: that answer.
    """

    train: Sequence[int]
    numbers_from: Sequence[int]
    test: Sequence[int]


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
        job, decider = decider_job(name, network, source, stages, seed)
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
    split: Split,
    missing: Missing,
    stages: PolicyStages,
    folder: Path,
    classes: Sequence[str],
    *,
    seed: int,
    hurt: bool = True,
    say: Say = print,
) -> FoldResult:
    """Fit and train on one part of the clips, answer for the other.

    Args:
        names: of all clips, for the records.
        hurt: answer for the clips with damaged spans as well, which takes clips of two classes at least.
    """
    network.requires_grad_(False)
    fitted = fit_numbers(network, known, split.numbers_from)
    known = relabeled(known, network)
    deciders = train_rows(network, known, split.train, missing, stages, folder, seed=seed, say=say)
    rows = [*FIXED, *LEARNED]
    learned_on = RealClips(known, split.numbers_from, missing).all()
    scale = temperatures(network, deciders, learned_on, rows)
    measured = Rows(network=network, deciders=deciders, classes=classes, temperatures=scale)
    test, cost = RealClips(known, split.test, missing), CostModel.of(network)

    def answered(batch: ClipBatch) -> dict[str, list[ClipRecord]]:
        found = measured.records(batch, [*rows, *LOOKS, *STOPPING, "random"])
        return found | best_looks(CachedClips(network, deciders, batch), cost, scale["all"])

    found = answered(test.all())
    found_damaged = answered(test.all(damaged=True, seed=1)) if hurt else {}
    return FoldResult(
        records=_named(found, names, split.test), damaged=_named(found_damaged, names, split.test), fitted=fitted
    )


def _named(
    found: Mapping[str, list[ClipRecord]], names: Sequence[str], clips: Sequence[int]
) -> dict[str, list[ClipRecord]]:
    return {
        policy: [replace(record, clip=names[clip]) for record, clip in zip(records, clips, strict=True)]
        for policy, records in found.items()
    }
