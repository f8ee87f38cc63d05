"""Where the segments lie: the moments of the picture and the centre of the sound of each.

The published code counts frames and assumes 29.97 of them per second (Panda et al., Sec. 4.1). Here the same moments
are found by time, for any frame rate: a clip of D seconds is D * 29.97 ticks long, a segment takes every 4th tick eight
times, segments are spread evenly, and what a clip is too short for wraps around. At 29.97 frames per second ticks are
frames. Models without ticks spread their segments to the exact second; one segment alone lies in the middle.
"""

from dataclasses import dataclass

from adamml.inputs import PUBLISHED_INPUT, ClipInput

MAX_SEGMENTS = 3600
PLAY_RATE = 48_000  # of the sound that people hear
DIGITS = 6  # of a moment: times are compared, and must not differ by rounding


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One segment of a clip; all times in seconds from its start."""

    index: int
    start: float
    end: float
    frame_times: tuple[float, ...]
    sound_center: float


def segment_ticks(num_ticks: int, segments: int, frames: int = 8, stride: int = 4) -> list[list[int]]:
    """0-based ticks of every segment's frames; equal to the published frame indices less one."""
    room = max(0, num_ticks - frames * stride)
    starts = [int(room * s / (segments - 1)) if segments > 1 else 0 for s in range(segments)]
    return [[(start + stride * k) % num_ticks for k in range(frames)] for start in starts]


def center_tick(ticks: list[int]) -> int:
    """0-based centre of a segment's sound: the mean of its first and last 1-based frame, rounded down, less one."""
    return (ticks[0] + 1 + ticks[-1] + 1) // 2 - 1


def plan_segments(
    duration: float, segments: int, given: ClipInput = PUBLISHED_INPUT, *, distinct: bool = False
) -> tuple[Segment, ...]:
    """Spread `segments` segments over `duration` seconds.

    In short clips they overlap, in long ones they leave gaps.

    Args:
        given: what the model is given of a segment.
        distinct: as few as there are that differ by a frame, where the model spreads them to the second.

    Raises:
        ValueError: unless the duration is above 0 and segments lie between 1 and 3600.
    """
    if not duration > 0:
        raise ValueError(f"duration must be above 0 s, got {duration}")
    if not 1 <= segments <= MAX_SEGMENTS:
        raise ValueError(f"segments must lie between 1 and {MAX_SEGMENTS}, got {segments}")
    if given.ticks_per_second is not None:
        return _on_ticks(duration, segments, given, given.ticks_per_second)
    if distinct:
        room = max(0.0, duration - given.picture.seconds)
        segments = min(segments, 1 + int(room / given.picture.spacing + 1e-6))
    return _to_the_second(duration, segments, given)


def _on_ticks(duration: float, segments: int, given: ClipInput, rate: float) -> tuple[Segment, ...]:
    picture = given.picture
    num_ticks, stride = max(1, round(duration * rate)), round(picture.spacing * rate)
    plan = []
    for index, ticks in enumerate(segment_ticks(num_ticks, segments, picture.frames, stride)):
        start = ticks[0] / rate
        plan.append(
            Segment(
                index=index,
                start=start,
                end=max(min(start + picture.frames * stride / rate, duration), start + 1e-3),
                frame_times=tuple(tick / rate for tick in ticks),
                # The published centre time adds one to an index that already counts from one.
                sound_center=(center_tick(ticks) + 2) / rate,
            )
        )
    return tuple(plan)


def _to_the_second(duration: float, segments: int, given: ClipInput) -> tuple[Segment, ...]:
    picture = given.picture
    room = max(0.0, duration - picture.seconds)
    plan = []
    for index in range(segments):
        start = round(room * index / (segments - 1) if segments > 1 else room / 2, DIGITS)
        moments = (start + k * picture.spacing for k in range(picture.frames))
        plan.append(
            Segment(
                index=index,
                start=start,
                end=max(min(start + picture.seconds, duration), start + 1e-3),
                frame_times=tuple(round(moment % duration if room == 0 else moment, DIGITS) for moment in moments),
                sound_center=start + given.sound.seconds / 2,
            )
        )
    return tuple(plan)


def examined_share(spans: list[tuple[float, float]], duration: float) -> float:
    """Share of the clip that lies inside any (start, end)."""
    covered, reached = 0.0, 0.0
    for start, end in sorted(spans):
        covered += max(0.0, min(end, duration) - max(start, reached))
        reached = max(reached, end)
    return min(1.0, covered / duration)
