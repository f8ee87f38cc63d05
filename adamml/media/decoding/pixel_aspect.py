"""The shape of a picture's pixels, where it changes within a file: broadcasts joined from narrow and square ones.

A file states it once and the coded pictures state it for themselves. What the file says counts, until the pictures
begin to say something else than at first. PyAV's frames do not tell, so each is marked when it is decoded.
"""

import av

LEAST, MOST = 0.1, 10.0  # anything beyond is nonsense


class PixelAspects:
    """Marks the frames of one stream, in the order in which they are decoded."""

    def __init__(self, stream: av.VideoStream) -> None:
        self._context = stream.codec_context
        self._first = self._context.sample_aspect_ratio
        self._by_size: dict[tuple[int, int], float | None] = {}

    def mark(self, frame: av.VideoFrame) -> None:
        """Note on a frame that was just decoded the shape of its pixels, if it is not that of the first."""
        size, now = (frame.width, frame.height), self._context.sample_aspect_ratio
        # The last frames of one size come together with the first of the next, whose shape is known by then.
        if size == (self._context.width, self._context.height):
            aspect = float(now or 1)
            self._by_size[size] = aspect if now != self._first and LEAST <= aspect <= MOST else None
        if (marked := self._by_size.get(size)) is not None:
            frame.opaque = marked


def aspect_of(frame: av.VideoFrame, usual: float) -> float:
    """Width of a frame's pixels over their height; `usual` is the file's own."""
    return frame.opaque if isinstance(frame.opaque, float) else usual
