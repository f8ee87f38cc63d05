"""Files that ask the reader to open other files or addresses. None may: not by their own name, not under `.mp4`.

A secret file and a listening port stand ready; whoever reads one or knocks at the other was tricked.
"""

from collections.abc import Iterator
from pathlib import Path

from tests.hostile.bases import base
from tests.hostile.boxes import box, box_at, put
from tests.hostile.sample import Sample


def _scripts(target: str) -> dict[str, str]:
    """Each kind of playlist, asking for one target."""
    dash = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT9S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
        f"<BaseURL>{target}</BaseURL><SegmentBase/></Representation></AdaptationSet></Period></MPD>"
    )
    return {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
        "master.m3u8": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{target}\n",
        "keyed.m3u8": f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n',
        "map.m3u8": f'#EXTM3U\n#EXT-X-MAP:URI="{target}"\n#EXTINF:9,\nx.mp4\n#EXT-X-ENDLIST\n',
        "list.ffconcat": f"ffconcat version 1.0\nfile '{target}'\n",
        "list.concat": f"file '{target}'\nduration 1\n",
        "dash.mpd": dash,
        "list.pls": f"[playlist]\nFile1={target}\nNumberOfEntries=1\n",
        "list.asx": f'<asx version="3.0"><entry><ref href="{target}"/></entry></asx>',
        "list.imf": f'<?xml version="1.0"?><AssetMap><Path>{target}</Path></AssetMap>',
        "list.ram": f"{target}\n",
        "smooth.ism": f'<?xml version="1.0"?><SmoothStreamingMedia Url="{target}"/>',
    }


def _description(port: int) -> dict[str, str]:
    """Session descriptions, which make a reader listen and call."""
    return {
        "call.sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
        "a=rtpmap:96 H264/90000\n",
        "tcp.sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} TCP/RTP/AVP 0\n",
    }


def _referring(secret: Path, port: int) -> dict[str, bytes]:
    """QuickTime movies whose frames, or whose whole content, lie elsewhere."""
    data = base("h264.mp4")
    place = box_at(data, "moov/trak/mdia/minf/dinf/dref/url ")
    outside = put(data, place.body, "I", 0)  # flag 1 would say: in this very file
    path = str(secret).encode()
    alias = box(b"alis", bytes(4) + bytes(150) + b"\x00\x02" + len(path).to_bytes(2, "big") + path + b"\xff\xff")
    url = f"http://127.0.0.1:{port}/movie.mov\0".encode()
    link = box(b"rdrf", bytes(4) + b"url " + len(url).to_bytes(4, "big") + url)
    head, movie = data[: box_at(data, "moov").start], box_at(data, "moov")
    return {
        "outside.mov": outside,
        "alias.mov": head + data[movie.start : place.start] + alias + data[place.end :],
        "reference.mov": box(b"ftyp", b"qt  " + bytes(4)) + box(b"moov", box(b"rmra", box(b"rmda", link))),
    }


def playlists(secret: Path, port: int) -> Iterator[Sample]:
    """All of them, pointing at the secret file and at the port."""
    address = f"127.0.0.1:{port}"
    targets = [
        str(secret),
        f"file:{secret}",
        f"http://{address}/x.mp4",
        f"tcp://{address}",
        f"concat:{secret}|{secret}",
    ]
    targets += [f"subfile,,start,0,end,0,,:{secret}", f"crypto:{secret}", f"rtsp://{address}/x", f"async:{secret}"]
    for number, target in enumerate(targets):
        for name, text in _scripts(target).items():
            if number < 3 or name.endswith(("list.m3u8", "ffconcat")):
                for given in (name, f"{name.replace('.', '-')}.mp4"):
                    data = text.encode()
                    yield Sample(family="playlist", name=f"{number}-{given}", content=data, ending="refused")
    for name, text in _description(port).items():
        for given in (name, f"{name}.mp4"):
            yield Sample(family="playlist", name=given, content=text.encode(), ending="refused")
    for name, data in _referring(secret, port).items():
        yield Sample(family="playlist", name=name, content=data)
    # A playlist behind a valid clip's first bytes, and one that calls itself.
    hidden = f"\n#EXTM3U\n#EXTINF:9,\n{secret}\n".encode()
    yield Sample(family="playlist", name="behind.mp4", content=base("h264.mp4")[:40] + hidden)
    yield Sample(family="playlist", name="itself.m3u8", content=b"#EXTM3U\n#EXTINF:9,\nitself.m3u8\n", ending="refused")
