"""A model from clips in a manifest, on top of a model that is there already (`ClipsPreset`), on a CPU.

Trunk, glimpses and audio backbone stay as they are and are run once per clip. Then all four stages: each
recognizer's classifier (and, where asked for, the last stage of RGB); the fusion weight; the policy; and the
classifiers once more under the policy's choices. The other rows follow.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adamml.datasets.manifest import SPLITS, ClipEntry, read_manifest
from adamml.evaluation.report import write_report
from adamml.evaluation.table import Table
from adamml.files import write_whole
from adamml.nn import ARCHITECTURES, AdaMML
from adamml.nn.confidence import softmax
from adamml.nn.segment_recognizer import SegmentRecognizer
from adamml.results.policy_spec import ROWS, deciding_networks
from adamml.training.cached_evaluation import CachedClips
from adamml.training.cached_features import CachedFeatures, cache_features
from adamml.training.config import ClipsPreset
from adamml.training.decider_jobs import decider_job
from adamml.training.feature_bank import Bank, ClipBatch, RecordedClips
from adamml.training.finalize import measured_rows
from adamml.training.joint import JointJob, JointModel, start_open
from adamml.training.loop import run
from adamml.training.measure import Rows, temperatures
from adamml.training.photo_sound_recipe import AlwaysOn, fills
from adamml.training.stage_rgb import RGBJob, Tail, TrunkBank, features_of
from adamml.training.trainable import check_learned, check_trainable
from adamml.weights.checkpoint import ModelCard, load_model, save_model
from adamml.weights.model_lookup import card_of

CALIBRATED_FROM = 10  # clips kept apart
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """For the model's card: policy -> temperature of its clip scores, and the rule for none of the classes."""

    temperatures: Mapping[str, float]
    unknown: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ClipsResult:
    """What a run ends with."""

    network: AdaMML
    deciders: dict[str, nn.Module]
    table: Table
    trained_on: int
    left_out: dict[str, str]
    calibration: Calibration


def train_clips(preset: ClipsPreset, manifest_path: Path, folder: Path, start: str, say: Say = print) -> ClipsResult:
    """All stages, then the table of the test side.

    Raises:
        TrainingError: when the manifest lacks a side of the split, a second class, or clips of one to learn from.
        ManifestError, CheckpointError: when either cannot be read.
    """
    manifest = read_manifest(manifest_path)
    check_trainable(manifest, SPLITS)
    folder.mkdir(parents=True, exist_ok=True)
    network = begin_with(start, len(manifest.classes))
    sides = {
        side: _cached(preset, manifest.side(side), manifest.classes, network, folder, start, say) for side in SPLITS
    }
    learned = {manifest.classes[number] for number in sides["train"].label.unique().tolist()}
    check_learned(manifest.classes, learned, "none of its training clips can be used")
    _stage1(preset, network, sides, folder, say)
    banks = {side: _banks(cached, network) for side, cached in sides.items()}
    missing = fills(network)
    network.eval().requires_grad_(False)

    plain = RecordedClips(banks["train"], sides["train"].present, missing)
    run(JointJob(JointModel(network, AlwaysOn()), plain, preset.warm_up, "fusion"), folder / "fusion", seed=0, say=say)
    clips = RecordedClips(banks["train"], sides["train"].present, missing, dropout=preset.modality_dropout)
    start_open(network.policy)
    run(JointJob(JointModel(network), clips, preset.policy), folder / "adamml", seed=0, say=say)
    run(JointJob(JointModel(network), plain, preset.last, "last"), folder / "last", seed=0, say=say)
    network.requires_grad_(False)
    banks = {side: _banks(cached, network) for side, cached in sides.items()}  # the classifiers have moved
    clips = RecordedClips(banks["train"], sides["train"].present, missing, dropout=preset.modality_dropout)
    deciders = _other_rows(preset, network, clips, folder, say)

    test = RecordedClips(banks["test"], sides["test"].present, missing)
    names = [*(name for name in ROWS if name in deciders or name not in deciding_networks()), "anytime"]
    calibration = calibrated(network, deciders, test.all(), names)
    rows = Rows(network=network, deciders=deciders, classes=manifest.classes, temperatures=calibration.temperatures)
    table = rows.table(test.all(), names)
    write_report(table, folder / "results")
    left_out = {path: why for cached in sides.values() for path, why in cached.left_out.items()}
    write_whole(folder / "left_out.json", json.dumps(left_out, indent=2) + "\n")
    trained_on = len(sides["train"].present)
    return ClipsResult(
        network=network,
        deciders=deciders,
        table=table,
        trained_on=trained_on,
        left_out=left_out,
        calibration=calibration,
    )


def calibrated(
    network: AdaMML, deciders: Mapping[str, nn.Module], tested: ClipBatch, policies: Sequence[str]
) -> Calibration:
    """How sure each policy may say it is, and below what it names none of the classes, from clips kept apart.

    Of the answers that are right, the nine in ten that are surest are kept. From fewer clips than `CALIBRATED_FROM`
    nothing is concluded.
    """
    if len(tested.label) < CALIBRATED_FROM:
        return Calibration(temperatures={}, unknown={})
    names = [name for name in policies if name not in ("random", "anytime")]  # anytime takes what AdaMML has
    scale = temperatures(network, deciders, tested, names)
    clips, unknown = CachedClips(network, deciders, tested), {}
    for name in names:
        logits = clips.logits(name).double().numpy()
        sure, right = softmax(logits / scale[name]).max(-1), logits.argmax(-1) == tested.label.numpy()
        if right.any():
            unknown[name] = {"score": "max_softmax", "threshold": round(float(np.quantile(sure[right], 0.1)), 4)}
    return Calibration(temperatures=scale, unknown=unknown)


