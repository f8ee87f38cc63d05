"""Our times, orientation and levels against FFmpeg's: `python -m benchmarks.clock_check [FILE ...]`.

Files are those given and eight that are generated: ordinary, trimmed by an edit list, late, turned and mirrored, of
long pictures, with two sound tracks, in a broadcast's container, with channels that cancel out. Per file:

    start     ms between the first picture as we place it and as FFmpeg's decoder stamps it
    end       ms between the ends of what is shown or heard, ours and that of FFmpeg's header
    picture   moments of 40 at which another picture is shown than the last that FFmpeg has begun by then
    way up    mean difference of the first picture to that of the ffmpeg program, which turns it (0 to 255)
    level     dB between our mix and the mean energy of FFmpeg's channels
    sound     ms by which our sound lies off FFmpeg's

The largest of each stand at the end. A joined file has no single clock in FFmpeg: only its way
up is compared. FFmpeg's level is the mean energy of channels, so that two that have nothing in common lie at -3 dB.
"""

import argparse
import subprocess
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path

import av
import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe

from adamml.inputs import PUBLISHED_INPUT
from adamml.media import Clip, ClipError, ClipInfo, display_frames, settings_for
from adamml.media.decoding.video_reader import TOLERANCE_S, frames_at
from tests.clips import number_picture, tone, write_clip
from tests.media.timed_clips import copied, first_picture, rising, shifted, telling

SAMPLE_RATE = PUBLISHED_INPUT.sound.sample_rate
LOCAL = settings_for("local")
MOMENTS, REACH_S = 40, 0.5  # moments compared; how far off sound is looked for


@dataclass(frozen=True, kw_only=True)
class Differences:
    """What was found of one file; None where there is nothing to compare."""

    start: float | None = None
    end: float | None = None
    picture: float | None = None
    way_up: float | None = None
    level: float | None = None
    sound: float | None = None


def generated(folder: Path) -> Iterator[Path]:
    """One file of each kind."""
    plain = telling(folder / "plain.mp4", coding={"preset": "medium", "bf": "2", "crf": "12"})
    yield plain
    yield copied([plain], folder / "trimmed.mp4", shifted(-3.5, least=2.0))
    yield copied([plain], folder / "late.mp4", shifted(5.0, least=0.0))

    def turned(stream: av.stream.Stream) -> None:
        if isinstance(stream, av.VideoStream):
            stream.set_display_rotation(90, hflip=True)

    yield copied([plain], folder / "turned.mp4", template=turned)
    yield write_clip(folder / "long-pictures.mp4", times=[0, 4, 8], picture=number_picture, sound=tone(12.0))
    silent = write_clip(folder / "silent.mkv", picture=None, sound=np.zeros((1, 192_000), np.float32), rate=48_000)
    default = av.stream.Disposition.default

    def marked(stream: av.stream.Stream) -> None:
        stream.disposition = av.stream.Disposition(0) if stream.index == 0 else default

    yield copied([silent, plain], folder / "two-sounds.mp4", template=marked)
    yield copied([plain], folder / "broadcast.ts", shifted(0.0, least=0.0))
    sound = rising(4.0)
    both = np.concatenate([sound, -sound])
    yield write_clip(folder / "cancels.mkv", seconds=4, sound=both, rate=48_000, audio_codec="flac")


def compared(path: Path) -> Differences:
    """One file by our clock and by FFmpeg's."""
    clip = Clip(path, LOCAL, 4)
    info, found = clip.info, {}  # type: ClipInfo, dict[str, float]
    with av.open(str(path)) as container:
        joined = any(track.joins for track in (info.video, info.audio) if track is not None)
        channels = container.streams[info.audio.stream].codec_context.layout.nb_channels if info.audio else 0
        if container.duration is not None and not joined:
            header = ((container.start_time or 0) + container.duration) / 1e6 - info.origin
            last = max(track.end for track in (info.video, info.audio) if track is not None)
            found["end"] = 1000 * (last - header)
    if info.video is not None:
        found |= _picture(path, info)
    if info.audio is not None and not joined and not clip.silent:
        found |= _sound(path, clip, channels)
    clip.close()
    return Differences(**found)


