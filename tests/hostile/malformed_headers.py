"""Headers that promise what no file holds: sizes, rates, counts and lengths."""

import struct
from collections.abc import Iterator

from tests.hostile.bases import base
from tests.hostile.boxes import box_at, chunk, element, put
from tests.hostile.sample import Sample

GIGA = 10**9


def _mp4() -> Iterator[tuple[str, bytes]]:
    data = base("h264.mp4")
    stbl = "moov/trak/mdia/minf/stbl"
    entry = box_at(data, f"{stbl}/stsd").body + 8
    timing, sizes = box_at(data, f"{stbl}/stts").body, box_at(data, f"{stbl}/stsz").body
    places, groups = box_at(data, f"{stbl}/stco").body, box_at(data, f"{stbl}/stsc").body
    movie, media = box_at(data, "moov/mvhd").body, box_at(data, "moov/trak/mdia/mdhd").body
    track = box_at(data, "moov/trak/tkhd").body
    yield "65535-wide", put(data, entry + 32, "HH", 65535, 65535)
    yield "tkhd-65535", put(data, track + 76, "II", 65535 << 16, 65535 << 16)
    yield "no-size", put(data, entry + 32, "HH", 0, 0)
    yield "1e9-frames", put(data, timing + 8, "I", GIGA)
    yield "1e9-sizes", put(data, sizes + 8, "I", GIGA)
    yield "2e9-sizes-all-alike", put(data, sizes + 4, "II", 1, 2**31 - 1)
    yield "huge-frames", put(data, sizes + 4, "I", 2**32 - 1)
    yield "entries-without-end", put(data, timing + 4, "I", 2**32 - 1)
    yield "1e6-frames-a-second", put(data, media + 12, "I", 25_000_000 * 1000 // 25)
    yield "1e9-seconds-movie", put(data, movie + 12, "II", 1, GIGA)
    yield "1e9-seconds-media", put(data, media + 12, "II", 1, GIGA)
    yield "no-time-scale", put(data, media + 12, "I", 0)
    yield "frames-1e5-seconds-apart", put(data, timing + 12, "I", GIGA)
    yield "frames-at-once", put(data, timing + 12, "I", 0)
    yield "negative-step", put(data, timing + 12, "i", -1000)
    yield "outside-the-file", put(data, places + 8, "I", 2**32 - 8)
    yield "into-the-header", put(data, places + 8, "I", 0)
    yield "chunks-of-1e9", put(data, groups + 12, "I", GIGA)
    yield "unknown-codec", put(data, entry + 4, "4s", b"zzzz")
    sound = box_at(data, f"{stbl}/stsd", 1).body + 8
    yield "255-channels", put(data, sound + 24, "H", 255)
    yield "no-sample-rate", put(data, sound + 32, "I", 0)
    yield "highest-sample-rate", put(data, sound + 32, "I", 2**32 - 1)


def _matroska() -> Iterator[tuple[str, bytes]]:
    data = base("h264.mkv")
    yield "65535-wide", element(element(data, b"\xb0", b"\xff"), b"\xba", b"\xff")
    yield "no-size", element(element(data, b"\xb0", b"\x00"), b"\xba", b"\x00")
    yield "1e9-frames-a-second", element(data, b"\x23\xe3\x83", b"\x00\x00\x00\x01")
    yield "1e6-frames-a-second", element(data, b"\x23\xe3\x83", struct.pack(">I", 1000))
    yield "1e9-seconds", element(data, b"\x44\x89", struct.pack(">d", 1e12))
    yield "length-nan", element(data, b"\x44\x89", struct.pack(">d", float("nan")))
    yield "ticks-of-an-hour", element(data, b"\x2a\xd7\xb1", b"\xff")
    yield "no-ticks", element(data, b"\x2a\xd7\xb1", b"\x00")
    yield "sample-rate-inf", element(data, b"\xb5", struct.pack(">d", float("inf")))
    yield "255-channels", element(data, b"\x9f", b"\xff")
    yield "depth", data[:40] + b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" * 3000


def _avi() -> Iterator[tuple[str, bytes]]:
    data = base("mpeg4.avi")
    main, stream, form = chunk(data, b"avih"), chunk(data, b"strh"), chunk(data, b"strf")
    yield "65535-wide", put(put(data, main + 32, "<II", 65535, 65535), form + 4, "<II", 65535, 65535)
    yield "2e9-wide", put(data, form + 4, "<II", 2**31 - 1, 2**31 - 1)
    yield "1e9-frames", put(put(data, main + 16, "<I", GIGA), stream + 32, "<I", GIGA)
    yield "1e6-frames-a-second", put(put(data, main, "<I", 1), stream + 20, "<II", 1, 10**6)
    yield "a-frame-in-1e9-seconds", put(data, stream + 20, "<II", GIGA, 1)
    yield "no-rate", put(put(data, main, "<I", 0), stream + 20, "<II", 0, 0)
    yield "1e6-streams", put(data, main + 24, "<I", 10**6)
    picture = base("mjpeg.avi")
    sof = picture.index(b"\xff\xc0")  # every frame carries its own size; this is the first frame's
    yield (
        "frame-65535-wide",
        picture.replace(picture[sof : sof + 9], put(picture[sof : sof + 9], 5, "HH", 65535, 65535)),
    )


def _sound() -> Iterator[tuple[str, bytes]]:
    data = base("sound.wav")
    form, samples = chunk(data, b"fmt "), chunk(data, b"data")
    yield "no-rate.wav", put(data, form + 4, "<I", 0)
    yield "4e9-rate.wav", put(data, form + 4, "<I", 2**32 - 1)
    yield "odd-rate.wav", put(data, form + 4, "<I", 44_099)
    yield "rate-of-1.wav", put(data, form + 4, "<I", 1)
    yield "65535-channels.wav", put(data, form + 2, "<H", 65535)
    yield "no-channels.wav", put(data, form + 2, "<H", 0)
    yield "no-bits.wav", put(data, form + 14, "<H", 0)
    yield "4e9-bytes.wav", put(data, samples - 4, "<I", 2**32 - 1)
    yield "no-bytes.wav", put(data, samples - 4, "<I", 0)
    lossless = base("sound.flac")
    yield "no-rate.flac", put(lossless, 18, "I", 0)
    yield "all-ones.flac", put(lossless, 8, "QQ", 2**64 - 1, 2**64 - 1)
    canvas = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x02\x44\x01\x00"
    yield "65535-wide.gif", canvas + frame + frame + b";"


def lying() -> Iterator[Sample]:
    """All of them."""
    for ending, made in ((".mp4", _mp4()), (".mkv", _matroska()), (".avi", _avi()), ("", _sound())):
        for name, data in made:
            yield Sample(family="lying header", name=f"{name}{ending}", content=data)