def begin_with(model: str, classes: int) -> AdaMML:
    """A network for other classes with the backbones of a model; policy layers and classifiers are fresh."""
    old = load_model(model).network
    torch.manual_seed(0)
    # The table from sounds to actions knows the actions of Kinetics; other classes are learned from features.
    kind = ARCHITECTURES["i3d-tagger-linear"] if old.kind.name == "i3d-tagger" else old.kind
    network = AdaMML(classes, kind, fusion=kind.fusion)
    classifiers = [
        f"recognizers.{m}.{name}."
        for m, net in network.recognizers.each()
        for name, layer in net.named_modules()
        if layer is net.classifier
    ]
    fresh = (*classifiers, "policy.joint", "policy.lstm", "policy.heads", "rgb_weight")
    kept = {name: value for name, value in old.state_dict().items() if not name.startswith(fresh)}
    wanted = network.state_dict()
    network.load_state_dict({name: value for name, value in kept.items() if name in wanted}, strict=False)
    network.share_equal_glimpses()
    return network.eval()


def _cached(
    preset: ClipsPreset,
    entries: Sequence[ClipEntry],
    classes: Sequence[str],
    network: AdaMML,
    folder: Path,
    start: str,
    say: Say,
) -> CachedFeatures:
    cached = cache_features(
        entries,
        classes,
        network,
        preset.segments,
        folder / "segments",
        model=json.dumps(dict(card_of(start).files), sort_keys=True),
        keep_trunk=preset.rgb.steps > 0,
        say=say,
    )
    for clip, why in cached.left_out.items():
        say(f"left out: {clip}: {why}")
    return cached


def _stage1(preset: ClipsPreset, network: AdaMML, sides: dict[str, CachedFeatures], folder: Path, say: Say) -> None:
    """Both classifiers to convergence on fixed features; then, where asked for, the last stage of a ResNet."""
    train = sides["train"]
    has = train.present[train.clip] > 0  # N, M
    for place, (modality, features) in enumerate({"rgb": train.rgb, "audio": train.audio}.items()):
        if bool((here := has[:, place]).any()):
            fit_classifier(network.recognizers[modality], features[here], train.label[here], preset.probe_steps)
    test = sides["test"]
    if train.trunk is not None and test.trunk is not None:
        tail = Tail(network.recognizers["rgb"].net)
        bank = TrunkBank(trunk=train.trunk[has[:, 0]], label=train.label[has[:, 0]])
        tests = {"segments": TrunkBank(trunk=test.trunk, label=test.label)}
        run(RGBJob(tail, bank, bank, tests, preset.rgb), folder / "rgb", seed=preset.rgb.seed, say=say)


def fit_classifier(recognizer: SegmentRecognizer, features_ND: Tensor, label_N: Tensor, steps: int) -> None:
    """A recognizer's classifier on fixed features, by full-batch AdamW."""
    recognizer.eval()  # no dropout: the features do not change
    optimizer = torch.optim.AdamW(recognizer.classifier.parameters(), lr=1e-2, weight_decay=0.05)
    with torch.enable_grad():
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = 1e-2 * (1 - step / steps)
            loss = F.cross_entropy(recognizer.classify(features_ND), label_N, label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def _banks(cached: CachedFeatures, network: AdaMML) -> dict[str, Bank]:
    nets = network.recognizers.eval()
    rgb = cached.rgb
    if cached.trunk is not None:  # the stage after it was trained
        rgb = features_of(Tail(nets["rgb"].net), cached.trunk)
    shared = {"label": cached.label, "source": cached.clip}
    return {
        "rgb": Bank(glimpse=cached.glimpse_rgb, features=rgb, logits=nets["rgb"].classify(rgb), **shared),
        "audio": Bank(
            glimpse=cached.glimpse_audio, features=cached.audio, logits=nets["audio"].classify(cached.audio), **shared
        ),
    }


def _other_rows(
    preset: ClipsPreset, network: AdaMML, clips: RecordedClips, folder: Path, say: Say
) -> dict[str, nn.Module]:
    deciders: dict[str, nn.Module] = {"adamml": network.policy}
    for name in preset.rows:
        job, deciders[name] = decider_job(name, network, clips, preset)
        run(job, folder / name, seed=0, say=say)
    for module in deciders.values():
        module.eval().requires_grad_(False)
    return deciders


def save_clips_model(
    out: Path, result: ClipsResult, preset: ClipsPreset, start: str, name: str, version: str
) -> ModelCard:
    """The model folder. Its licence is that of the weights that it began with; its figures are those of the table."""
    base, table = card_of(start), result.table
    learned_from = f"{result.trained_on} clips of {len(table.classes)} classes"
    tested = f"of {len(table.clips)} clips kept apart, {right_of(table, 'adamml')} come out right"
    card = ModelCard(
        name=name,
        version=version,
        classes=table.classes,
        architecture=result.network.kind.name,
        sounds=base.sounds if result.network.kind.audio.names_sounds else (),
        licence=f"{base.licence} (inherited from {base.name} {base.version})",
        trained=f"{learned_from}, on top of {base.name} {base.version}, whose backbones stayed as they were; {tested}",
        temperatures=result.calibration.temperatures,
        unknown=result.calibration.unknown,
        facts={
            "preset": asdict(preset),
            "rgb_weight": float(result.network.rgb_weight.detach()),
            "measured": {
                "split": "clips of the test side of the manifest, none of which was learned from",
                "clips": len(table.clips),
                "rows": measured_rows(table),
            },
        },
    )
    return save_model(out, result.network, card, {k: v for k, v in result.deciders.items() if k != "adamml"})


def right_of(table: Table, policy: str) -> int:
    """How many clips a policy answers right."""
    row = table.row(policy)
    return 0 if row is None else round(row.top1.value * row.clips)
