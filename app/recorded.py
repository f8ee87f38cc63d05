"""The worked example: an analysis recorded with the shipped model, so that the page has something to show at once.

    python -m app.recorded        # analyzes the example clip anew and writes the record

One compressed JSON file holds the policy's analysis, the RGB-only one, what running everything gave, thumbnails,
waveform and the budget curve. It is shown as what it is, a recording; playing with it runs the model on the clip.
Probabilities of all classes are kept as bare lists in the order of the classes: with their names, hundreds of classes
would be written fifty times over.
"""

import argparse
import base64
import gzip
import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import adamml
from adamml import Analysis, Macs, Storyboard
from app import service
from app.actions import Pair
from app.budget import known_points
from app.examples import EXAMPLES
from app.session_store import SessionKey
from app.view_state import Outcome, Point, ViewState, outcome

RECORD = EXAMPLES.parent / "worked_example.json.gz"
CLIP = "pianist_lights_out.mp4"
ABOUT = "For three seconds there is nothing to see, only a piano to hear."
_DIGITS = 4  # significant: sums of 400 probabilities still end within the 1e-4 that an analysis asks for


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What the page shows before anybody has done anything."""

    shown: ViewState
    rgb: Analysis
    about: str

    @property
    def pair(self) -> Pair:
        """For the comparison."""
        return Pair(left=self.shown.base, right=self.rgb)


def load() -> Recorded | None:
    """The record, or None where it, or its clip, is missing or of another format."""
    try:
        values = json.loads(gzip.decompress(RECORD.read_bytes()))
        clip = EXAMPLES / values["clip"]
        analysis, rgb = (unpacked(values[key]) for key in ("analysis", "rgb"))
        board = Storyboard(
            thumbnails=tuple(base64.b64decode(text) if text else None for text in values["thumbnails"]),
            waveform=tuple(values["waveform"]),
        )
        points = tuple(Point(**point) for point in values["points"])
        told = values["everything"]
        everything = Outcome(**{**told, "macs": Macs(**told["macs"])})
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
        return None
    if not clip.is_file():
        return None
    key = SessionKey(
        path=str(clip),
        segments=len(analysis.segments),
        profile="public",
        model=analysis.model,
        token="worked-example",
    )
    shown = ViewState(
        key=key,
        base=analysis,
        current=analysis,
        board=board,
        points=points,
        recorded=True,
        rgb=rgb,
        everything=everything,
    )
    return Recorded(shown=shown, rgb=rgb, about=values["about"])


def record(target: Path = RECORD) -> None:
    """Analyze the example and write the record beside the target, then rename it."""
    key = SessionKey(path=str(EXAMPLES / CLIP), segments=10, profile="public")
    with service.sessions.session(key) as session:
        analysis, board = session.analyze("adamml"), session.storyboard()
        everything = outcome(session.analyze("all"))
        rgb = session.analyze("rgb")
        shown = known_points(session, ViewState(key=key, base=analysis, current=analysis, board=board))
    values: dict[str, Any] = {
        "clip": CLIP,
        "about": ABOUT,
        "analysis": packed(analysis),
        "rgb": packed(rgb),
        "everything": asdict(everything),
        "thumbnails": [base64.b64encode(jpeg).decode("ascii") if jpeg else None for jpeg in board.thumbnails],
        "waveform": _rounded(board.waveform),
        "points": [asdict(point) for point in shown.points],
    }
    partial = target.with_name(target.name + ".part")
    text = json.dumps(values, separators=(",", ":")) + "\n"
    partial.write_bytes(gzip.compress(text.encode(), mtime=0))  # no date, so that equal records are equal files
    partial.replace(target)


def packed(analysis: Analysis) -> dict[str, Any]:
    """An analysis as JSON values, with the probabilities of all classes as bare lists."""
    values = _rounded(analysis.to_dict())
    for holder in (values, *values["segments"], *(s["modality_scores"] for s in values["segments"])):
        for key in ("scores", "rgb", "audio"):
            if isinstance(holder.get(key), dict) and set(holder[key]) == set(analysis.classes):
                holder[key] = [holder[key][name] for name in analysis.classes]
    return dict(values)


def unpacked(values: dict[str, Any]) -> Analysis:
    """The way back.

    Raises:
        AnalysisError, KeyError, TypeError: for anything else.
    """
    for holder in (values, *values["segments"], *(s["modality_scores"] for s in values["segments"])):
        for key in ("scores", "rgb", "audio"):
            if isinstance(holder.get(key), list):
                holder[key] = dict(zip(values["classes"], holder[key], strict=True))
    return Analysis.from_json(json.dumps(values))


def _rounded(value: Any) -> Any:
    """More digits than a page shows, and few enough to keep the file small."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, (list, tuple)) else value


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    print(f"recording with {adamml.__version__} …")
    record()
    print(f"wrote {RECORD} ({RECORD.stat().st_size / 1000:.0f} kB)")
