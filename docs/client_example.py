"""A typed client of the page: sends a clip, says how far it is, and reads the answer. Needs gradio_client alone.

    python docs/client_example.py clip.mp4
    python docs/client_example.py https://example.org/clip.mp4 owner/name

The second argument is a page, here the one on this machine. An address instead of a file is taken by pages that were
started with `adamml app --mcp`.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypedDict, cast

from gradio_client import Client, handle_file
from gradio_client.client import Job


class WireSegment(TypedDict):
    """Of the JSON (schema: adamml/results/analysis.py), what is read here."""

    start: float
    end: float
    decisions: dict[str, bool]
    label: str | None


class WireMacs(TypedDict):
    total: int


class WireAnalysis(TypedDict):
    answer: str
    known: bool
    label: str
    scores: dict[str, float]
    segments: list[WireSegment]
    macs: WireMacs
    alternatives: dict[str, WireMacs]
    notes: list[str]


@dataclass(frozen=True)
class Segment:
    start: float
    end: float
    looked: bool
    listened: bool
    label: str | None


@dataclass(frozen=True)
class Result:
    """What a clip is, and what share of running everything that took."""

    answer: str
    sure: float
    segments: tuple[Segment, ...]
    share: float
    notes: tuple[str, ...]


def analyze(page: Client, clip: str, tell: Callable[[str], object], *, policy: str = "adamml") -> Result:
    """Analyze a file, or what lies at an https address; `tell` hears how far it is.

    Raises:
        gradio_client.exceptions.AppError: with one sentence that says what is wrong.
    """
    given = clip if clip.startswith("https://") else handle_file(clip)
    job = page.submit(clip=given, policy=policy, api_name="/analyze")
    for step in _steps(job):
        tell(step)
    return _read(cast(WireAnalysis, job.result()))


def _steps(job: Job) -> Iterator[str]:
    """What the page says on the way, each sentence once: whose turn it is, what is decoded, what is run."""
    said = ""
    while not job.done():
        for unit in job.status().progress_data or []:
            if unit.desc and unit.desc != said:
                said = unit.desc
                yield f"{(unit.progress or 0):4.0%} {said}"
        time.sleep(0.1)


def _read(wire: WireAnalysis) -> Result:
    return Result(
        answer=wire["answer"],
        sure=wire["scores"][wire["label"]],
        segments=tuple(
            Segment(
                start=each["start"],
                end=each["end"],
                looked=each["decisions"]["rgb"],
                listened=each["decisions"]["audio"],
                label=each["label"],
            )
            for each in wire["segments"]
        ),
        share=wire["macs"]["total"] / wire["alternatives"]["all"]["total"],
        notes=tuple(wire["notes"]),
    )


def main() -> None:
    clip, *rest = sys.argv[1:]
    page = Client(rest[0] if rest else "http://127.0.0.1:7860", verbose=False)
    result = analyze(page, clip, lambda step: print(step, file=sys.stderr))
    print(f"{result.answer} ({result.sure:.0%} sure), {result.share:.0%} of the compute of running everything")
    for segment in result.segments:
        ran = " and ".join(["looked"] * segment.looked + ["listened"] * segment.listened) or "skipped"
        print(f"{segment.start:6.1f} s to {segment.end:.1f} s: {segment.label or '-'} ({ran})")


if __name__ == "__main__":
    main()
