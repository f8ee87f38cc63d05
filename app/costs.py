"""What it cost: counted multiply-accumulates as bars, measured seconds beside them, never on one scale."""

from adamml import Analysis, Macs
from app import words
from app.summary import heard_by_policy
from app.words import esc

PARTS = (("decide", "deciding"), ("rgb", "looking"), ("audio", "listening"))
_STAGES = (
    ("decode", "Reading the file"),
    ("decide", "Deciding"),
    ("rgb", "Looking"),
    ("audio", "Listening"),
    ("fusion", "Combining"),
)


def table_box(name: str, table: str) -> str:
    """A wide table scrolls sideways on a phone, and the keyboard must reach what scrolls."""
    return f'<div class="table-box" tabindex="0" role="region" aria-label="{name}; may scroll sideways">{table}</div>'


def costs(current: Analysis, base: Analysis) -> str:
    """One bar for each way: what ran, the policy itself where something was switched, and the fixed ways."""
    rows: list[tuple[str, Macs, bool]] = [(current.policy, current.macs, True)]
    if current.policy != base.policy:
        rows.append((base.policy, base.macs, False))
    shown = {current.policy, base.policy}
    for name in ("audio", "rgb", "all"):
        if name not in shown and name in current.alternatives and current.alternatives[name].total:
            rows.append((name, current.alternatives[name], False))
    most = max(macs.total for _, macs, _ in rows)
    body = "".join(_row(name, macs, most, current.macs, is_this=this) for name, macs, this in rows)
    keys = "".join(f'<li><span class="key key-{part}"></span>{title}</li>' for part, title in PARTS)
    table = (
        '<table class="costs"><caption class="visually-hidden">Billion multiply-accumulates (MACs), counted</caption>'
        '<thead><tr><th scope="col">Way</th><th scope="col">Billion MACs</th><th scope="col">Total</th>'
        f'<th scope="col">This run against it</th></tr></thead><tbody>{body}</tbody></table>'
    )
    return (
        f"{table_box('Compute', table)}"
        f'<ul class="keys" aria-hidden="true">{keys}</ul>'
        '<p class="remark">Counted, in multiply-accumulates (1 MAC = 2 FLOPs). Only the first row was run for this '
        f"answer; the fixed ways are counted.{_hearing(current)}</p>"
    )


def _hearing(analysis: Analysis) -> str:
    """Where listening is next to nothing, what a look and a listen take, and who listens."""
    looking, listening = analysis.alternatives.get("rgb"), analysis.alternatives.get("audio")
    looks, listens = (sum(s.available[m] for s in analysis.segments) for m in ("rgb", "audio"))
    if looking is None or listening is None or not looks or not listens or 100 * listening.audio > looking.rgb:
        return ""
    by_policy = heard_by_policy(analysis) > sum(s.decisions["audio"] for s in analysis.segments)
    ear = " The policy hears through the sound tagger, which is run once and counted once, under listening."
    return (
        f" A look takes {words.billions(looking.rgb // looks)} billion MACs, a listen "
        f"{words.billions(listening.audio // listens)}: what can be saved is looking.{ear if by_policy else ''}"
    )


def _row(name: str, macs: Macs, most: int, this: Macs, *, is_this: bool) -> str:
    pieces = "".join(
        f'<i class="key-{part}" style="width:{100 * getattr(macs, part) / most:.2f}%"></i>' for part, _ in PARTS
    )
    spoken = ", ".join(f"{title} {words.billions(getattr(macs, part))}" for part, title in PARTS if getattr(macs, part))
    verdict = "this run" if is_this else versus(1 - this.total / macs.total if macs.total else 0.0)
    mark = ' class="is-this"' if is_this else ""
    return (
        f'<tr{mark}><th scope="row">{esc(words.policy(name))}</th><td class="cost-bar"><span aria-hidden="true">'
        f'{pieces}</span><span class="visually-hidden">{spoken}</span></td>'
        f"<td><b>{words.billions(macs.total)}</b></td><td>{verdict}</td></tr>"
    )


def versus(saving: float) -> str:
    """A saving (negative: a loss) with an arrow, so that color is never alone."""
    amount = words.compared(saving)
    if amount == "the same":
        return amount
    return f'<span class="gain">▼ {amount}</span>' if saving > 0 else f'<span class="loss">▲ {amount}</span>'


def seconds_table(runs: list[Analysis], *, recorded: bool = False) -> str:
    """Measured time by part: a scale of its own, never mixed with the counted compute."""
    longest = max([getattr(run.seconds, part) for run in runs for part, _ in _STAGES] + [1e-9])
    rows = []
    for part, title in _STAGES:
        cells = "".join(_time_cell(getattr(run.seconds, part), longest, part) for run in runs)
        rows.append(f'<tr><th scope="row">{title}</th>{cells}</tr>')
    totals = "".join(f"<td><b>{time_words(run.seconds.total)}</b></td>" for run in runs)
    heads = "".join(f'<th scope="col">{esc(words.policy(run.policy))}</th>' for run in runs)
    remark = "Measured when it was recorded, on another machine." if recorded else "Measured on this server."
    remark += " A part that several ways share was computed and timed once, and stands in each."
    table = (
        '<table class="figures times">'
        '<caption class="visually-hidden">Measured seconds by part</caption>'
        f'<thead><tr><th scope="col">Part</th>{heads}</tr></thead><tbody>{"".join(rows)}'
        f'<tr class="is-total"><th scope="row">Total</th>{totals}</tr></tbody></table>'
    )
    return f'{table_box("Seconds", table)}<p class="remark">{remark}</p>'


def time_words(value: float) -> str:
    """0.42 s"""
    return "–" if value == 0 else "under 0.01 s" if value < 0.01 else f"{value:.2f} s"


def _time_cell(value: float, longest: float, part: str) -> str:
    bar = f'<span class="time-bar time-{part}" style="width:{100 * value / longest:.1f}%"></span>'
    return f'<td>{time_words(value)}<span class="time-rail" aria-hidden="true">{bar}</span></td>'
