"""From a project to its model: check the clips, look and listen once, train, measure, write model and card.

Every step leaves what the next one needs on disk, so that a project that was stopped goes on where it was.
"""

import json
from collections.abc import Callable, Mapping
from math import sqrt
from pathlib import Path
from typing import Any

from adamml.datasets.custom_clips import list_own_clips
from adamml.datasets.manifest import read_manifest, write_manifest
from adamml.files import write_whole
from adamml.training.cached_feature_recipe import save_clips_model, train_clips
from adamml.training.project import Project
from adamml.weights.checkpoint import MODEL_FILE, ModelCard, read_card

Say = Callable[[str], None]
MANIFEST, CHECKS, RUN, MODEL = "manifest.csv", "checks.json", "run", "model"


def run_project(folder: Path, project: Project, *, workers: int, say: Say = print) -> ModelCard:
    """Do what is not done yet; returns the card of the finished model.

    Raises:
        ManifestError: when the clips are not enough, or a list cannot be used.
        TrainingError, CheckpointError: when training cannot begin or go on.
        OSError: when the folder cannot be written.
    """
    manifest, model = folder / MANIFEST, folder / MODEL
    if not manifest.exists():
        say("1 of 4: looking the clips over")
        _check_clips(folder, project, workers, say)
    if not (model / MODEL_FILE).exists():
        say("2 of 4: looking at and listening to every clip once; 3 of 4: training; this takes a while")
        preset = project.chosen_preset()
        result = train_clips(preset, manifest, folder / RUN, project.start, say)
        say("4 of 4: writing the model")
        card = save_clips_model(model, result, preset, project.start, project.name, "1.0")
        sides = {side: len(read_manifest(manifest).side(side)) for side in ("train", "test")}
        write_whole(folder / "README.md", describe(card, project, sides))
    return read_card(model)


def _check_clips(folder: Path, project: Project, workers: int, say: Say) -> None:
    own = list_own_clips(
        Path(project.clips),
        test_share=project.test_share,
        seed=project.seed,
        separator=project.separator or None,
        shared_sources=project.shared_sources,
        workers=workers,
        say=say,
    )
    checks = {"classes": own.counts(), "left_out": own.left_out.by_name(), "notes": own.notes}
    write_whole(folder / CHECKS, json.dumps(checks, indent=2, ensure_ascii=False) + "\n")
    for label, sides in own.counts().items():
        say(f"class {label}: {sides['train']} clips to learn from, {sides['test']} kept apart to measure on")
    for line in (*own.left_out.lines(), *own.notes):
        say(line)
    write_manifest(folder / MANIFEST, own.entries)


def results(card: ModelCard) -> str:
    """What each policy did on the clips kept apart, as a Markdown table."""
    measured: Mapping[str, Any] = card.facts["measured"]
    clips = measured["clips"]
    lines = [
        "| policy | right | of all clips, 95 % interval | looked at | listened to | G MACs per clip |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for policy, row in measured["rows"].items():
        right = round(row["accuracy"] / 100 * clips)
        low, high = wilson(right, clips)
        rates = ["-" if row[f"{m}_rate"] is None else f"{row[f'{m}_rate']:.0f} %" for m in ("rgb", "audio")]
        cells = (policy, f"{right} of {clips}", f"{low:.0%} to {high:.0%}", *rates, f"{row['gmacs']:.1f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def wilson(right: int, clips: int) -> tuple[float, float]:
    """95 % interval of a share that was seen in a few clips (Wilson, 1927); all right of 16 is not 100 % for sure."""
    z2 = 1.96**2
    share, spread = right / clips, 1.96 * sqrt(right * (clips - right) / clips + z2 / 4)
    return (clips * share + z2 / 2 - spread) / (clips + z2), (clips * share + z2 / 2 + spread) / (clips + z2)


def _doubt(card: ModelCard) -> str:
    """What becomes of a clip of anything else."""
    if not card.unknown:
        return (
            "A clip of anything else gets one of these names too, and how sure it says it is has not been calibrated: "
            "there are too few clips for that."
        )
    return (
        "How sure it says it is was set on the clips kept apart, and so was the line below which it names none of "
        "them; it costs one in ten of its right answers there. What clips of anything else get was not measured."
    )


def describe(card: ModelCard, project: Project, sides: Mapping[str, int]) -> str:
    """The project's README: what the model is, and how far its figures can be trusted."""
    classes = ", ".join(card.classes)
    return f"""# {card.name} {card.version}

Recognizes {len(card.classes)} classes: {classes}.

* Trained on {card.trained}.
* {sides["train"]} clips to learn from and {sides["test"]} kept apart were listed; they are named in `{MANIFEST}`.
* It knows nothing else. {_doubt(card)}
* Licence of the weights: {card.licence}.

## On the {card.facts["measured"]["clips"]} clips kept apart

None of them was learned from. They come from where the others come from ({project.clips}), so clips from elsewhere will
do worse. Compute is counted in multiply-accumulates.

{results(card)}
"""
