"""Costs as tables, the model's card, what the model knows, and the files to take away."""

import re
import shutil
import tempfile
import time
from pathlib import Path

from adamml import Analysis, ModelCard
from app import words
from app.figures import PARTS, ways
from app.words import esc, percent

# Files to take away are copied by Gradio as soon as they are offered; what is older than this can go.
_KEEP_SECONDS = 600
_folder = Path(tempfile.mkdtemp(prefix="adamml-results-"))

# A wide table scrolls sideways on a phone, and the keyboard must reach what scrolls.
_BOX = '<div class="table-box" tabindex="0" role="region" aria-label="Table, may scroll sideways">'

_STAGES = (
    ("decode", "Reading the file"),
    ("decide", "Deciding"),
    ("rgb", "Looking (RGB)"),
    ("audio", "Listening (audio)"),
    ("fusion", "Combining"),
)


def compute_table(analysis: Analysis) -> str:
    """The same figures as the chart, with what this run saved or lost against each way."""
    rows = []
    for name, macs in ways(analysis).items():
        ran = name == analysis.policy
        saving = 1 - analysis.macs.total / macs.total if macs.total else 0.0
        verdict = "this run" if ran else _verdict(saving)
        counts = [getattr(macs, part) for part, *_ in PARTS]
        cells = "".join(f"<td>{words.billions(count) if count else '–'}</td>" for count in counts)
        mark = ' class="is-this"' if ran else ""
        rows.append(
            f'<tr{mark}><th scope="row">{esc(words.policy(name))}</th>{cells}'
            f"<td><b>{words.billions(macs.total)}</b></td><td>{verdict}</td></tr>"
        )
    keys = "".join(f'<li><span class="key key-{part}"></span>{title.lower()}</li>' for part, title, _ in PARTS)
    heads = "".join(f'<th scope="col">{title}</th>' for _, title, _ in PARTS)
    return (
        f'<ul class="keys" aria-hidden="true">{keys}</ul>'
        '<p class="remark">In billions. Only the first row was run; the others are counted.</p>'
        f'{_BOX}<table class="figures">'
        '<caption class="visually-hidden">Billion multiply-accumulates by part</caption>'
        f'<thead><tr><th scope="col">Way</th>{heads}<th scope="col">Total</th>'
        f'<th scope="col">This run against it</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _verdict(saving: float) -> str:
    amount = words.compared(saving)
    if amount == "the same":
        return amount
    if saving > 0:
        return f'<span class="gain">▼ {amount}</span>'
    return f'<span class="loss">▲ {amount}</span>'


def seconds_table(analysis: Analysis, comparison: Analysis | None) -> str:
    """Measured time by part: a scale of its own, never mixed with the counted compute."""
    runs = [analysis] + ([comparison] if comparison else [])
    longest = max([getattr(run.seconds, part) for run in runs for part, _ in _STAGES] + [1e-9])
    rows = []
    for part, title in _STAGES:
        cells = "".join(_time_cell(getattr(run.seconds, part), longest, part) for run in runs)
        rows.append(f'<tr><th scope="row">{title}</th>{cells}</tr>')
    totals = "".join(f"<td><b>{_time(run.seconds.total)}</b></td>" for run in runs)
    heads = "".join(f'<th scope="col">{esc(words.policy(run.policy))}</th>' for run in runs)
    remark = "Measured on this server while it ran; other work on it makes these vary."
    if comparison:
        remark += " What both runs needed was done once and counts for both."
    return (
        f'<p class="remark">{remark}</p>{_BOX}<table class="figures times">'
        '<caption class="visually-hidden">Measured seconds by part</caption>'
        f'<thead><tr><th scope="col">Part</th>{heads}</tr></thead><tbody>{"".join(rows)}'
        f'<tr class="is-total"><th scope="row">Total</th>{totals}</tr></tbody></table></div>'
    )


def _time(value: float) -> str:
    return "–" if value == 0 else "under 0.01 s" if value < 0.01 else f"{value:.2f} s"


def _time_cell(value: float, longest: float, part: str) -> str:
    bar = f'<span class="time-bar time-{part}" style="width:{100 * value / longest:.1f}%"></span>'
    return f'<td>{_time(value)}<span class="time-rail" aria-hidden="true">{bar}</span></td>'


def known(card: ModelCard) -> str:
    """The classes, said before anybody uploads something the model has never heard of."""
    names = esc(words.listing([words.label(name) for name in card.classes]))
    number = words.count(len(card.classes), "thing")
    return f"<p>It knows <b>{number}</b>: {names}. Anything else it takes for one of these.</p>"


def model(card: ModelCard, analysis: Analysis) -> str:
    """Which model answered, and from what it learned."""
    weights = "; ".join(f"{part}: {what}" for part, what in analysis.weights.items())
    clip = analysis.clip
    size = f"{clip.width} × {clip.height}" if clip.width and clip.height else "no picture"
    rate = f", {clip.fps:.3g} frames a second" if clip.fps else ""
    sound = "with sound" if clip.has_audio else "no sound"
    facts = {
        "Model": f"{card.name}, version {card.version}",
        "Licence": card.licence,
        "Training": card.trained,
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
    _sweep()
    folder = Path(tempfile.mkdtemp(dir=_folder))
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(analysis.clip.name).stem).strip("-")[:60] or "clip"
    target = folder / f"{stem}-{analysis.policy}"
    as_json, as_csv = target.with_suffix(".json"), target.with_suffix(".csv")
    as_json.write_text(analysis.to_json(), encoding="utf-8")
    as_csv.write_text(analysis.to_csv(), encoding="utf-8")
    return str(as_json), str(as_csv)


def _sweep() -> None:
    for old in _folder.iterdir():
        if time.time() - old.stat().st_mtime > _KEEP_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
