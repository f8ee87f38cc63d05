"""The words in which a clip is told: a story is a list of beats; a beat says what is seen and what is heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .camera import Look, Subject, smooth
from .scenery import Scene


@dataclass(frozen=True)
class Call:
    """One recording, `at` seconds after its beat starts."""

    at: float
    sound: str  # path below the stamps folder
    db: float = 0.0  # relative to full scale
    speed: float = 1.0
    span: tuple[float, float] | None = None  # use only these seconds of the recording


@dataclass(frozen=True)
class Beat:
    seconds: float
    note: str  # what happens, for the reader
    look: Look
    calls: Sequence[Call] = ()
    plays: bool = False  # the story's instrument sounds
    ease: float = 0.6  # seconds that the camera, the animal or the light takes to get here

    @property
    def tells(self) -> str:
        """Which of the two gives the class away."""
        seen, heard = not self.look.hidden, bool(self.calls) or self.plays
        return "both" if seen and heard else "picture" if seen else "sound" if heard else "neither"


@dataclass(frozen=True, kw_only=True)
class Story:
    name: str
    title: str
    label: str  # the class
    place: Callable[[], Scene]
    subject: Subject
    beats: Sequence[Beat]
    air: str = "breeze"  # what fills the gaps: breeze or rain
    air_db: float = -46.0  # its RMS
    music: str | None = None  # guitar or drums

    @property
    def seconds(self) -> float:
        return sum(beat.seconds for beat in self.beats)

    @property
    def starts(self) -> list[float]:
        return [sum(beat.seconds for beat in self.beats[:index]) for index in range(len(self.beats))]

    def look_at(self, time: float) -> tuple[Look, float]:
        """The look at a time, and how far (0..1) a walk has come.

        A move that hides the animal ends where its beat begins, and a move that shows it starts there, so that a hidden
        second is hidden all through.
        """
        look, stride = self.beats[0].look, 0.0
        for begin, before, beat in zip(self.starts[1:], self.beats, self.beats[1:], strict=False):
            onset = begin - beat.ease if beat.look.hidden and not before.look.hidden else begin
            step = (time - onset) / beat.ease
            look = look.toward(beat.look, smooth(step))
            if 0 < step < 1 and before.look.walk != beat.look.walk:
                stride = smooth(step)
        return look, stride

    def table(self) -> str:
        """What each second shows, as Markdown."""
        lines = [f"### {self.title}", "", f"`{self.name}.mp4`, class **{self.label}**", ""]
        lines += ["| seconds | the class is told by | what happens |", "|---|---|---|"]
        for begin, beat in zip(self.starts, self.beats, strict=True):
            lines.append(f"| {begin:g} to {begin + beat.seconds:g} | {beat.tells} | {beat.note} |")
        return "\n".join(lines) + "\n"
