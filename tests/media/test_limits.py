"""What is let in: limits, kinds of file and codecs, names that look like addresses, playlists that point elsewhere."""

import socket
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from adamml.cli import main
from adamml.inputs import PUBLISHED_INPUT
from adamml.media import (
    PROFILES,
    Clip,
    ClipLimitError,
    SettingsError,
    UnreadableClipError,
    UnsupportedCodecError,
    probe,
    settings_for,
)
from adamml.media.sound_track import IN_MEMORY_S, Track, _resampled
from tests.clips import moving_picture, tone, write_clip

PUBLIC = settings_for("public")


def test_the_public_profile_is_what_is_promised() -> None:
    assert (PUBLIC.max_bytes, PUBLIC.max_seconds, PUBLIC.max_frames, PUBLIC.max_streams) == (10**8, 120, 36_000, 8)
    assert (PUBLIC.max_width, PUBLIC.max_height, PUBLIC.max_fps, PUBLIC.isolated) == (3840, 2160, 120, True)
    assert settings_for("local").max_seconds >= 3600
    assert settings_for("local").isolated


def test_the_environment_overrides_both_profiles(monkeypatch: pytest.MonkeyPatch, clip: Path) -> None:
    monkeypatch.setenv("ADAMML_MAX_SECONDS", "2.5")
    monkeypatch.setenv("ADAMML_MAX_BYTES", "5e6")
    monkeypatch.setenv("ADAMML_ISOLATED", "0")
    for settings in PROFILES.values():
        assert (settings.max_seconds, settings.max_bytes, settings.isolated) == (2.5, 5_000_000, False)
    with pytest.raises(ClipLimitError, match=r"lasts 4 s; up to 2 s .* Cut out the 2 s that matter"):
        probe(clip, settings_for("local"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("MAX_SECONDS", "two", "a number from 0.1 to 86,400, not 'two'"),
        ("MAX_SECONDS", "nan", "a number"),
        ("MAX_SECONDS", "inf", "a number"),
        ("MAX_FRAMES", "2.5", "a whole number"),
        ("MAX_STREAMS", "0", "from 1 to 100"),
        ("MAX_MEMORY", "-1", "from"),
        ("ISOLATED", "yes", "0 or 1"),
    ],
)
def test_a_senseless_override_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], clip: Path, name: str, text: str, message: str
) -> None:
    monkeypatch.setenv(f"ADAMML_{name}", text)
    with pytest.raises(SettingsError, match=message):
        settings_for("public")
    assert main(["doctor"]) == 1
    assert f"ADAMML_{name}" in capsys.readouterr().out


@pytest.mark.parametrize("segments", [0, -1, 61, 10**9, 2.5, float("nan"), True, "3", None])
def test_senseless_numbers_of_segments_are_refused(clip: Path, segments: object) -> None:
    with pytest.raises(ClipLimitError, match="Between 1 and 60 segments"):
        Clip(clip, PUBLIC, segments)  # type: ignore[arg-type]


def test_more_frames_per_second_than_allowed(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "fast.mp4", seconds=0.5, fps=200)
    with pytest.raises(ClipLimitError, match="200 frames per second; up to 120"):
        probe(path, PUBLIC)


def test_limits_hold_while_decoding_too(clip: Path) -> None:
    """Whoever has looked the file over: here a header is believed that promised less."""
    opened = Clip(clip, PUBLIC, 2)
    opened.info = replace(opened.info, settings=replace(PUBLIC, max_frames=20))
    with pytest.raises(ClipLimitError, match="more than 20 frames"):
        opened.frames(opened.segments)
    opened.info = replace(opened.info, settings=replace(PUBLIC, max_width=100, max_height=100))
    with pytest.raises(ClipLimitError, match="160 x 120"):
        opened.frames(opened.segments)
    opened._file = replace(opened._file, settings=replace(PUBLIC, max_seconds=0.1))
    long = write_clip(clip.with_name("long.wav"), picture=None, sound=tone(12.0), audio_codec="pcm_s16le")
    opened._file = replace(opened._file, path=long, audio=probe(long, PUBLIC).audio)
    with pytest.raises(ClipLimitError, match="goes on for more than"):
        opened.samples()
    opened.close()


def test_frames_that_grow_midway_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "grows.ts"
    small = write_clip(tmp_path / "a.ts", seconds=1.0, size=(160, 120))
    large = write_clip(tmp_path / "b.ts", times=[1 + k / 25 for k in range(25)], size=(320, 240))
    path.write_bytes(small.read_bytes() + large.read_bytes())
    clip = Clip(path, replace(PUBLIC, max_width=200, max_height=200), 2)
    with pytest.raises(ClipLimitError, match="320 x 240"):
        list(clip.stream(clip.segments))
    clip.close()


