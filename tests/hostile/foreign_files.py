"""What is no clip at all, or one of a kind that is not let in: archives, pictures, documents, other codecs."""

import gzip
import io
import lzma
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from PIL import Image

from tests.clips import moving_picture, tone, write_clip
from tests.hostile.bases import SIZE, base, write_video
from tests.hostile.sample import Sample

# Codecs that no browser makes and whose decoders few people look after, in containers that are let in.
CODECS = {
    "ffv1.mkv": ("ffv1", "yuv420p"),
    "huffyuv.avi": ("huffyuv", "yuv422p"),
    "prores.mov": ("prores_ks", "yuv422p10le"),
    "qtrle.mov": ("qtrle", "rgb24"),
    "raw.avi": ("rawvideo", "yuv420p"),
    "snow.avi": ("snow", "yuv420p"),
    "asv1.avi": ("asv1", "yuv420p"),
    "cinepak.avi": ("cinepak", "rgb24"),
    "h263.avi": ("h263p", "yuv420p"),
    "wmv2.avi": ("wmv2", "yuv420p"),
    "msmpeg4.avi": ("msmpeg4", "yuv420p"),
    "mpeg1.ts": ("mpeg1video", "yuv420p"),
    "mpeg2.ts": ("mpeg2video", "yuv420p"),
    "png.mov": ("png", "rgb24"),
    "zmbv.avi": ("zmbv", "bgr0"),
}
SOUNDS = {"ac3.mkv": "ac3", "alac.m4a": "alac", "wavpack.mkv": "wavpack", "tta.mkv": "tta"}
CONTAINERS = {"flv": ("flv", "flv"), "asf": ("wmv2", "asf"), "nut": ("mpeg4", "nut"), "mxf": ("mpeg2video", "mxf")}
CONTAINERS |= {"mpg": ("mpeg1video", "mpeg"), "rm": ("rv10", "rm"), "swf": ("flv", "swf"), "ivf": ("libvpx", "ivf")}
CONTAINERS |= {"h264": ("libx264", "h264"), "y4m": ("rawvideo", "yuv4mpegpipe"), "dv": ("dvvideo", "dv")}


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../clip.mp4", base("h264.mp4"))
        archive.writestr("zeros.mp4", bytes(20_000_000))
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        data, entry = base("h264.mp4"), tarfile.TarInfo("/tmp/clip.mp4")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def _picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(moving_picture(1, *SIZE)).save(out, kind)
    return out.getvalue()


def _png_bomb() -> bytes:
    """60,000 x 60,000 pixels in a few kilobytes."""

    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(bytes(4_000_000))) + part(b"IEND", b"")
    )


def documents() -> Iterator[Sample]:
    """No media, under media's names and their own."""
    rng = random.Random(0)
    page = b"<!DOCTYPE html><html><script>alert(document.cookie)</script><video src=/etc/passwd></html>"
    contents = {
        "archive.zip": _zip(),
        "archive.tar": _tar(),
        "archive.gz": gzip.compress(base("h264.mp4"), mtime=0),
        "zeros.xz": lzma.compress(bytes(50_000_000), preset=0),
        "program.elf": b"\x7fELF\x02\x01\x01" + bytes(57) + rng.randbytes(4000),
        "page.html": page,
        "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "paper.pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
        "script.sh": b"#!/bin/sh\ncat /etc/passwd\n",
        "text.txt": b"a few words\n" * 500,
        "utf16.txt": "\ufeffa few words".encode("utf-16") * 100,
        "subtitles.srt": b"1\n00:00:00,000 --> 00:00:09,000\n<b>hello</b>\n",
        "subtitles.ass": b"[Script Info]\nScriptType: v4.00+\n[Events]\nDialogue: 0,0:00:00.00,0:00:05.00,,,,,,,hi\n",
        "pickle.pkl": b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
        "zeros.bin": bytes(100_000),
        "ones.bin": b"\xff" * 100_000,
        "noise.bin": rng.randbytes(100_000),
        "sync.bin": (b"\x47" + bytes(187)) * 200,
        "bomb.png": _png_bomb(),
    }
    contents |= {f"picture.{kind.lower()}": _picture(kind) for kind in ("PNG", "JPEG", "BMP", "TIFF", "WEBP")}
    for name, content in contents.items():
        yield Sample(family="no media", name=name, content=content, ending="refused" if "bin" not in name else "either")
        if not name.endswith(".bin"):
            yield Sample(family="no media", name=f"{Path(name).stem}.mp4", content=content, ending="refused")


def others() -> Iterator[Sample]:
    """Media that FFmpeg reads and that is not let in here."""
    for name, (codec, pixels) in CODECS.items():
        write = partial(write_video, codec=codec, pixels=pixels, count=5, size=(160, 128))
        yield Sample(family="other codec", name=name, content=write, ending="refused")
    for name, codec in SOUNDS.items():
        sound = tone(0.6, 48_000)
        write = partial(write_clip, picture=None, sound=sound, rate=48_000, audio_codec=codec)
        yield Sample(family="other codec", name=name, content=write, ending="refused")
    for ending, (codec, container) in CONTAINERS.items():
        size, rate = ((720, 576), 25) if ending == "dv" else ((176, 144), 25)
        write = partial(write_video, codec=codec, container=container, size=size, rate=rate, count=5)
        for name in (f"clip.{ending}", f"{ending}.mp4"):
            yield Sample(family="other container", name=name, content=write, ending="refused")
