"""What a model reached on its test clips is drawn beside this clip's budget, and can be read without seeing."""

import json
import re
from pathlib import Path

from app.measured_curves import measured_curves

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"


def facts(model: str) -> dict:
    return json.loads((CHECKPOINTS / model / "model.json").read_text())["facts"]


def test_every_policy_of_the_card_is_a_line_with_its_band() -> None:
    html = measured_curves(facts("kinetics-400"), 16.3)
    assert "100 clips of Kinetics-400, by cross-validation" in html
    for name in ("Even, by number of looks", "Anytime, by certainty"):
        assert name in html
    drawing = html.partition("</svg>")[0]
    assert drawing.count("curve-band is-") == drawing.count("curve-line is-") == 4
    assert "this clip 163" in html
    rows = facts("kinetics-400")["rows"]
    assert (
        f"<td>Even, 3 looks</td><td>{rows['even-3']['gmacs']:.1f}</td><td>{rows['even-3']['accuracy']:g} %</td>" in html
    )
    low, high = (rows["adamml"][side] for side in ("low", "high"))
    assert f"AdaMML: {rows['adamml']['accuracy']:g} % right ({low:g} to {high:g})" in html


def test_one_policy_at_several_thresholds_is_one_line() -> None:
    html = measured_curves(facts("everyday-av"), 4.0)
    assert len(re.findall('<path class="curve-line', html)) == 1
    assert "curve-band" not in html
    assert "<td>AdaMML at 0.30</td>" in html


def test_points_lie_where_the_figures_say() -> None:
    rows = {f"even-{k}": {"accuracy": 60.0 + 10 * k, "gmacs": 40.0 * k} for k in (1, 2, 3)}
    html = measured_curves({"rows": rows}, 1.0)
    circles = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', html)]
    assert len(circles) == 3
    (x0, y0), (x1, y1), (x2, y2) = circles
    assert abs((x2 - x1) - (x1 - x0)) < 0.2
    assert x1 > x0
    assert abs((y0 - y1) - (y1 - y2)) < 0.2
    assert y1 < y0


def test_a_card_without_figures_has_no_drawing() -> None:
    assert measured_curves({}, 1.0) == ""
    assert measured_curves({"rows": {"rgb": {"accuracy": 1.0, "gmacs": 1.0}}}, 1.0) == ""
    assert measured_curves({"measured": "not yet"}, 1.0) == ""
