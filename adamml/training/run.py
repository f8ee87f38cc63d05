"""From the command's arguments to a finished run."""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from adamml.datasets.manifest import read_manifest
from adamml.datasets.sounds import SoundMaker
from adamml.datasets.sources import Sources
from adamml.files import check_folder, write_whole
from adamml.nn import AdaMML
from adamml.training.cached_feature_recipe import save_clips_model, train_clips
from adamml.training.config import PRESETS, ClipsPreset, EverydayPreset, Kinetics400Preset, Preset
from adamml.training.end_to_end import train_whole
from adamml.training.feature_bank import ComposedClips
from adamml.training.finalize import finish, save
from adamml.training.kinetics400.recipe import Kinetics400Run
from adamml.training.loop import TrainingError, leave_processes
from adamml.training.overrides import overridden, parse_setting
from adamml.training.photo_sound_recipe import EverydayRun, fills, share_backbone
from adamml.training.stage_audio import measure_audio
from adamml.training.stage_rgb import Tail, measure_tail, read_trunks
from adamml.weights.checkpoint import MODEL_FILE
from adamml.weights.model_lookup import resolve


def train(args: argparse.Namespace) -> int:
    """Run what was asked for.

    Raises:
        TrainingError: for an unknown preset, setting or stage, or when something that the preset needs was not named.
    """
    try:
        preset = PRESETS[args.preset]
    except KeyError:
        raise TrainingError(f"preset must be one of {', '.join(PRESETS)}, got {args.preset!r}") from None
    preset = overridden(preset, dict(map(parse_setting, args.set)))
    check_folder(args.out)
    if args.save is not None:
        check_folder(args.save, [MODEL_FILE], inputs=_read_by(preset, args))
    try:
        return _train(preset, args)
    finally:
        leave_processes()


def _train(preset: Preset, args: argparse.Namespace) -> int:
    if isinstance(preset, EverydayPreset):
        _need(args, "data", "pretrained")
        run = EverydayRun(preset=preset, data=args.data, pretrained=args.pretrained, folder=args.out)
        _everyday(run, args)
    elif isinstance(preset, Kinetics400Preset):
        _need(args, "data", "pretrained", "manifest")
        recipe = Kinetics400Run(
            preset=preset,
            data=args.data,
            manifest=read_manifest(args.manifest),
            pretrained=args.pretrained,
            folder=args.out,
            seeds=args.seeds,
        )
        recipe.run(args.save, args.version)
    else:
        _need(args, "manifest")
        if isinstance(preset, ClipsPreset):
            result = train_clips(preset, args.manifest, args.out, args.start)
            if args.save:
                save_clips_model(args.save, result, preset, args.start, args.save.absolute().name, args.version)
        else:
            train_whole(preset, args.manifest, args.out, start=args.start, save=args.save, version=args.version)
    return 0


def _read_by(preset: Preset, args: argparse.Namespace) -> list[Path]:
    """The description of the model that training begins with: saving over it would put another one in its place."""
    return [] if isinstance(preset, EverydayPreset | Kinetics400Preset) else [resolve(args.start) / MODEL_FILE]


def _need(args: argparse.Namespace, *names: str) -> None:
    for name in names:
        if getattr(args, name) is None:
            raise TrainingError(f"preset {args.preset!r} needs --{name}")


def _everyday(run: EverydayRun, args: argparse.Namespace) -> None:
    stages = [stage.strip() for stage in args.stages.split(",")]
    known = ("bank", "audio", "rgb", "rows", "measure")
    for stage in stages:
        if stage not in known:
            raise TrainingError(f"stages are {', '.join(known)}, got {stage!r}")
    sources = run.sources()
    network = run.new_network(len(sources.classes))
    if "bank" in stages:
        run.picture_bank(sources)
    if "audio" in stages:
        run.train_audio(network, sources)
    if "rgb" in stages:
        run.train_rgb(network)
    if not {"rows", "measure"} & set(stages):
        return
    if not {"audio", "rgb"} <= set(stages):
        run.load_recognizers(network)
    network.eval().requires_grad_(False)
    share_backbone(network)
    _rows(run, network, sources, args)


def _rows(run: EverydayRun, network: AdaMML, sources: Sources, args: argparse.Namespace) -> None:
    banks, missing = run.banks(network, sources), fills(network)
    plain = ComposedClips(banks["train"], missing, photos=run.preset.photos)
    run.train_fusion(network, plain)
    network.requires_grad_(False)
    clips = ComposedClips(banks["train"], missing, photos=run.preset.photos, dropout=run.preset.modality_dropout)
    by_seed: dict[int, dict[str, nn.Module]] = {
        seed: run.train_rows(network, clips, seed) for seed in range(args.seeds)
    }
    if "measure" not in args.stages:
        return
    results = run.folder / "results"
    done = finish(results, network, by_seed, banks, missing, sources.classes, run.preset.test_clips)
    stage1 = measure_stage1(run, network, sources)
    write_whole(results / "stage1.json", json.dumps(stage1, indent=2) + "\n")
    if args.save:
        first = by_seed[0]
        network.policy.load_state_dict(first["adamml"].state_dict())
        card = save(args.save, network, first, done, sources.classes, run.preset, stage1, args.version)
        run.say(f"{card.name} {card.version} written to {args.save}")


def measure_stage1(run: EverydayRun, network: AdaMML, sources: Sources) -> dict[str, Any]:
    """Top-1 of both recognizers alone, by class; takes a minute or two."""
    bank, path = run.folder / "bank", run.folder / "results" / "stage1.json"
    if path.exists():
        return dict(json.loads(path.read_text()))
    with torch.inference_mode():
        tests = {"photos": read_trunks(bank, "still-test"), "segments": read_trunks(bank, "test")}
        pictures = measure_tail(Tail(network.recognizers["rgb"].net), tests)
        sounds = measure_audio(network.recognizers["audio"], SoundMaker(sources.sounds, test=True))
    return {"rgb": _named(pictures, sources.classes), "audio": _named(sounds, sources.classes)}


def _named(found: dict[str, dict[str, float]], classes: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Class numbers replaced by names, figures rounded."""
    return {
        part: {classes[int(k)] if k.isdigit() else k: round(value, 2) for k, value in values.items()}
        for part, values in found.items()
    }
