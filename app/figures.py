"""Two Plotly figures: segment scores over time, and compute by part.

Gradio gives plots no dark mode, so the paper is transparent and the colours here are legible on both grounds; the text,
the grid and the bars take the page's own colours from `style.css`.
"""

from typing import Any

import plotly.graph_objects as go

from adamml import Analysis, Macs
from app import words

# Neither blue nor orange: those two mean picture and sound everywhere on the page. Every line also has its own marker
# and dash.
_LINES = (
    ("#808080", "circle", "solid"),
    ("#8b5fd0", "square", "dash"),
    ("#168a6c", "diamond", "dot"),
    ("#c2468a", "triangle-up", "dashdot"),
    ("#8a7a1f", "x", "longdash"),
)
_TEXT, _GRID, _NONE = "#808080", "rgba(128,128,128,.25)", "rgba(0,0,0,0)"
PARTS = (("decide", "Deciding", "#8a8580"), ("rgb", "Looking", "#3b7fc4"), ("audio", "Listening", "#d9772b"))


def scores(analysis: Analysis) -> go.Figure:
    """Probability of the leading classes at each segment's centre; a gap where nothing was run."""
    figure = go.Figure()
    centres = [(s.start + s.end) / 2 for s in analysis.segments]
    for name, (colour, symbol, dash) in zip(_leading(analysis), _LINES, strict=False):
        values = [None if s.scores is None else s.scores[name] for s in analysis.segments]
        figure.add_scatter(
            x=centres,
            y=values,
            name=words.label(name),
            mode="lines+markers",
            connectgaps=False,
            line={"color": colour, "width": 2.5 if name == analysis.label else 2, "dash": dash},
            marker={"symbol": symbol, "size": 8, "color": colour},
            hovertemplate=f"{words.esc(words.label(name))}: %{{y:.0%}} at %{{x:.1f}} s<extra></extra>",
        )
    idle = [centre for segment, centre in zip(analysis.segments, centres, strict=True) if segment.scores is None]
    if idle:
        marker = {"symbol": "line-ns-open", "size": 9, "color": _TEXT, "line": {"width": 2}}
        figure.add_scatter(
            x=idle, y=[0] * len(idle), name="nothing run", mode="markers", marker=marker, hoverinfo="name+x"
        )
    figure.update_layout(
        **_layout(300),
        margin={"l": 46, "r": 12, "t": 34, "b": 40},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 13, "color": _TEXT}},
        xaxis=_axis(range=[0, analysis.clip.duration], ticksuffix=" s", nticks=8),
        yaxis=_axis(range=[-0.03, 1.05], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1]),
    )
    return figure


def _leading(analysis: Analysis) -> list[str]:
    """The clip's best three, then whatever else wins a segment, as far as the lines reach."""
    names = [name for name, _ in analysis.ranked(3)]
    winners = [s.label for s in analysis.segments if s.label is not None and s.label not in names]
    names += sorted(set(winners), key=lambda name: (-winners.count(name), name))
    return names[: len(_LINES)]


def ways(analysis: Analysis) -> dict[str, Macs]:
    """What ran first, then what the other ways would have needed: counted, not run."""
    rows = {analysis.policy: analysis.macs}
    for name in ("adamml", "audio", "rgb", "all"):
        if name in analysis.alternatives and analysis.alternatives[name].total > 0:
            rows.setdefault(name, analysis.alternatives[name])
    return rows


def compute(analysis: Analysis) -> go.Figure:
    """Stacked bars of multiply-accumulates: deciding, looking, listening."""
    rows = ways(analysis)
    names = [words.policy(name) for name in rows]
    names[0] = f"<b>{names[0]}</b>"
    figure = go.Figure()
    for part, title, colour in PARTS:
        figure.add_bar(
            y=names,
            x=[getattr(macs, part) / 1e9 for macs in rows.values()],
            name=title,
            orientation="h",
            marker={"color": colour, "line": {"width": 0}},
            width=0.56,
            hovertemplate=f"{title}: %{{x:.3~f}} billion MACs<extra></extra>",
        )
    most = max(macs.total for macs in rows.values()) / 1e9
    for name, macs in zip(names, rows.values(), strict=True):
        text = f"<b>{words.billions(macs.total)}</b>" if name == names[0] else words.billions(macs.total)
        figure.add_annotation(
            x=macs.total / 1e9, y=name, text=text, showarrow=False, xanchor="left", xshift=6, font={"size": 13}
        )
    figure.update_layout(
        **_layout(64 + 40 * len(rows)),
        margin={"l": 8, "r": 12, "t": 6, "b": 42},
        barmode="stack",
        showlegend=False,
        xaxis=_axis(range=[0, most * 1.22], title={"text": "billion MACs", "font": {"size": 12}}, nticks=6),
        yaxis=_axis(autorange="reversed", automargin=True, showgrid=False, ticks="outside", ticklen=8, tickcolor=_NONE),
    )
    return figure


def _layout(height: int) -> dict[str, Any]:
    return {
        "height": height,
        "paper_bgcolor": _NONE,
        "plot_bgcolor": _NONE,
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": _TEXT},
        "dragmode": False,
    }


def _axis(**more: Any) -> dict[str, Any]:
    return {"gridcolor": _GRID, "zeroline": False, "fixedrange": True, "tickfont": {"size": 12}} | more
