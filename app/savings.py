"""The card beside the answer: what each way took, in per cent of running everything, and what it answered."""

from adamml import Macs
from app import words
from app.charts import PARTS, chart, savings
from app.costs import table_box
from app.view_state import Outcome, ViewState, outcome
from app.words import esc, percent


def card(shown: ViewState) -> str:
    """The chart, the same in a table for whoever does not see it, and what the bars mean."""
    everything = shown.current.alternatives.get("all")
    if everything is None or not everything.total:
        return ""
    ways = _ways(shown, everything)
    figure = savings([(name, result, macs) for name, result, macs in ways], everything.total)
    keys = "".join(f'<li><span class="key key-{part}"></span>{title}</li>' for part, title in PARTS)
    return (
        f'<div class="savings">{chart("Compute of each way; a table follows", figure, "is-savings")}'
        f'<ul class="keys" aria-hidden="true">{keys}</ul><div class="savings-foot">'
        '<p class="remark">Bars: counted MACs, in per cent of running everything. Seconds: measured'
        f"{', when this was recorded' if shown.recorded else ''}.</p>{_table(ways, everything.total)}</div></div>"
    )


def _ways(shown: ViewState, everything: Macs) -> list[tuple[str, Outcome | None, Macs]]:
    current = shown.current
    ways: dict[str, tuple[str, Outcome | None, Macs]] = {
        current.policy: (words.policy(current.policy), outcome(current), current.macs)
    }
    counted = current.alternatives.get("rgb")
    for name, result, macs in (
        ("rgb", outcome(shown.rgb) if shown.rgb is not None else None, counted),
        ("all", shown.everything, everything),
    ):
        if macs is not None and macs.total:
            ways.setdefault(name, (words.policy(name), result, result.macs if result else macs))
    return list(ways.values())


def _table(ways: list[tuple[str, Outcome | None, Macs]], everything: int) -> str:
    rows = []
    for name, result, macs in ways:
        said = "not run yet"
        took = "not measured"
        if result is not None:
            said, took = f"{words.label(result.answer)} {percent(result.certainty)}", f"{result.seconds:.1f} s"
        cells = (f"{words.billions(macs.total)}", f"{100 * macs.total / everything:.0f} %", said, took)
        rows.append(f'<tr><th scope="row">{esc(name)}</th>{"".join(f"<td>{esc(c)}</td>" for c in cells)}</tr>')
    heads = ("Way", "Billion MACs", "Of everything", "Answer", "Seconds measured")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    table = (
        f'<table class="figures"><caption class="visually-hidden">What each way took and answered</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
    return f'<details class="chart-table"><summary>The same as a table</summary>{table_box("Savings", table)}</details>'
