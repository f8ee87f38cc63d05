"""The report's charts: best classes, scores by segment, compute that was counted, time that was measured."""

from typing import Any

from matplotlib.axes import Axes

from adamml.render.fonts import plain
from adamml.render.report_style import FAINT, INK, MUTED, TEXT, fitted, plain_axes, title, width_of
from adamml.results import wording
from adamml.results.analysis import Analysis, Macs
from adamml.results.timeline import Lanes

# name in the result, name on paper, color, pattern
PARTS = (
    ("decide", "deciding", "#8a8580", ""),
    ("rgb", "looking", INK["rgb"], "//"),
    ("audio", "listening", INK["audio"], ".."),
)
_LINES = (("#444444", "o", "-"), ("#8b5fd0", "s", "--"), ("#168a6c", "D", ":"), ("#c2468a", "^", "-."))


def best(axes: Axes, analysis: Analysis) -> None:
    """The clip's best five classes."""
    ranked = analysis.ranked(5)
    plain_axes(axes)
    axes.spines["bottom"].set_visible(False)
    axes.barh(range(len(ranked)), [score for _, score in ranked], color=["#444444"] + ["#b5b8bd"] * 4, height=0.62)
    axes.set_yticks(range(len(ranked)), [fitted(wording.label(name), 8, 0.2) for name, _ in ranked], parse_math=False)
    for place, (_, score) in enumerate(ranked):
        axes.text(score + 0.02, place, wording.percent(score), va="center", fontsize=8, color=TEXT)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.35)
    axes.set_xticks([])


def scores(axes: Axes, analysis: Analysis, lanes: Lanes) -> None:
    """Probability of the leading classes in each segment; a gap where nothing was run."""
    plain_axes(axes)
    title(axes, "What each segment said")
    leading = [fitted(wording.label(name), 7.5, 0.22) for name in _leading(analysis)]
    beside = sum(width_of(name, 7.5) + 0.055 for name in leading) < 0.5
    if not beside:  # the legend has two rows between the title and the lines
        place = axes.get_position()
        axes.set_position((place.x0, place.y0, place.width, place.height - 0.03))
    centers = [(cell.left + cell.right) / 2 for cell in lanes.cells]
    for name, said, (color, marker, dash) in zip(_leading(analysis), leading, _LINES, strict=False):
        values = [float("nan") if s.scores is None else s.scores[name] for s in analysis.segments]
        size = 4 if len(centers) <= 60 else 0
        style: dict[str, Any] = {"color": color, "marker": marker, "ls": dash, "lw": 1.4, "ms": size}
        axes.plot(centers, values, label=said, **style)
    idle = [c for s, c in zip(analysis.segments, centers, strict=True) if s.scores is None]
    if idle:
        axes.plot(idle, [0] * len(idle), ls="", marker="|", ms=7, color=MUTED, label="nothing run")
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.04, 1.06)
    axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    axes.grid(axis="y", color=FAINT, lw=0.6)
    ticks = [tick / lanes.duration for tick in lanes.ticks] if lanes.to_scale else []
    axes.set_xticks(ticks, [f"{wording.seconds(tick)} s" for tick in lanes.ticks][: len(ticks)])
    legend = axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1.0),
        ncols=5 if beside else 3,
        fontsize=7.5,
        frameon=False,
        borderaxespad=0.2,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _leading(analysis: Analysis) -> list[str]:
    """The clip's best two, then whatever else wins segments, as far as the lines reach."""
    names = [name for name, _ in analysis.ranked(2)]
    winners = [s.label for s in analysis.segments if s.label is not None and s.label not in names]
    return (names + sorted(set(winners), key=lambda name: (-winners.count(name), name)))[: len(_LINES)]


def compute(axes: Axes, analysis: Analysis) -> None:
    """What ran first, then what the other ways would have needed."""
    plain_axes(axes)
    title(axes, "Compute, counted: billion MACs")
    rows: dict[str, Macs] = {analysis.policy: analysis.macs}
    for name in ("audio", "rgb", "all"):
        if name in analysis.alternatives:
            rows.setdefault(name, analysis.alternatives[name])
    most = max(1, *(macs.total for macs in rows.values()))
    for place, macs in enumerate(rows.values()):
        begun = 0
        for part, name, color, hatch in PARTS:
            value = getattr(macs, part)
            named = name if place == 0 else None
            style: dict[str, Any] = {
                "color": color,
                "hatch": hatch,
                "edgecolor": "white",
                "lw": 0,
                "height": 0.62,
                "label": named,
            }
            axes.barh(place, value, left=begun, **style)
            begun += value
        bold = "bold" if place == 0 else "normal"
        axes.text(begun + most * 0.02, place, wording.billions(macs.total), va="center", fontsize=8, fontweight=bold)
    ran = [plain(wording.policy(name), 22) for name in rows]
    axes.set_yticks(range(len(rows)), [f"{ran[0]} (ran)", *ran[1:]], parse_math=False)
    axes.invert_yaxis()
    axes.set_xlim(0, most * 1.15)
    axes.set_xticks([])
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.04), ncols=3, fontsize=7.5, frameon=False, borderaxespad=0)


def measured(axes: Axes, analysis: Analysis) -> None:
    """Seconds on the machine that ran it: never on one scale with MACs."""
    plain_axes(axes)
    title(axes, "Time, measured: seconds")
    seconds = analysis.seconds
    rows = {"decoding": seconds.decode, "deciding": seconds.decide, "looking": seconds.rgb, "listening": seconds.audio}
    most = max(*rows.values(), 1e-3)
    axes.barh(range(len(rows)), list(rows.values()), color="#b5b8bd", height=0.62)
    for place, value in enumerate(rows.values()):
        axes.text(value + most * 0.03, place, f"{value:.2f}", va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()
    axes.set_xlim(0, most * 1.3)
    axes.set_xticks([])
    axes.set_xlabel(f"{seconds.total:.1f} s altogether", fontsize=8, color=MUTED, loc="left")
