"""Where the segments lie: eight moments for the picture and one centre for the sound of each (Panda et al., Sec. 4.1).

The published code counts frames and assumes 29.97 of them per second. Here the same moments are found by time, for
any frame rate: a clip of D seconds is D * 29.97 ticks long, a segment takes every 4th tick eight times, segments are
spread evenly, and what a clip is too short for wraps around. At 29.97 frames per second ticks are frames.
"""

from dataclasses import dataclass

TICKS_PER_SECOND = 29.97
FRAMES = 8
STRIDE = 4
SPAN_TICKS = FRAMES * STRIDE
MAX_SEGMENTS = 3600
SHORT_SIDE = 256  # pixels; what a frame is scaled to before
CROP = 224  # its middle is taken
SAMPLE_RATE = 24_000  # of the sound that is analysed
WINDOW_SECONDS = 1.28
WINDOW_SAMPLES = 30_720
PLAY_RATE = 48_000  # of the sound that people hear


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One segment of a clip; all times in seconds from its start."""

    index: int
    start: float
    end: float
    frame_times: tuple[float, ...]
    sound_centre: float


def segment_ticks(num_ticks: int, segments: int) -> list[list[int]]:
    """0-based ticks of every segment's frames; equal to the published frame indices less one."""
    room = max(0, num_ticks - SPAN_TICKS)
    starts = [int(room * s / (segments - 1)) if segments > 1 else 0 for s in range(segments)]
    return [[(start + STRIDE * k) % num_ticks for k in range(FRAMES)] for start in starts]


def centre_tick(ticks: list[int]) -> int:
    """0-based centre of a segment's sound: the mean of its first and last 1-based frame, rounded down, less one."""
    return (ticks[0] + 1 + ticks[-1] + 1) // 2 - 1


def plan_segments(duration: float, segments: int) -> tuple[Segment, ...]:
    """Spread `segments` segments over `duration` seconds.

    In short clips they overlap, in long ones they leave gaps.

    Raises:
        ValueError: unless the duration is above 0 and segments lie between 1 and 3600.
    """
    if not duration > 0:
        raise ValueError(f"duration must be above 0 s, got {duration}")
    if not 1 <= segments <= MAX_SEGMENTS:
        raise ValueError(f"segments must lie between 1 and {MAX_SEGMENTS}, got {segments}")
    num_ticks = max(1, round(duration * TICKS_PER_SECOND))
    plan = []
    for index, ticks in enumerate(segment_ticks(num_ticks, segments)):
        start = ticks[0] / TICKS_PER_SECOND
        plan.append(
            Segment(
                index=index,
                start=start,
                end=max(min(start + SPAN_TICKS / TICKS_PER_SECOND, duration), start + 1e-3),
                frame_times=tuple(tick / TICKS_PER_SECOND for tick in ticks),
                # The published centre time adds one to an index that already counts from one.
                sound_centre=(centre_tick(ticks) + 2) / TICKS_PER_SECOND,
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
