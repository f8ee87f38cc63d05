"""What is taken of a file with several tracks, what its picture looks like, and what its sound is mixed to."""

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from adamml import Recognizer, browser_preview
from adamml.media import Clip, UnreadableClipError, UnsupportedCodecError, display_frames, probe, settings_for
from adamml.media.decoding.colors import common
from tests.clips import number_picture, ordinary_priority, read_number, write_clip
from tests.media.timed_clips import (
    copied,
    first_picture,
    frames_played,
    number_in,
    rising,
    shifted,
    telling,
    time_heard,
)

LOCAL = settings_for("local")
DEFAULT = av.stream.Disposition.default


def marked(*, default: int) -> Callable[[av.stream.Stream], None]:
    """Only the track with this index is marked as default."""

    def mark(stream: av.stream.Stream) -> None:
        stream.disposition = DEFAULT if stream.index == default else av.stream.Disposition(0)

    return mark


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return telling(tmp_path_factory.mktemp("film") / "film.mp4", seconds=4)


def sound_file(path: Path, sound: np.ndarray, codec: str) -> Path:
    return write_clip(path, picture=None, sound=sound, rate=48_000, audio_codec=codec)


def test_the_default_sound_is_heard_and_not_the_first(film: Path, tmp_path: Path, toy: Recognizer) -> None:
    silent = sound_file(tmp_path / "silent.mkv", np.zeros((1, 192_000), np.float32), "aac")
    path = copied([silent, film], tmp_path / "two.mp4", template=marked(default=2))
    clip = Clip(path, LOCAL, 3)
    assert not clip.silent
    assert time_heard(clip.samples(), 2.0) == pytest.approx(2.0, abs=0.05)
    assert any("2 sound tracks; number 2" in note for note in clip.notes)
    assert any("2 sound tracks" in note for note in toy.analyze(path, "audio", segments=2).notes)
    assert browser_preview(path, tmp_path) is not None  # browsers take the first


def test_a_sound_that_is_not_decoded_makes_way_for_one_that_is(film: Path, tmp_path: Path) -> None:
    other = sound_file(tmp_path / "ac3.mkv", rising(4.0, channels=2), "ac3")
    clip = Clip(copied([other, film], tmp_path / "two.mp4", template=marked(default=0)), LOCAL, 3)
    assert time_heard(clip.samples(), 2.0) == pytest.approx(2.0, abs=0.05)
    assert any("number 2" in note for note in clip.notes)
    with pytest.raises(UnsupportedCodecError, match="ac3"):
        probe(other, LOCAL)


@pytest.mark.parametrize("first", ["still", "short"])
@pytest.mark.parametrize("default", [0, 1])
def test_the_film_is_shown_and_not_a_still_beside_it(film: Path, tmp_path: Path, first: str, default: int) -> None:
    pictures = 1 if first == "still" else 5
    beside = write_clip(tmp_path / "beside.mp4", times=[k / 25 for k in range(pictures)], size=(64, 48))
    clip = Clip(copied([beside, film], tmp_path / "two.mp4", template=marked(default=default)), LOCAL, 3)
    assert (clip.info.width, clip.info.height) == (160, 120)
    assert clip.info.duration == pytest.approx(4.0, abs=0.05)
    frames = clip.frames(clip.segments)
    assert [read_number(frames[s.index][0]) for s in clip.segments] == pytest.approx(
        [s.frame_times[0] * 25 for s in clip.segments], abs=1
    )
    assert any("2 picture tracks; number 2" in note for note in clip.notes)


def test_one_track_of_each_is_no_choice(film: Path) -> None:
    assert Clip(film, LOCAL, 1).notes == ()


