"""An annotated video: the clip as it plays, and below it what was picked, and the answer so far with its certainty.

The media room decodes, `overlay` draws, moviepy encodes H.264 (yuv420p, even sides) with the clip's own sound as AAC,
and the finished file takes the target's place in one step. The whole thing is a generator of progress, so that leaving
it early (`close()`, an exception in a callback, Ctrl-C) cleans up and leaves no file behind.
"""

import wave
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import numpy as np
from moviepy.video.io.ffmpeg_writer import FFMPEG_VideoWriter

from adamml.media import ClipInfo, display_frames, display_rate, display_sound, probe_part, settings_for
from adamml.media.sampling import PLAY_RATE
from adamml.render.drawing import GROUND
from adamml.render.export_file import ExportError, Progress, export_file
from adamml.render.overlay import STRIP_HEIGHT, WIDTH, Strip
from adamml.render.waveform import WaveformCard
from adamml.results.analysis import Analysis

MAX_FPS = 30.0
CARD_FPS = 15.0
MAX_PICTURE = (WIDTH, 640)
CARD = (WIDTH, 320)
PEAKS = 1600  # waveform bins over the whole clip, about two for every pixel of a lane
SAME_CLIP_S = 0.5
# Fast enough for a clip's own length on two busy cores; "faststart" lets a browser play before all of it has come.
ENCODING = ["-crf", "21", "-movflags", "+faststart"]


def render_video(
    path: str | Path,
    analysis: Analysis,
    out: str | Path,
    *,
    progress: Callable[[float, str], object] | None = None,
    profile: str = "local",
    start: float | None = None,
    end: float | None = None,
) -> Path:
    """Write an annotated MP4 of a clip and its analysis.

    Args:
        path: the clip that was analyzed.
        analysis: what was found.
        out: where to write; replaced when it exists.
        progress: called with (share from 0 to 1, message); raise anything in it to cancel.
        profile: limits on the clip, "local" or "public".
        start, end: the part that was analyzed, as it was given to `Recognizer.analyze`; the video shows that part.

    Returns:
        `out`.

    Raises:
        ClipError: when the clip cannot be decoded.
        ExportError: when the analysis is of another clip, or the file cannot be written.
    """
    steps = video_steps(path, analysis, out, profile=profile, start=start, end=end)
    try:
        for step in steps:
            if progress is not None:
                progress(step.share, step.message)
    finally:
        steps.close()
    return Path(out)


def video_steps(
    path: str | Path,
    analysis: Analysis,
    out: str | Path,
    *,
    profile: str = "local",
    start: float | None = None,
    end: float | None = None,
) -> Generator[Progress, None, None]:
    """What `render_video` does, step by step; `close()` cancels. Arguments and errors are the same."""
    out = Path(out)
    _, info = probe_part(Path(path), settings_for(profile), start, end)
    if abs(info.duration - analysis.clip.duration) > SAME_CLIP_S:
        raise ExportError(
            f"The analysis is of a clip of {analysis.clip.duration:.1f} s, but {info.path.name!r} lasts "
            f"{info.duration:.1f} s: export a result together with the clip it came from."
        )
    with export_file(out, suffix=".mp4", inputs=[info.path]) as finished:
        yield Progress(share=0.0, message="Fetching the sound")
        track = finished.with_suffix(".wav")
        peaks = yield from _write_sound(info, track)
        yield from _write_video(info, analysis, peaks, track if info.audio else None, finished)
    yield Progress(share=1.0, message=f"Wrote {out.name}")


def _write_sound(info: ClipInfo, track: Path) -> Generator[Progress, None, np.ndarray]:
    """Write the clip's sound as WAV, and return its outline: (PEAKS,) from 0 to 1, empty where nothing is heard."""
    if info.audio is None:
        return np.zeros(0)
    peaks, place, whole = np.zeros(PEAKS), 0, max(1, round(info.duration * PLAY_RATE))
    said = 0.0
    with wave.open(str(track), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(PLAY_RATE)
        for piece in display_sound(info):
            out.writeframes(piece.astype("<i2").tobytes())
            loudness = np.abs(piece.astype(np.int32)).max(axis=1)
            bins = np.minimum((place + np.arange(len(piece))) * PEAKS // whole, PEAKS - 1)
            np.maximum.at(peaks, bins, loudness)
            place += len(piece)
            if place / whole > said + 0.2:  # a step now and then, so that a long track can be cancelled
                said = place / whole
                yield Progress(share=0.04 * said, message="Fetching the sound")
    return peaks / peaks.max() if peaks.max() > 0 else np.zeros(0)


def _write_video(
    info: ClipInfo, analysis: Analysis, peaks: np.ndarray, track: Path | None, target: Path
) -> Generator[Progress, None, None]:
    fps = display_rate(info, MAX_FPS) if info.video is not None else CARD_FPS
    count = max(1, round(info.duration * fps))
    strip = Strip(analysis, peaks)
    writer: FFMPEG_VideoWriter | None = None
    try:
        for done, (time, picture) in enumerate(_pictures(info, analysis, peaks, fps)):
            frame = _framed(picture, strip.at(time))
            if writer is None:
                writer = _open(target, (frame.shape[1], frame.shape[0]), fps, track)
            _send(writer, frame)
            if done % 8 == 0:
                share = 0.05 + 0.93 * done / count
                yield Progress(share=share, message=f"Drawing second {int(time)} of {int(info.duration)}")
        assert writer is not None, "every clip has at least one frame"
        yield Progress(share=0.98, message="Finishing the file")
        process = writer.proc
        process.stdin.close()
        problem = process.stderr.read().decode(errors="replace")
        if process.wait() != 0:
            raise ExportError(f"The video could not be encoded: {_last_line(problem)}")
    finally:
        if writer is not None:
            writer.proc.kill()  # nothing happens when it has ended already
            writer.close()


def _pictures(info: ClipInfo, analysis: Analysis, peaks: np.ndarray, fps: float) -> Iterator[tuple[float, np.ndarray]]:
    """(time, pixels) at an even rate."""
    if info.video is not None:
        for frame in display_frames(info, fps=fps, box=MAX_PICTURE):
            yield frame.time, frame.pixels
        return
    card = WaveformCard(analysis.clip.name, peaks, info.duration, CARD)
    for k in range(max(1, round(info.duration * fps))):
        yield k / fps, card.at(k / fps)


def _framed(picture: np.ndarray, strip: np.ndarray) -> np.ndarray:
    """The picture in the middle, the strip below it."""
    height, width = picture.shape[:2]
    frame = np.empty((height + STRIP_HEIGHT, WIDTH, 3), np.uint8)
    left = (WIDTH - width) // 2
    frame[:height] = GROUND
    frame[:height, left : left + width] = picture
    frame[height:] = strip
    return frame


def _open(target: Path, size: tuple[int, int], fps: float, track: Path | None) -> FFMPEG_VideoWriter:
    return FFMPEG_VideoWriter(
        str(target),
        size,
        fps,
        codec="libx264",
        preset="veryfast",
        audiofile=str(track) if track is not None else None,
        audio_codec="aac",
        ffmpeg_params=ENCODING,
    )


def _send(writer: FFMPEG_VideoWriter, frame: np.ndarray) -> None:
    try:
        writer.write_frame(frame)
    except OSError as error:  # the encoder has died: no space left, say
        raise ExportError(f"The video could not be encoded: {_last_line(str(error))}") from error


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no reason was given")
