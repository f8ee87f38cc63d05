"""Names that mean something to a browser, a spreadsheet, a shell or FFmpeg, on a clip that is fine."""

from collections.abc import Iterator

from tests.hostile.bases import base
from tests.hostile.sample import Sample

NAMES = (
    "<img src=x onerror=alert(1)>.mp4",
    "<script>alert(1)<|script>.mp4",
    "\"quoted\" 'twice'.mp4",
    "&amp;&lt;.mp4",
    "=1+1.mp4",
    '=HYPERLINK("http:||x").mp4',
    "+1.mp4",
    "-2+3.mp4",
    "@SUM(A1).mp4",
    "\t=1.mp4",
    "\n-->\n00:00.000 --> 99:00.000\nhello.mp4",
    "\r\nSet-Cookie: a=b.mp4",
    "\u202egnp.mp4",
    "\u200b.mp4",
    "\ufeffname.mp4",
    "-vf.mp4",
    "--help",
    "..mp4",
    "...",
    "~.mp4",
    "$(id).mp4",
    "`id`;id|id&.mp4",
    "%s%n%00.mp4",
    "concat:a|b.mp4",
    "file:b.mp4",
    "pipe:0",
    "http:x.mp4",
    "data:video;base64,AAAA",
    "subfile,,start,0,end,0,,:x.mp4",
    "frame%03d.mp4",
    "*?.mp4",
    "con.mp4",
    "日本語 🎬.mp4",
    "e\u0301" * 20 + ".mp4",
    "a" * 251 + ".mp4",
    "🎬" * 62 + ".mp4",
    "name",
    ".mp4",
    " .mp4 ",
    "{name!r}{0}.mp4",
    "\\x41\\n.mp4",
    "{{7*7}}${7*7}.mp4",
)


def named() -> Iterator[Sample]:
    """Each name on a clip that works, and some on one that does not."""
    for name in NAMES:
        yield Sample(family="name", name=name, content=base("h264.mp4"), ending="valid")
    for name in NAMES[:16]:
        yield Sample(family="name", name=name, content=b"nothing", ending="refused")
    yield Sample(
        family="name", name=b"\xff\xfe-not-utf8.mp4".decode("utf-8", "surrogateescape"), content=base("h264.mp4")
    )
