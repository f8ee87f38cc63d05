"""The model's card, and the ways of choosing that it can run."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from adamml import Analysis, ModelCard
from app import words
from app.words import esc, percent

SHOWN = ("What is shown above", "shown")


def ways(able: Mapping[str, str], *, about: bool = False) -> list[tuple[str, str]]:
    """Ways of choosing for a radio group: what they are called, on request with what they do, and their names."""
    return [
        (f"{words.policy(name)}: {text.split(': ')[-1]}" if about else words.policy(name), name)
        for name, text in able.items()
    ]


def model(card: ModelCard | None, analysis: Analysis, part: str = "") -> str:
    """Which model answered, and from what it learned. `part`: which part of the file the clip is."""
    weights = "; ".join(f"{part}: {what}" for part, what in analysis.weights.items())
    clip = analysis.clip
    size = f"{clip.width} × {clip.height}" if clip.width and clip.height else "no picture"
    rate = f", {clip.fps:.3g} frames a second" if clip.fps else ""
    sound = "with sound" if clip.has_audio else "no sound"
    facts = {"Model": f"{analysis.model}, version {analysis.version}"}
    if card is not None:
        facts |= {"Licence": card.licence, "Training": card.trained}
    facts |= {
        "Weights": weights or "not named",
        "Way of combining": analysis.fusion,
        "Computed in": analysis.precision,
        "Clip": f"{clip.name}{f', {part}' if part else ''}: {words.seconds(clip.duration)} s, {size}{rate}, {sound}",
        "Examined": f"{percent(analysis.examined)} of the clip, in {words.count(len(analysis.segments), 'segment')}",
        "Compute as papers count it": f"{words.billions(analysis.macs_published.total)} billion MACs "
        "(without classifiers and joint layers)",
    }
    rows = "".join(f"<dt>{esc(key)}</dt><dd>{esc(value)}</dd>" for key, value in facts.items())
    return f'<dl class="facts">{rows}</dl>'


def sweep(folder: Path, keep_seconds: float) -> None:
    """Delete what lies in our temporary folder for longer than it is needed."""
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > keep_seconds:
            shutil.rmtree(old, ignore_errors=True)
