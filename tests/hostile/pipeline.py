"""The whole way of a file: looked over, drawn, analyzed by the miniature model, written as JSON and CSV.

python -m tests.hostile.pipeline FOLDER          # every file below it; one line each
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import adamml
from adamml import Analysis, Recognizer


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How it went: an analysis, or the kind and message of a named error; and how long it took."""

    analysis: Analysis | None
    kind: str = ""
    message: str = ""
    seconds: float = 0.0

    @property
    def ending(self) -> str:
        return "refused" if self.analysis is None else "valid"


def through(recognizer: Recognizer, path: Path, policy: str = "all", segments: int = 1) -> Ended:
    """All that the page does with an upload. Anything but a ClipError goes through to the caller."""
    began = time.monotonic()
    try:
        with recognizer.open(path, segments=segments, profile="public") as session:
            session.storyboard()
            analysis = session.analyze(policy)
    except adamml.ClipError as error:
        message = str(error)
        assert message, "an error says what is wrong"
        return Ended(analysis=None, kind=type(error).__name__, message=message, seconds=time.monotonic() - began)
    assert Analysis.from_json(analysis.to_json()) == analysis
    assert analysis.to_csv()
    return Ended(analysis=analysis, seconds=time.monotonic() - began)


if __name__ == "__main__":
    from tests.toy_app import toy_recognizer

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    toy = toy_recognizer()
    for file in sorted(path for path in parser.parse_args().folder.rglob("*") if path.is_file()):
        ended = through(toy, file)
        print(f"{ended.ending} {ended.kind} {ended.seconds:.2f} s {ended.message!r}", flush=True)
