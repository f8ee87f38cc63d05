"""The model's card, what the model knows, and the files to take away."""

import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from adamml import Analysis, ModelCard
from app import words
from app.words import esc, percent

# Files to take away are copied by Gradio as soon as they are offered; what is older than this can go.
_KEEP_SECONDS = 600
SHOWN = ("What is shown above", "shown")
_folder = Path(tempfile.mkdtemp(prefix="adamml-results-"))


def known(card: ModelCard) -> str:
    """The classes, said before anybody uploads something the model has never heard of."""
    names = esc(words.listing([words.label(name) for name in card.classes]))
    number = words.count(len(card.classes), "thing")
    rest = "Anything else it takes for one of these" + (", or calls none of them" if card.unknown else "")
    return f'<p data-model="{esc(card.name)}">It knows <b>{number}</b>: {names}. {rest}.</p>'


def ways(able: Mapping[str, str], *, about: bool = False) -> list[tuple[str, str]]:
    """Ways of choosing for a radio group: what they are called, on request with what they do, and their names."""
    return [
        (f"{words.policy(name)}: {text.split(': ')[-1]}" if about else words.policy(name), name)
        for name, text in able.items()
    ]


def model(card: ModelCard | None, analysis: Analysis) -> str:
    """Which model answered, and from what it learned."""
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
        "Clip": f"{clip.name}: {words.seconds(clip.duration)} s, {size}{rate}, {sound}",
        "Examined": f"{percent(analysis.examined)} of the clip, in {words.count(len(analysis.segments), 'segment')}",
        "Compute as papers count it": f"{words.billions(analysis.macs_published.total)} billion MACs "
        "(without classifiers and joint layers)",
    }
    rows = "".join(f"<dt>{esc(key)}</dt><dd>{esc(value)}</dd>" for key, value in facts.items())
    return f'<dl class="facts">{rows}</dl>'


def files(analysis: Analysis) -> tuple[str, str]:
    """The result as JSON and CSV on disk, for the download buttons."""
    sweep(_folder, _KEEP_SECONDS)
    folder = Path(tempfile.mkdtemp(dir=_folder))
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(analysis.clip.name).stem).strip("-")[:60] or "clip"
    target = folder / f"{stem}-{analysis.policy}"
    as_json, as_csv = target.with_name(f"{target.name}.json"), target.with_name(f"{target.name}.csv")
    as_json.write_text(analysis.to_json(), encoding="utf-8")
    as_csv.write_text(analysis.to_csv(), encoding="utf-8")
    return str(as_json), str(as_csv)


def sweep(folder: Path, keep_seconds: float) -> None:
    """Delete what lies in our temporary folder for longer than it is needed."""
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > keep_seconds:
            shutil.rmtree(old, ignore_errors=True)
