"""Whatever a file is like, its times, its way up, its length and its level are what it was made with."""

import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adamml.media import Clip, settings_for
from tests.clips import number_picture, write_clip
from tests.media.timed_clips import copied, first_picture, rising, shifted, shown, time_heard

LOCAL = settings_for("local")
SIZE = (160, 120)


@st.composite
def recipes(draw: st.DrawFn) -> dict:
    """How a file is made; what cannot be combined is not drawn together."""
    suffix = draw(st.sampled_from(["mp4", "mkv", "mov", "ts", "webm"]))
    times = draw(st.sampled_from(["even", "uneven", "slides"]))
    return {
        "suffix": suffix,
        "fps": draw(st.sampled_from([Fraction(10), Fraction(25), Fraction(30_000, 1001)])),
        "times": "even" if suffix == "ts" else times,
        "rate": draw(st.sampled_from([16_000, 44_100, 48_000] if suffix != "webm" else [48_000])),
        "channels": draw(st.sampled_from([1, 2])),
        "inverted": draw(st.booleans()),
        "bframes": draw(st.sampled_from([0, 2])),
        "late": draw(st.sampled_from([0.0, 0.0, 2.5])),
        "hidden": draw(st.sampled_from([0.0, 0.6])) if suffix in ("mp4", "mov") else 0.0,
        "degrees": draw(st.sampled_from([0, 90, 180, 270])) if suffix in ("mp4", "mov") else 0,
        "hflip": draw(st.booleans()) if suffix in ("mp4", "mov") else False,
        "silent_first": draw(st.booleans()) if suffix in ("mp4", "mkv") else False,
    }


def picture_times(recipe: dict, seconds: float) -> list[float]:
    """When each picture begins."""
    if recipe["times"] == "slides":
        return [0.0, 1.3, 2.6]
    count, pace = int(seconds * recipe["fps"]), float(1 / recipe["fps"])
    if recipe["times"] == "even":
        return [k * pace for k in range(count)]
    return [k * pace for k in range(count) if k % 7 not in (2, 3)]


def marked_picture(index: int, width: int, height: int) -> np.ndarray:
    """A number, and a patch by which every way of turning it is told apart."""
    picture = number_picture(index, width, height)
    picture[20:42, 40:66] = 110
    return picture


def made(recipe: dict, folder: Path, seconds: float) -> tuple[Path, list[float]]:
    """A file by a recipe, and when its pictures begin in it, numbered from 0."""
    begins = picture_times(recipe, seconds)
    sound = rising(seconds, recipe["rate"], recipe["channels"])
    if recipe["inverted"] and recipe["channels"] == 2:
        sound[1] *= -1
    webm = recipe["suffix"] == "webm"
    path = write_clip(
        folder / ("made.webm" if webm else "made.mp4"),
        times=begins,
        picture=marked_picture,
        size=SIZE,
        gop=10,
        sound=sound,
        rate=recipe["rate"],
        codec="libvpx" if webm else "libx264",
        audio_codec="libopus" if webm else "aac",
        coding={"deadline": "realtime", "cpu-used": "8", "crf": "4", "b": "2M"}
        if webm
        else {"preset": "veryfast", "crf": "12", "bf": str(recipe["bframes"])},
    )
    marked = av.stream.Disposition.default

    def template(stream: av.stream.Stream) -> None:
        if isinstance(stream, av.VideoStream) and (recipe["degrees"] or recipe["hflip"]):
            stream.set_display_rotation(recipe["degrees"], hflip=recipe["hflip"])
        if recipe["silent_first"]:
            stream.disposition = av.stream.Disposition(0) if stream.index == 0 else marked

    sources = [path]
    if recipe["silent_first"]:
        nothing = np.zeros((1, round(seconds * recipe["rate"])), np.float32)
        kind = {"picture": None, "sound": nothing, "rate": recipe["rate"], "seconds": seconds}
        sources.insert(0, write_clip(folder / "nothing.mkv", **kind))  # type: ignore[arg-type]
    move = recipe["late"] - recipe["hidden"]
    changed = copied(sources, folder / f"changed.{recipe['suffix']}", shifted(move), template=template)
    return changed, [begin + move for begin in begins]


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(recipes())
def test_times_orientation_length_and_level_are_those_that_were_written(recipe: dict) -> None:
    seconds = 4.0
    with tempfile.TemporaryDirectory() as folder:
        path, begins = made(recipe, Path(folder), seconds)
        clip = Clip(path, LOCAL, 4)
        info = clip.info
        # What AAC's decoder needs to get going comes before the sound. Only MP4 says that nobody hears it: a TS file's
        # clock begins with it, and MKV, which has no times before 0 s, begins everything else later.
        moved = recipe["late"] - 1024 / recipe["rate"] if recipe["suffix"] in ("ts", "mkv") else 0.0
        moved = min(0.0, moved) if recipe["suffix"] == "mkv" else moved
        first = max(0.0, recipe["late"] - recipe["hidden"])
        length = recipe["late"] - recipe["hidden"] + seconds - moved
        assert info.duration == pytest.approx(length, abs=0.1)
        # Times: the picture at a moment is the last one that has begun.
        upright = not recipe["degrees"] and not recipe["hflip"]
        for time, number in shown(clip) if upright else ():
            at = time + moved
            seen = {k: begin for k, begin in enumerate(begins) if begin > -1e-3}  # FFmpeg hides others
            allowed = [
                max((k for k, begin in seen.items() if begin <= at + slack), default=min(seen))
                for slack in (-0.05, 0.01)
            ]
            if at > max(first, 0) + 0.05:
                assert number in range(min(allowed), max(allowed) + 1), (recipe, time)
        # Sound: what is heard at a moment was written for it, and as loud.
        samples = clip.samples()
        start = recipe["late"] - recipe["hidden"] - moved
        inside = [t for t in np.arange(0.3, info.duration - 0.3, 0.4) if start + 0.2 < t < start + seconds - 0.2]
        for time in inside:
            assert time_heard(samples, float(time)) == pytest.approx(float(time) - start, abs=0.06), recipe
        stretch = samples[int((max(start, 0) + 0.2) * 24_000) : int((start + seconds - 0.2) * 24_000)]
        assert float(np.sqrt(np.square(stretch).mean())) == pytest.approx(0.5 / np.sqrt(2), rel=0.1), recipe
        # Orientation, and the size that goes with it.
        sideways = recipe["degrees"] % 180 == 90
        assert (info.width, info.height) == (SIZE[::-1] if sideways else SIZE)
        if not upright and not recipe["late"]:
            expected = av.VideoFrame.from_ndarray(first_picture(path, (info.width, info.height)), format="rgb24")
            crop = clip.frames([clip.segments[0]])[0][0].astype(int)
            width, height = 256 * info.width // 120, 256 * info.height // 120
            whole = expected.reformat(width=width, height=height).to_ndarray()
            top, left = (height - 224) // 2, (width - 224) // 2
            assert np.abs(crop - whole[top : top + 224, left : left + 224]).mean() < 5, recipe
        clip.close()
