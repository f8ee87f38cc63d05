"""All that can be asked of a decoder. Each request is a generator of (header, array): plain JSON and plain numbers.

They run in the decoding process or, where that is turned off, in the process that asks: the same code, and so the same
results. Whoever asks checks what comes (`adamml.media.decoder`).
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np

from adamml.media.decoding.playback import even_frames, stereo_blocks
from adamml.media.decoding.probe import probe_file
from adamml.media.decoding.sound_reader import Lost, mono_blocks
from adamml.media.decoding.transcode import plays, write_preview
from adamml.media.decoding.video_reader import Moments, center_crop, frames_at, scaled
from adamml.media.info import ClipInfo
from adamml.media.limits import MediaSettings

Answer = Iterator[tuple[dict[str, Any], np.ndarray | None]]
At = Callable[[ClipInfo, Sequence[float]], Moments]


def _probe(path: Path, settings: MediaSettings) -> Answer:
    yield {"info": probe_file(path, settings).to_wire()}, None


def frames(
    info: ClipInfo,
    segments: Sequence[tuple[int, Sequence[float]]],
    short_side: int,
    crop: int,
    at: At = frames_at,
) -> Answer:
    """Per segment, in the given order, the crops of its moments: (T, crop, crop, 3) uint8; kept no longer than needed.

    Frames are scaled in a thread of their own, while those after them are decoded.
    """
    last_use = {time: place for place, (_, times) in enumerate(segments) for time in times}
    crops: dict[float, Future[np.ndarray]] = {}
    last_frame, last_crop, place = None, None, 0
    with ThreadPoolExecutor(1) as aside, closing(at(info, list(last_use))) as shown:
        lost: list[float] = []
        for time, frame, instead in shown:
            if instead:
                lost.append(time)
            if frame is not last_frame or last_crop is None:  # several moments can show one frame
                last_frame, last_crop = frame, aside.submit(_crop, frame, info.pixel_aspect, short_side, crop)
            crops[time] = last_crop
            while place < len(segments) and all(moment in crops for moment in segments[place][1]):
                index, times = segments[place]
                missing = [moment for moment in segments[place][1] if moment in lost]
                yield {"segment": index, "lost": missing}, np.stack([crops[moment].result() for moment in times])
                place += 1
                crops = {moment: cut for moment, cut in crops.items() if last_use[moment] >= place}


def _crop(frame: av.VideoFrame, pixel_aspect: float, short_side: int, crop: int) -> np.ndarray:
    return center_crop(scaled(frame, short_side, pixel_aspect), crop)


def _thumbnails(info: ClipInfo, times: Sequence[float], side: int) -> Answer:
    """One small picture per moment, its middle: (at most 2 * side, at most 2 * side, 3) uint8."""
    for time, frame, _ in frames_at(info, times):
        pixels = scaled(frame, side, info.pixel_aspect)
        width = min(pixels.shape[1], 2 * side)
        left = (pixels.shape[1] - width) // 2
        yield {"time": time}, pixels[: 2 * side, left : left + width]


def _sound(info: ClipInfo, wanted: int, start: float | None, end: float | None) -> Answer:
    lost = Lost(info.origin, start, end)
    rate = wanted
    for block, rate, cancelled in mono_blocks(info, wanted, start, end, lost):
        yield {"rate": rate, "cancelled": cancelled}, block
    if lost.seconds:
        yield {"rate": rate, "first_lost": lost.first, "lost": lost.seconds}, np.zeros(0, np.float32)


def _even_frames(info: ClipInfo, fps: float, box: Sequence[int]) -> Answer:
    for time, pixels in even_frames(info, fps, (box[0], box[1])):
        yield {"time": time}, pixels


def _stereo(info: ClipInfo) -> Answer:
    for block in stereo_blocks(info):
        yield {}, block


def _plays(info: ClipInfo) -> Answer:
    yield {"plays": plays(info)}, None


def _preview(info: ClipInfo, target: Path, part: bool) -> Answer:
    write_preview(info, target, part=part)
    yield {}, None


REQUESTS: dict[str, Callable[..., Answer]] = {
    "probe": _probe,
    "frames": frames,
    "thumbnails": _thumbnails,
    "sound": _sound,
    "even_frames": _even_frames,
    "stereo": _stereo,
    "plays": _plays,
    "preview": _preview,
}
