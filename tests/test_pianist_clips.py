"""The two clips of a real pianist lose picture or sound in the seconds that their credits name, and nothing else."""

from pathlib import Path

import av
import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "assets" / "examples"
SECONDS = np.arange(0.5, 10)  # the middle of each second


def brightness(path: Path) -> list[float]:
    """Mean luma in the middle of each second."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)]
    assert len(frames) == 300
    return [float(frames[round(second * 30)]) for second in SECONDS]


def loudness(path: Path) -> list[float]:
    """Root mean square of each second."""
    with av.open(str(path)) as container:
        assert container.streams.audio[0].layout.name == "mono"
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    return [float(np.sqrt(np.mean(part**2))) for part in samples[: 10 * 32_000].reshape(10, -1)]


@pytest.mark.parametrize("name", ["pianist_lights_out", "pianist_muted"])
def test_the_clips_are_small(name: str) -> None:
    assert (EXAMPLES / f"{name}.mp4").stat().st_size < 100_000


def test_the_light_goes_out_for_three_seconds_while_he_plays_on() -> None:
    path = EXAMPLES / "pianist_lights_out.mp4"
    dark = [value < 20 for value in brightness(path)]  # black is 16
    assert [second for second, is_dark in zip(SECONDS, dark, strict=True) if is_dark] == [4.5, 5.5, 6.5]
    assert min(loudness(path)) > 0.05


def test_the_second_half_is_silent_while_he_is_seen() -> None:
    path = EXAMPLES / "pianist_muted.mp4"
    heard = loudness(path)
    assert min(heard[:5]) > 0.05
    assert max(heard[6:]) < 1e-6
    assert min(brightness(path)) > 50