@pytest.mark.parametrize("flip", ["", "h", "v"])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_the_picture_is_shown_as_ffmpeg_shows_it(tmp_path: Path, degrees: int, flip: str) -> None:
    def turned(stream: av.stream.Stream) -> None:
        if isinstance(stream, av.VideoStream):
            stream.set_display_rotation(degrees, hflip=flip == "h", vflip=flip == "v")

    upright = write_clip(tmp_path / "upright.mp4", seconds=1)  # no two ways of turning it look alike
    path = copied([upright], tmp_path / "turned.mp4", template=turned)
    info = probe(path, LOCAL)
    sideways = degrees % 180 == 90
    assert (info.width, info.height) == ((120, 160) if sideways else (160, 120))
    frame = next(iter(display_frames(info, fps=10, box=(160, 160))))
    expected = first_picture(path, (info.width or 0, info.height or 0))
    assert np.abs(frame.pixels.astype(int) - expected).mean() < 3
    clip = Clip(path, LOCAL, 1)
    width, height = (256 * side // 120 for side in (info.width or 0, info.height or 0))
    picture = av.VideoFrame.from_ndarray(expected, format="rgb24").reformat(width=width, height=height)
    whole = picture.to_ndarray()
    top, left = (height - 224) // 2, (width - 224) // 2
    crop = clip.frames(clip.segments)[0][0].astype(int)
    assert np.abs(crop - whole[top : top + 224, left : left + 224]).mean() < 8


def test_pixels_that_are_not_square_are_counted_as_shown(tmp_path: Path, toy: Recognizer) -> None:
    path = telling(tmp_path / "wide.mp4", seconds=1, coding={"x264-params": "sar=4/3"})
    info = probe(path, LOCAL)
    assert (info.width, info.height) == (213, 120)
    clip = toy.analyze(path, "audio", segments=1).clip
    assert (clip.width, clip.height) == (213, 120)


@pytest.mark.parametrize("codec", ["flac", "aac"])
def test_channels_that_cancel_out_are_heard(tmp_path: Path, codec: str, toy: Recognizer) -> None:
    one = rising(4.0)
    path = write_clip(tmp_path / "a.mkv", seconds=4, sound=np.concatenate([one, -one]), rate=48_000, audio_codec=codec)
    clip = Clip(path, LOCAL, 3)
    assert not clip.silent
    level = float(np.sqrt(np.square(clip.samples()[2400:-2400]).mean()))
    assert level == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    assert time_heard(clip.samples(), 2.0) == pytest.approx(2.0, abs=0.05)
    assert any("cancel" in note for note in clip.notes)
    assert any("cancel" in note for note in toy.analyze(path, "audio", segments=2).notes)


def test_other_channels_are_mixed_to_their_plain_mean(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    sound = (0.2 * chance.standard_normal((2, 48_000))).astype(np.float32)
    path = write_clip(tmp_path / "a.wav", picture=None, sound=sound, rate=24_000, audio_codec="pcm_f32le")
    clip = Clip(path, LOCAL, 1)
    assert np.array_equal(clip.samples(), sound.mean(axis=0, dtype=np.float32))
    assert clip.notes == ()


@pytest.mark.parametrize("layout", ["5.1", "7.1", "3.0", "quad", "octagonal"])
def test_surround_sound_is_mixed_as_ffmpeg_mixes_it(tmp_path: Path, layout: str) -> None:
    """Speech in the center does not drown in the channels around it, nor in low effects."""
    count = av.AudioLayout(layout).nb_channels
    sound = (0.05 * np.random.default_rng(0).standard_normal((count, 48_000))).astype(np.float32)
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_f32le", rate=24_000, layout=layout)
        frame = av.AudioFrame.from_ndarray(sound.T.reshape(1, -1), format="flt", layout=layout)
        frame.sample_rate = 24_000
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    command = [get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-ac", "1", "-f", "f32le", "-"]
    theirs = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32)
    ours = Clip(path, LOCAL, 1).samples()
    assert np.corrcoef(ours, theirs)[0, 1] > 0.999
    assert np.abs(ours).max() < np.abs(sound).max()  # never louder than what it was mixed from


def test_sound_whose_coding_changes_is_said_to_be_left_out(tmp_path: Path, toy: Recognizer) -> None:
    """A broadcast's sound goes from MP3 to AAC: no decoder reads both."""
    sound = rising(6.0)
    kind = {"seconds": 3, "rate": 48_000, "picture": number_picture}
    one = write_clip(tmp_path / "a.ts", sound=sound[:, :144_000], audio_codec="libmp3lame", **kind)  # type: ignore[arg-type]
    two = write_clip(tmp_path / "b.ts", sound=sound[:, 144_000:], audio_codec="aac", **kind)  # type: ignore[arg-type]
    path = tmp_path / "joined.ts"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    clip = Clip(path, LOCAL, 4)
    assert time_heard(clip.samples(), 2.0) == pytest.approx(2.0, abs=0.1)
    assert time_heard(clip.samples(), 5.0) is None
    (note,) = [note for note in clip.notes if "sound" in note]
    assert note.startswith("3.0 s of the sound, from 3.0 s on") or note.startswith("3.1 s of the sound, from 3.0 s on")
    assert any("cannot be decoded" in note for note in toy.analyze(path, "audio", segments=2).notes)
    part = Clip(path, LOCAL, 2, start=0.0, end=2.0)
    assert part.samples().any()
    assert not any("sound" in note for note in part.notes)


@pytest.mark.parametrize("what", ["other coding", "damage"])
def test_pictures_that_cannot_be_decoded_are_not_passed_over_in_silence(
    tmp_path: Path, toy: Recognizer, what: str
) -> None:
    one = telling(tmp_path / "a.ts", seconds=2, sound=None, gop=25)
    if what == "damage":
        path = tmp_path / "damaged.mp4"

        def damaged(packet: av.Packet) -> bool:
            assert packet.pts is not None
            if packet.pts * packet.time_base >= 2:
                packet.update(bytes(packet.size))
            return True

        copied([telling(tmp_path / "c.mp4", seconds=4, sound=None, gop=25)], path, damaged)
    else:
        path = tmp_path / "joined.ts"
        x265 = {"preset": "ultrafast", "x265-params": "log-level=none"}
        two = telling(tmp_path / "b.ts", seconds=2, sound=None, codec="libx265", coding=x265)
        path.write_bytes(one.read_bytes() + two.read_bytes())
    clip = Clip(path, LOCAL, 4)
    assert clip.info.duration == pytest.approx(4.0, abs=0.1)
    clip.frames(clip.segments[:1])
    assert not any("cannot be decoded" in note for note in clip.notes)
    clip.frames(clip.segments)
    assert any("cannot be decoded" in note for note in clip.notes)
    assert any("cannot be decoded" in note for note in toy.analyze(path, "rgb", segments=4).notes)


PATCHES = [(20, 20, 20), (90, 90, 90), (180, 180, 180), (200, 60, 40), (40, 150, 60), (50, 70, 190), (190, 170, 60)]


def patches(width: int = 160, height: int = 128) -> np.ndarray:
    """(H, W, 3) uint8: wide stripes of plain colors."""
    edges = np.linspace(0, width, len(PATCHES) + 1).astype(int)
    picture = np.zeros((height, width, 3), np.uint8)
    for color, begin, end in zip(PATCHES, edges, edges[1:], strict=False):
        picture[:, begin:end] = color
    return picture


def with_more_light(picture: np.ndarray, kind: str) -> np.ndarray:
    """The same picture as PQ, HLG or BT.2020, white at 203 cd/m2 (ITU-R BT.2408): (H, W, 3) signal from 0 to 1."""
    to_wide = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
    light = (picture / 255) ** 2.4 @ to_wide.T
    if kind == "BT.2020":
        return light ** (1 / 2.4)
    if kind == "PQ":
        power = (203 * light / 10_000) ** 0.1593017578125
        return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    light = 203 * light / 1000
    luminance = np.maximum(light @ np.array([0.2627, 0.6780, 0.0593]), 1e-9)[..., None]
    scene = light * luminance ** ((1 - 1.2) / 1.2)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)


def write_wide(path: Path, picture: np.ndarray, kind: str) -> Path:
    transfer = {"PQ": "smpte2084", "HLG": "arib-std-b67", "BT.2020": "bt2020-10"}[kind]
    signal = np.round(with_more_light(picture, kind) * 65_535).astype(np.uint16)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx265", rate=25)
        stream.width, stream.height, stream.pix_fmt = picture.shape[1], picture.shape[0], "yuv420p10le"
        stream.options = {
            "preset": "ultrafast",
            "crf": "4",
            "x265-params": f"log-level=none:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc:range=limited",
        }
        for index in range(10):
            frame = av.VideoFrame.from_ndarray(signal, format="rgb48le")
            frame = frame.reformat(format="yuv420p10le", dst_colorspace="BT2020", dst_color_range="MPEG")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


@pytest.mark.parametrize("kind", ["PQ", "HLG", "BT.2020"])
def test_wide_pictures_look_like_common_ones(tmp_path: Path, kind: str, toy: Recognizer) -> None:
    path = write_wide(tmp_path / "wide.mp4", patches(), kind)
    info = probe(path, LOCAL)
    frame = next(iter(display_frames(info, fps=10, box=(160, 128))))
    edges = np.linspace(0, 160, len(PATCHES) + 1)
    for color, begin, end in zip(PATCHES, edges, edges[1:], strict=False):
        seen = frame.pixels[40:80, int((begin + end) / 2) - 3 : int((begin + end) / 2) + 3].mean(axis=(0, 1))
        assert seen == pytest.approx(color, abs=6)
    assert any(kind in note for note in info.notes)
    assert any(kind in note for note in toy.analyze(path, "rgb", segments=1).notes)


def test_light_beyond_white_is_pressed_together_and_keeps_its_order() -> None:
    gray = np.repeat(np.arange(0, 65_536, 64, dtype=np.uint16)[None, :, None], 3, axis=2)
    for kind in ("PQ", "HLG"):
        seen = common(gray, kind)[0, :, 0].astype(int)
        assert (np.diff(seen) >= 0).all()
        assert seen[0] == 0
        assert seen[-1] >= 250


def square(index: int, width: int, height: int) -> np.ndarray:
    return number_picture(index + 50, width, height)


def test_a_preview_goes_on_where_the_size_changes(tmp_path: Path) -> None:
    one = telling(tmp_path / "a.ts", seconds=2, sound=None)
    two = telling(tmp_path / "b.ts", seconds=2, sound=None, picture=square, size=(120, 120))
    two = copied([two], tmp_path / "c.ts", shifted(2.0))
    path = tmp_path / "changes.ts"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    made = browser_preview(path, tmp_path)
    assert made is not None
    played = frames_played(made)
    assert len(played) == 100
    assert len({(frame.width, frame.height) for _, frame in played}) == 1
    for time, frame in played:
        pixels = frame.to_ndarray(format="rgb24")
        assert number_in(pixels) == pytest.approx(time * 25, abs=1)
    shows = list(display_frames(probe(path, LOCAL), fps=5, box=(160, 120)))
    assert not shows[-1].pixels[:, :8].any()  # black beside the square, rather than stretched
    assert number_in(shows[-1].pixels) >= 90


def test_pixels_that_change_their_shape_midway_are_made_square_all_the_same(tmp_path: Path) -> None:
    """Broadcasts put together: pixels wider than high first, square ones later."""

    def narrow(index: int, width: int, height: int) -> np.ndarray:
        frame = av.VideoFrame.from_ndarray(number_picture(index, 240, 120), format="rgb24")
        return frame.reformat(width=width, height=height).to_ndarray()

    def later(index: int, width: int, height: int) -> np.ndarray:
        return number_picture(index + 50, width, height)

    x264 = {"preset": "veryfast", "crf": "12"}
    wide = {"seconds": 2, "coding": x264 | {"aspect": "2", "x264-params": "sar=2/1"}, "picture": narrow}
    one = write_clip(tmp_path / "a.ts", size=(120, 120), **wide)  # type: ignore[arg-type]
    two = write_clip(tmp_path / "b.ts", size=(240, 120), seconds=2, coding=x264, picture=later)
    path = tmp_path / "joined.ts"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    info = probe(path, LOCAL)
    assert (info.pixel_aspect, info.width, info.height) == (2.0, 240, 120)
    for frame in display_frames(info, fps=5, box=(240, 120)):
        assert number_in(frame.pixels) == pytest.approx(frame.time * 25, abs=1)
    preview = browser_preview(path, tmp_path)
    assert preview is not None
    for time, frame in frames_played(preview):
        assert number_in(frame.to_ndarray(format="rgb24")) == pytest.approx(time * 25, abs=1)


def box(kind: bytes, *content: bytes) -> bytes:
    data = b"".join(content)
    return (8 + len(data)).to_bytes(4, "big") + kind + data


PHOTOS = {
    "a.heic": box(b"ftyp", b"heic", bytes(4), b"mif1", b"heic") + box(b"meta", bytes(400)),
    "tiles.heic": box(b"ftyp", b"mif1", bytes(4), b"mif1", b"heix", b"miaf") + box(b"mdat", bytes(400)),
    "b.avif": box(b"ftyp", b"avif", bytes(4), b"avif", b"mif1", b"miaf") + box(b"mdat", bytes(400)),
    "c.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(400),
    "d.png": b"\x89PNG\r\n\x1a\n" + bytes(400),
    "e.webp": b"RIFF\x90\x01\x00\x00WEBPVP8 " + bytes(400),
    "f.jxl": b"\x00\x00\x00\x0cJXL \r\n\x87\n" + bytes(400),
    "g.jp2": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(400),
    "h.raf": b"FUJIFILMCCD-RAW 0201" + bytes(400),
}
MOVING = {
    "moving.webp": b"RIFF\x90\x01\x00\x00WEBPVP8X\x0a\x00\x00\x00\x12" + bytes(400),
    "moving.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + bytes(17) + b"\x00\x00\x00\x08acTL" + bytes(400),
}


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_is_called_one(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(PHOTOS[name])
    with pytest.raises(UnreadableClipError, match="is a photo"):
        probe(path, LOCAL)


@pytest.mark.parametrize("name", MOVING)
def test_a_moving_picture_that_is_not_read_is_not_called_a_photo(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(MOVING[name])
    with pytest.raises(UnreadableClipError, match="can be read here"):
        probe(path, LOCAL)


def test_a_gif_of_one_picture_is_a_photo(tmp_path: Path) -> None:
    path = tmp_path / "one.gif"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("gif", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "rgb8"
        frame = av.VideoFrame.from_ndarray(number_picture(5), format="rgb24").reformat(format="rgb8")
        frame.pts, frame.time_base = 0, Fraction(1, 10)
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    with pytest.raises(UnreadableClipError, match="is a photo"):
        probe(path, LOCAL)


def test_a_photo_that_ffmpeg_would_play_is_called_one(tmp_path: Path) -> None:
    path = tmp_path / "real.avif"
    with ordinary_priority(), av.open(str(path), "w") as out:
        stream = out.add_stream("libsvtav1", rate=1)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        frame = av.VideoFrame.from_ndarray(number_picture(5), format="rgb24")
        frame.pts, frame.time_base = 0, Fraction(1, 1)
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    with pytest.raises(UnreadableClipError, match="is a photo"):
        probe(path, LOCAL)
