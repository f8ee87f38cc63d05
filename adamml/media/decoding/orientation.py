"""Which way up a picture is shown: turned and mirrored as its display matrix asks, like FFmpeg's autorotation.

Cameras store what the sensor sees and note beside it how the device was held; front cameras mirror as well.
"""

import math
import struct
from dataclasses import dataclass

import av
import numpy as np

_MATRIX = struct.Struct("=9i")


@dataclass(frozen=True, kw_only=True)
class Orientation:
    """What to do with a stored picture: mirror it left to right, then turn it by quarters counterclockwise."""

    mirrored: bool = False
    quarter_turns: int = 0

    @property
    def sideways(self) -> bool:
        """Whether width and height change places."""
        return self.quarter_turns % 2 == 1

    def applied(self, pixels: np.ndarray) -> np.ndarray:
        """(H, W, 3) as it is shown."""
        if self.mirrored:
            pixels = pixels[:, ::-1]
        return np.rot90(pixels, self.quarter_turns) if self.quarter_turns else pixels


UPRIGHT = Orientation()


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """As the frame's display matrix says; angles between quarters go to the nearest one."""
    try:
        data = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # beside it something that PyAV has no name for: the turn alone is known
        return Orientation(quarter_turns=round((frame.rotation or 0) / 90) % 4)
    if data is None or len(matrix := bytes(data)) < _MATRIX.size:
        return UPRIGHT
    return from_matrix(_MATRIX.unpack(matrix[: _MATRIX.size]))


def from_matrix(matrix: tuple[int, ...]) -> Orientation:
    """The orientation of nine numbers, row by row (ISO 14496-12, 6.2.2); only the first two rows and columns count."""
    a, b, _, c, d = matrix[:5]
    if not math.hypot(a, c) or not math.hypot(b, d):
        return UPRIGHT
    angle = math.degrees(math.atan2(b / math.hypot(b, d), a / math.hypot(a, c)))
    clockwise = round(angle / 90) % 4
    if clockwise % 2:
        mirrored = c > 0 if clockwise == 1 else c < 0
        # Mirrored about a diagonal, the picture turns the other way.
        return Orientation(mirrored=mirrored, quarter_turns=clockwise if mirrored else -clockwise % 4)
    if clockwise == 2 and a < 0:
        return Orientation(mirrored=d >= 0, quarter_turns=0 if d >= 0 else 2)
    return Orientation(mirrored=d < 0, quarter_turns=2 if d < 0 else 0)