def _picture(path: Path, info: ClipInfo) -> dict[str, float]:
    assert info.video is not None
    frame = next(iter(display_frames(info, fps=10, box=(info.width or 0, info.height or 0))))
    found: dict[str, float] = {}
    common = not any("BT.709" in note for note in info.notes)  # the program leaves HDR as it is
    if common and frame.pixels.shape[:2] == (info.height, info.width):  # odd sides are made even
        index = info.video.stream
        theirs = first_picture(path, (info.width, info.height), index)
        found["way_up"] = float(np.abs(frame.pixels.astype(int) - theirs).mean())
    if info.video.joins:
        return found
    with av.open(str(path)) as container:
        stream = container.streams[info.video.stream]
        assert isinstance(stream, av.VideoStream)
        read = [(float(f.time) - info.origin, hash(f.to_ndarray().tobytes())) for f in container.decode(stream)]
    times = [(k + 0.5) * info.duration / MOMENTS for k in range(MOMENTS)]
    # Some containers number packets as they are stored: what counts is the first frame that begins later.
    begins = list(accumulate((begin for begin, _ in read), max))
    expected = [read[max(0, bisect_right(begins, time + TOLERANCE_S) - 1)][1] for time in times]
    ours = [hash(f.to_ndarray().tobytes()) for _, f, _ in frames_at(info, times)]
    found["start"] = 1000 * (info.video.start - begins[0])
    found["picture"] = sum(one != other for one, other in zip(ours, expected, strict=True))
    return found


def _sound(path: Path, clip: Clip, count: int) -> dict[str, float]:
    info = clip.info
    assert info.audio is not None
    command = [get_ffmpeg_exe(), "-v", "error", "-copyts", "-i", str(path), "-map", f"0:{info.audio.stream}"]
    command += ["-af", "aresample=async=1:first_pts=0", "-ar", str(SAMPLE_RATE), "-f", "f32le", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    channels = np.frombuffer(data, np.float32).reshape(-1, count)
    begin = round(max(0.0, info.origin) * SAMPLE_RATE)
    channels, ours = channels[begin:], clip.samples()
    both = min(len(channels), ours.size)
    channels, ours = channels[:both].astype(np.float64), ours[:both].astype(np.float64)
    theirs = channels[:, int(np.square(channels).sum(axis=0).argmax())]
    energy = np.square(channels).mean()
    size = 1 << (2 * both - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(ours, size) * np.conj(np.fft.rfft(theirs, size)), size)
    reach = round(REACH_S * SAMPLE_RATE)
    near = np.abs(np.concatenate([product[-reach:], product[: reach + 1]]))
    return {
        "level": float(10 * np.log10(max(np.square(ours).mean(), 1e-12) / max(energy, 1e-12))),
        "sound": 1000 * (int(near.argmax()) - reach) / SAMPLE_RATE,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.clock_check", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    args = parser.parse_args()
    names = list(asdict(Differences()))
    print(f"{'':<32}" + "".join(f"{name:>10}" for name in names))
    largest: dict[str, tuple[float, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in (*generated(Path(folder)), *args.files):
            try:
                found = asdict(compared(path))
            except (ClipError, av.error.FFmpegError, subprocess.CalledProcessError) as error:
                print(f"{path.name[:31]:<32}  {error}")
                continue
            cells = ("" if found[name] is None else f"{found[name]:.1f}" for name in names)
            print(f"{path.name[:31]:<32}" + "".join(f"{cell:>10}" for cell in cells), flush=True)
            for name, value in found.items():
                if value is not None and abs(value) >= largest.get(name, (0.0, ""))[0]:
                    largest[name] = abs(value), path.name
    for name, (value, where) in largest.items():
        print(f"largest {name}: {value:.1f} ({where})")


if __name__ == "__main__":
    main()