@pytest.mark.parametrize(
    ("name", "codec", "sound"),
    [("a.mkv", "mpeg2video", None), ("a.mkv", "ffv1", None), ("a.mkv", None, "ac3"), ("a.avi", "huffyuv", None)],
)
def test_other_codecs_are_refused_by_name(tmp_path: Path, name: str, codec: str | None, sound: str | None) -> None:
    path = tmp_path / name
    with av.open(str(path), "w") as out:
        if codec is not None:
            video = out.add_stream(codec, rate=25)
            video.width, video.height = 160, 120
            video.pix_fmt = "yuv422p" if codec == "huffyuv" else "yuv420p"
            for index in range(5):
                out.mux(video.encode(av.VideoFrame.from_ndarray(moving_picture(index), format="rgb24")))
            out.mux(video.encode())
        if sound is not None:
            audio = out.add_stream(sound, rate=48_000, layout="stereo")
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 1536), np.float32), format="fltp", layout="stereo")
            frame.sample_rate = 48_000
            out.mux(audio.encode(frame))
            out.mux(audio.encode())
    with pytest.raises(UnsupportedCodecError, match=f"coded as {codec or sound}"):
        probe(path, PUBLIC)


@pytest.mark.parametrize("suffix", ["flv", "nut", "asf"])
def test_other_containers_are_refused(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"a.{suffix}", seconds=0.4, codec="mpeg4" if suffix != "flv" else "libx264")
    with pytest.raises(UnreadableClipError, match="can be read here"):
        probe(path, PUBLIC)


@pytest.mark.parametrize("name", ["concat:a|b", "http:x", "data:video,mp4;base64,AAAA", "a%03d.mp4", "-", "pipe:0"])
def test_a_name_is_never_an_address(tmp_path: Path, clip: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).write_bytes(clip.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert probe(Path(name), PUBLIC).duration == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:{port}/a.mp4", "tcp://127.0.0.1:{port}", "concat:{clip}", "file:{clip}", "-"]
)
def test_addresses_are_no_files(clip: Path, address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        with pytest.raises(UnreadableClipError, match="There is no file"):
            probe(Path(address.format(port=server.getsockname()[1], clip=clip)), PUBLIC)
        with pytest.raises(BlockingIOError):
            server.accept()


PLAYLISTS = {
    "a.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{target}\n#EXT-X-ENDLIST\n",
    "a.concat": "ffconcat version 1.0\nfile '{target}'\n",
    "a.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
    '<Representation id="1"><BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>',
    "a.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "a.mp4": "#EXTM3U\n#EXTINF:4,\n{target}\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("remote", [False, True])
def test_playlists_reach_nothing(tmp_path: Path, clip: Path, name: str, remote: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        target = f"http://127.0.0.1:{port}/a.ts" if remote else str(clip)
        path = tmp_path / name
        path.write_text(PLAYLISTS[name].format(target=target, port=port))
        with pytest.raises(UnreadableClipError):
            probe(path, PUBLIC)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_picture_of_which_nothing_decodes_is_none(tmp_path: Path) -> None:
    """The sound still answers; where there is none, the file is refused at once."""
    for name, sound in (("a.avi", tone(2.0)), ("b.avi", None)):
        path = write_clip(tmp_path / name, seconds=2.0, codec="mpeg4", sound=sound, audio_codec="mp3")
        data = path.read_bytes()
        for place in _chunks(data, b"00dc"):
            size = int.from_bytes(data[place + 4 : place + 8], "little")
            data = data[: place + 8] + b"\x00" * size + data[place + 8 + size :]
        path.write_bytes(data)
        if sound is None:
            with pytest.raises(UnreadableClipError, match="No frame"):
                probe(path, PUBLIC)
        else:
            info = probe(path, PUBLIC)
            assert info.video is None
            assert info.audio is not None


def _chunks(data: bytes, name: bytes) -> list[int]:
    """Where AVI chunks of a name begin, the index left out."""
    end, places, place = data.find(b"idx1"), [], data.find(b"movi")
    while 0 <= (place := data.find(name, place + 1)) < end:
        places.append(place)
    return places


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
def test_sound_resampled_in_stretches_is_the_same_to_the_bit(rate: int) -> None:
    import torch
    import torchaudio

    sound = np.random.default_rng(0).standard_normal(rate * 65 + 1234).astype(np.float32)
    whole = torchaudio.functional.resample(torch.from_numpy(sound), rate, 24_000).numpy()
    blocks = ((sound[begin : begin + 70_001], rate) for begin in range(0, sound.size, 70_001))
    assert np.array_equal(np.concatenate(list(_resampled(blocks, PUBLISHED_INPUT.sound.sample_rate))), whole)


def test_a_long_track_is_kept_on_disk_and_reads_the_same() -> None:
    in_memory = IN_MEMORY_S * PUBLISHED_INPUT.sound.sample_rate
    sound = np.random.default_rng(0).standard_normal(in_memory + 50_000).astype(np.float32)
    long = Track(np.array_split(sound, 9), PUBLISHED_INPUT.sound)
    assert long._samples is None
    assert long.size == sound.size
    for begin, end in ((0, 10), (in_memory - 5, in_memory + 5), (sound.size - 3, sound.size + 9), (9, 3)):
        assert np.array_equal(long.read(begin, end), sound[begin:end])
    from adamml.media import sound_window

    for center in (0.0, 60.5, 119.99, 500.0):
        assert np.array_equal(long.window(center), sound_window(sound, center))
    assert not long.silent
    assert Track([np.zeros(10, np.float32)], PUBLISHED_INPUT.sound).silent
    assert Track([], PUBLISHED_INPUT.sound).silent
