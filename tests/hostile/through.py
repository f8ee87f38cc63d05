"""The whole way of a file: looked over, drawn, analysed by the miniature model, written as JSON and CSV."""

from dataclasses import dataclass
from pathlib import Path

import adamml
from adamml import Analysis, Recognizer


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How it went: an analysis, or the message of a named error."""

    analysis: Analysis | None
    message: str = ""

    @property
    def ending(self) -> str:
        return "refused" if self.analysis is None else "valid"


def through(recognizer: Recognizer, path: Path, policy: str = "all", segments: int = 2) -> Ended:
    """All that the page does with an upload. Anything but a ClipError goes through to the caller."""
    try:
        adamml.check_clip(path, profile="public")
        with recognizer.open(path, segments=segments, profile="public") as session:
            session.storyboard()
            analysis = session.analyze(policy)
    except adamml.ClipError as error:
        message = str(error)
        assert message, "an error says what is wrong"
        return Ended(analysis=None, message=message)
    assert Analysis.from_json(analysis.to_json()) == analysis
    assert analysis.to_csv()
    return Ended(analysis=analysis)
