"""Decoding: the 80 frames of 10 segments out of 10 s of 1280 x 720, against other libraries."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from adamml.media import Clip, log_spectrogram, settings_for
from benchmarks.clock import Row, Turns
from benchmarks.material import SEGMENTS, write_clip

SHORT_SIDE = 256


def measure(folder: Path, rounds: int) -> Iterator[Row]:
    """Seconds of each; OpenCV where it is installed (`pip install opencv-python-headless`)."""
    path = write_clip(folder / "decode.mp4")
    times = sorted({time for segment in _opened(path).segments for time in segment.frame_times})
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: _pictures(path),
        "moviepy": lambda: _by_moviepy(path, times),
        "sound and spectrograms": lambda: _sound(path),
    }
    try:
        import cv2  # noqa: F401

        ways["opencv"] = lambda: _by_opencv(path, times)
    except ImportError:
        pass
    turns = Turns(ways, rounds)
    for name in ways:
        yield Row(
            what=f"{name}: {'80 frames' if name != 'sound and spectrograms' else '10 segments'}",
            value=turns.median(name),
            unit="s",
        )
    for other in set(ways) & {"moviepy", "opencv"}:
        yield Row(what=f"times as fast as {other}", value=turns.ratio(other, "ours"))


def _opened(path: Path) -> Clip:
    return Clip(path, settings_for("local"), SEGMENTS)


def _pictures(path: Path) -> None:
    clip = _opened(path)
    clip.frames(clip.segments)


def _sound(path: Path) -> None:
    clip = _opened(path)
    for segment in clip.segments:
        log_spectrogram(clip.window(segment))


def _by_moviepy(path: Path, times: list[float]) -> list[np.ndarray]:
    from moviepy import VideoFileClip

    with VideoFileClip(str(path), target_resolution=(None, SHORT_SIDE), audio=False) as clip:
        return [clip.get_frame(time) for time in times]


def _by_opencv(path: Path, times: list[float]) -> list[np.ndarray]:
    import cv2

    capture, frames, fetch = cv2.VideoCapture(str(path)), [], 0
    fps, number = capture.get(cv2.CAP_PROP_FPS), 0
    while fetch < len(times) and capture.grab():
        if number >= int(times[fetch] * fps):
            picture = capture.retrieve()[1]
            scale = SHORT_SIDE / min(picture.shape[:2])
            frames.append(cv2.cvtColor(cv2.resize(picture, None, fx=scale, fy=scale), cv2.COLOR_BGR2RGB))
            fetch += 1
        number += 1
    return frames
