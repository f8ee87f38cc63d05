"""The worked example: an analysis recorded with the shipped model, so that the page has something to show at once.

    python -m app.recorded        # analyses the example clip anew and writes the record

One JSON file holds the policy's analysis, the RGB-only one, thumbnails, waveform and the budget curve. It is shown as
what it is, a recording; playing with it runs the model on the clip.
"""

import argparse
import base64
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import adamml
from adamml import Analysis, Storyboard
from app import service
from app.budget import known_points
from app.play import Pair
from app.shown import Point, Shown
from app.visits import VisitKey

EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"
RECORD = EXAMPLES.parent / "worked_example.json"
CLIP = "lion_after_dark.mp4"
ABOUT = (
    "A lion at dusk: while there is light the model looks, and when night falls and only the roar is left, it listens."
)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What the page shows before anybody has done anything."""

    shown: Shown
    rgb: Analysis
    about: str

    @property
    def pair(self) -> Pair:
        """For the comparison."""
        return Pair(left=self.shown.base, right=self.rgb)


def load() -> Recorded | None:
    """The record, or None where it, or its clip, is missing or of another format."""
    try:
        values = json.loads(RECORD.read_text(encoding="utf-8"))
        clip = EXAMPLES / values["clip"]
        analysis, rgb = (Analysis.from_json(json.dumps(values[key])) for key in ("analysis", "rgb"))
        board = Storyboard(
            thumbnails=tuple(base64.b64decode(text) if text else None for text in values["thumbnails"]),
            waveform=tuple(values["waveform"]),
        )
        points = tuple(Point(**point) for point in values["points"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not clip.is_file():
        return None
    key = VisitKey(
        path=str(clip),
        segments=len(analysis.segments),
        profile="public",
        model=analysis.model,
        token="worked-example",
    )
    shown = Shown(key=key, base=analysis, current=analysis, board=board, points=points, recorded=True)
    return Recorded(shown=shown, rgb=rgb, about=values["about"])


def record(target: Path = RECORD) -> None:
    """Analyse the example and write the record beside the target, then rename it."""
    key = VisitKey(path=str(EXAMPLES / CLIP), segments=10, profile="public")
    with service.visits.session(key) as session:
        analysis, board = session.analyze("adamml"), session.storyboard()
        session.analyze("all")
        rgb = session.analyze("rgb")
        shown = known_points(session, Shown(key=key, base=analysis, current=analysis, board=board))
    values: dict[str, Any] = {
        "clip": CLIP,
        "about": ABOUT,
        "analysis": _rounded(analysis.to_dict()),
        "rgb": _rounded(rgb.to_dict()),
        "thumbnails": [base64.b64encode(jpeg).decode("ascii") if jpeg else None for jpeg in board.thumbnails],
        "waveform": board.waveform,
        "points": [asdict(point) for point in shown.points],
    }
    partial = target.with_name(target.name + ".part")
    partial.write_text(json.dumps(values, separators=(",", ":")) + "\n", encoding="utf-8")
    partial.replace(target)


def _rounded(value: Any) -> Any:
    """Seven digits are more than a page shows, and keep the file small."""
    if isinstance(value, float):
        return round(value, 7)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, (list, tuple)) else value


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    print(f"recording with {adamml.__version__} …")
    record()
    print(f"wrote {RECORD} ({RECORD.stat().st_size / 1000:.0f} kB)")
