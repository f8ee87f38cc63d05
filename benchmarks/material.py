"""What is measured on: generated clips, and a selection that is forced, so that no figure hangs on a trained policy."""

from pathlib import Path

import av
import numpy as np

from adamml.policies import ManualPolicy
from adamml.policies.base import Policy

MODEL = "everyday-av"
SEGMENTS = 10


def write_clip(path: Path, *, seconds: int = 10, size: tuple[int, int] = (1280, 720), fps: int = 30) -> Path:
    """A texture that drifts, with noise for sound: h264 and aac, 10 s of 1280 x 720 at 30 frames/s unless told."""
    rng = np.random.default_rng(0)
    width, height = size
    texture = np.kron(rng.integers(0, 255, (100, 160, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8))
    rate = 24_000
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=fps)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.options = {"preset": "veryfast"}
        audio = out.add_stream("aac", rate=rate, layout="mono")
        for index in range(seconds * fps):
            top, left = index % (texture.shape[0] - height), 2 * index % (texture.shape[1] - width)
            picture = np.ascontiguousarray(texture[top : top + height, left : left + width])
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index
            out.mux(video.encode(frame))
        out.mux(video.encode())
        for begin in range(0, seconds * rate, 1024):
            count = min(1024, seconds * rate - begin)
            piece = av.AudioFrame.from_ndarray(rng.normal(0, 0.1, (1, count)).astype(np.float32), "fltp", "mono")
            piece.sample_rate, piece.pts = rate, begin
            out.mux(audio.encode(piece))
        out.mux(audio.encode())
    return path


def forced(rgb: float, *, base: Policy | None = None, segments: int = SEGMENTS) -> ManualPolicy:
    """Sound everywhere and picture at a rate, evenly; `base` decides first, and is overruled."""
    looks = [int((s + 1) * rgb) > int(s * rgb) for s in range(segments)]
    return ManualPolicy(grid=tuple({"rgb": look, "audio": True} for look in looks), base=base)
