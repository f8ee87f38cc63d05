"""The two charts as plotly figures: plain values that `charts.js` draws, colors as names of style variables.

Savings: one bar for each way in per cent of running everything, stacked by what the compute went into, ending in that
way's own answer and measured seconds. Scores: one line per leading class over the timeline's own axis, with a gap
wherever nothing ran. Counted MACs and measured seconds never share an axis: seconds are text.
"""

import json
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from adamml.inputs import MODALITIES
from app import words
from app.geometry import Layout
from app.timeline_model import TimelineModel
from app.view_state import Outcome
from app.words import esc, percent

PARTS = (("decide", "deciding"), ("rgb", "looking"), ("audio", "listening"))
_PART_COLORS = {"decide": "--decide", "rgb": "--look", "audio": "--listen"}
_MODALITY_COLORS = {"rgb": "--look", "audio": "--listen"}
# Lines differ in color, dash and marker, so that none of them alone has to be told apart.
_LINES = (("solid", "circle"), ("dash", "square"), ("dot", "diamond"), ("dashdot", "x"))
_LEADING = len(_LINES)
_NAME_LETTERS = 12  # of a line beside a bar
_FONT = {"family": "system-ui, sans-serif", "size": 13, "color": "var(--text)"}
_HOVER = {"bgcolor": "var(--card)", "bordercolor": "var(--faint-line)", "font": {"color": "var(--text)", "size": 13}}


def chart(name: str, figure: Mapping[str, Any], kind: str = "") -> str:
    """Where `charts.js` draws a figure; its numbers stand in a table elsewhere, so readers of that skip the drawing."""
    data = esc(json.dumps(figure, separators=(",", ":"), allow_nan=False))
    height = figure["layout"]["height"]
    return (
        f'<div class="chart {kind}" role="img" aria-label="{esc(name)}" style="height:{height}px" '
        f'data-figure="{data}"></div>'
    )


def savings(ways: Sequence[tuple[str, Outcome | None, Any]], everything: int) -> dict[str, Any]:
    """Bars in per cent of everything.

    Args:
        ways: name, outcome where it has run, counted MACs.
        everything: MACs of running everything.
    """
    names = ["<br>".join(map(esc, wrap(name, _NAME_LETTERS))) for name, _, _ in ways]
    shares = [100 * macs.total / everything for _, _, macs in ways]
    traces = []
    for part, title in PARTS:
        values = [getattr(macs, part) for _, _, macs in ways]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": title,
                "y": names,
                "x": [round(100 * value / everything, 3) for value in values],
                "customdata": [_macs_words(macs) for _, _, macs in ways],
                "marker": {"color": f"var({_PART_COLORS[part]})"},
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )
    notes = [
        {
            "x": share,
            "y": name,
            "text": _ending(result, share),
            "xanchor": "left",
            "align": "left",
            "xshift": 5,
            "showarrow": False,
        }
        for name, share, (_, result, _) in zip(names, shares, ways, strict=True)
    ]
    layout = _layout(
        height=46 * len(ways) + 4,
        margin={"l": 96, "r": 0, "t": 2, "b": 2},
        barmode="stack",
        bargap=0.42,
        annotations=notes,
        xaxis={"range": [0, max(*shares, 100) / 0.5], "visible": False, "fixedrange": True},
        yaxis={"autorange": "reversed", "fixedrange": True, "ticklabelstandoff": 6},
    )
    return {"data": traces, "layout": layout}


def _ending(result: Outcome | None, share: float) -> str:
    """What a bar ends in."""
    own = f"<b>{share:.0f}\u00a0%</b>"
    if result is None:
        return f"{own}<br>not run yet"
    name = esc(words.label(result.answer))
    short = name if len(name) <= 20 else f"{name[:19]}…"
    return f"{own} · {result.seconds:.1f}\u00a0s<br>{short} {percent(result.certainty)}"


def _macs_words(macs: Any) -> str:
    parts = [f"{title} {words.billions(getattr(macs, part))}" for part, title in PARTS if getattr(macs, part)]
    return f"<b>{words.billions(macs.total)} billion MACs</b><br>{'<br>'.join(parts)}"


