"""Decoding: the frames of ten segments out of 10 s of 1280 x 720, against other libraries, for both models.

`everyday-av` wants 80 frames, `kinetics-400` 320, which is nearly all there are. Ours looks the file over first and
decodes in a process of its own; the others decode where they are asked. OpenCV and torchcodec where they are installed
(`pip install opencv-python-headless torchcodec`; torchcodec wants FFmpeg's libraries on the system).
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import av
import numpy as np

from adamml.inputs import I3D_INPUT, PUBLISHED_INPUT, ClipInput
from adamml.media import FRONT_ENDS, Clip, settings_for
from benchmarks.clock import Row, Turns
from benchmarks.material import SEGMENTS, write_clip

Way = Callable[[Path, list[float], int], list[np.ndarray]]


def measure(folder: Path, rounds: int) -> Iterator[Row]:
    """Seconds of each, and how many times as long as ours."""
    path = write_clip(folder / "decode.mp4")
    for model, given in (("everyday-av", PUBLISHED_INPUT), ("kinetics-400", I3D_INPUT)):
        side = given.picture.short_side
        with closing(_opened(path, given)) as clip:
            times = sorted({time for segment in clip.segments for time in segment.frame_times})
        ways: dict[str, Callable[[], object]] = {"ours": partial(_pictures, path, given)}
        ways |= {name: partial(way, path, times, side) for name, way in _others().items()}
        turns = Turns(ways | {"sound": partial(_sound, path, given)}, rounds)
        for name in ways:
            yield Row(what=f"{model}: {name}, {len(times)} frames", value=turns.median(name), unit="s")
        yield Row(what=f"{model}: sound of ten segments", value=turns.median("sound"), unit="s")
        for other in ways.keys() - {"ours"}:
            yield Row(what=f"{model}: times as fast as {other}", value=turns.ratio(other, "ours"))


def _opened(path: Path, given: ClipInput) -> Clip:
    return Clip(path, settings_for("local"), SEGMENTS, given=given)


def _pictures(path: Path, given: ClipInput) -> None:
    with closing(_opened(path, given)) as clip:
        clip.frames(clip.segments)


def _sound(path: Path, given: ClipInput) -> None:
    front_end = FRONT_ENDS[given.sound.front_end]
    with closing(_opened(path, given)) as clip:
        for segment in clip.segments:
            front_end(clip.window(segment))


def _others() -> dict[str, Way]:
    found: dict[str, Way] = {"PyAV's plain loop": _by_pyav, "moviepy": _by_moviepy}
    try:
        import cv2  # noqa: F401

        found["OpenCV"] = _by_opencv
    except ImportError:
        pass
    try:
        import torchcodec.decoders  # noqa: F401

        found["torchcodec"] = _by_torchcodec
    except (ImportError, RuntimeError, OSError):
        pass
    return found


def _by_pyav(path: Path, times: list[float], side: int) -> list[np.ndarray]:
    frames: list[np.ndarray] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            while len(frames) < len(times) and frame.time + 1 / 30 > times[len(frames)]:
                width = round(frame.width * side / frame.height)
                frames.append(frame.reformat(width, side, "rgb24").to_ndarray())
    return frames


def _by_moviepy(path: Path, times: list[float], side: int) -> list[np.ndarray]:
    from moviepy import VideoFileClip

    with VideoFileClip(str(path), target_resolution=(None, side), audio=False) as clip:
        return [clip.get_frame(time) for time in times]


def _by_opencv(path: Path, times: list[float], side: int) -> list[np.ndarray]:
    import cv2

    capture, frames, number = cv2.VideoCapture(str(path)), [], 0
    fps = capture.get(cv2.CAP_PROP_FPS)
    while len(frames) < len(times) and capture.grab():
        if number >= int(times[len(frames)] * fps):
            picture = capture.retrieve()[1]
            scale = side / min(picture.shape[:2])
            small = cv2.cvtColor(cv2.resize(picture, None, fx=scale, fy=scale), cv2.COLOR_BGR2RGB)
            while len(frames) < len(times) and number >= int(times[len(frames)] * fps):
                frames.append(small)
        number += 1
    return frames


def _by_torchcodec(path: Path, times: list[float], side: int) -> list[np.ndarray]:
    from torch.nn import functional as F
    from torchcodec.decoders import VideoDecoder

    batch = VideoDecoder(str(path), num_ffmpeg_threads=0).get_frames_played_at(seconds=times).data
    scale = side / min(batch.shape[2:])
    small = F.interpolate(batch, scale_factor=scale, mode="bilinear", antialias=True)
    return list(small.permute(0, 2, 3, 1).numpy())