def leading(model: TimelineModel) -> list[str]:
    """The classes worth a line: the clip's answer, then those that led in most segments, then the runners-up."""
    led: dict[str, float] = {} if model.label is None else {model.label: 1e6}
    for row in model.rows:
        for name in (row.label, row.rival[0] if row.rival else None):
            if name is not None:
                led[name] = led.get(name, 0.0) + 1
        for name, score in (row.scores or {}).items():
            if score > 0.05:
                led[name] = led.get(name, 0.0) + 1e-3 * score
    return sorted(led, key=lambda name: (-led[name], name))[:_LEADING]


def scores(model: TimelineModel, layout: Layout) -> dict[str, Any]:
    """One line per leading class."""
    lines = []
    for place, name in enumerate(leading(model)):
        values = [None if row.scores is None else row.scores.get(name) for row in model.rows]
        lines.append(_line(model, layout, values, words.label(name), f"--class-{place}", _LINES[place]))
    if any(row.rival for row in model.rows) and model.label is not None:
        values = [row.rival[1] if row.rival else None for row in model.rows]
        names = [words.label(row.rival[0]) if row.rival else "" for row in model.rows]
        lines.append(_line(model, layout, values, "RGB only", "--look", ("dot", "triangle-up"), names))
    return _over_time(lines)


def modality_scores(model: TimelineModel, layout: Layout) -> dict[str, Any]:
    """What the eye and the ear each gave the clip's answer."""
    lines = []
    for modality, shape in zip(MODALITIES, _LINES, strict=False):
        by_row = [row.modality_scores.get(modality) for row in model.rows]
        values = [None if given is None or model.label is None else given.get(model.label) for given in by_row]
        names = [words.label(max(given, key=given.__getitem__)) if given else "" for given in by_row]
        title = words.NOUN[modality].capitalize()
        lines.append(_line(model, layout, values, title, _MODALITY_COLORS[modality], shape, names))
    return _over_time(lines)


def _line(
    model: TimelineModel,
    layout: Layout,
    values: Sequence[float | None],
    name: str,
    color: str,
    shape: tuple[str, str],
    said: Sequence[str] | None = None,
) -> dict[str, Any]:
    dash, symbol = shape
    hover = []
    for place, (row, value) in enumerate(zip(model.rows, values, strict=True)):
        best = f" (its best: {esc(said[place])})" if said is not None and said[place] else ""
        span = f"{words.seconds(row.start + model.offset)} to {words.seconds(row.end + model.offset)} s"
        hover.append("" if value is None else f"{span}: <b>{esc(name)} {percent(value)}</b>{best}")
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": esc(name),
        "x": [round(place.centre, 3) for place in layout.places],
        "y": [None if value is None else round(value, 4) for value in values],
        "connectgaps": False,
        "customdata": hover,
        "hovertemplate": "%{customdata}<extra></extra>",
        "line": {"color": f"var({color})", "width": 2, "dash": dash},
        "marker": {"color": f"var({color})", "size": 6, "symbol": symbol},
    }


def _over_time(lines: list[dict[str, Any]]) -> dict[str, Any]:
    grid = {"tickvals": [0, 0.5, 1], "showticklabels": False, "gridcolor": "var(--line)", "zeroline": False}
    layout = _layout(
        height=92,
        margin={"l": 0, "r": 0, "t": 4, "b": 4},
        hovermode="closest",
        hoverdistance=24,
        xaxis={"range": [0, 100], "visible": False, "fixedrange": True},
        yaxis={"range": [-0.06, 1.06], "fixedrange": True, **grid},
    )
    return {"data": lines, "layout": layout}


def _layout(**values: Any) -> dict[str, Any]:
    clear = "rgba(0,0,0,0)"
    quiet = {"showlegend": False, "dragmode": False, "paper_bgcolor": clear, "plot_bgcolor": clear}
    return {"font": _FONT, "hoverlabel": _HOVER, **quiet, **values}
