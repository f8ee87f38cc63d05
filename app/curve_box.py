"""The box in which curves against compute are drawn as SVG: its scales, grid and axis numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

WIDTH, HEIGHT = 460, 170
LEFT, BOTTOM, TOP, RIGHT = 44, 24, 14, 16  # margins, in the same units
_STEPS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1e9)


@dataclass(frozen=True, kw_only=True)
class CurveBox:
    """Billions of MACs from 0 to `most` to the right, shares from `floor` to 1 upwards."""

    most: float
    floor: float = 0.0

    def x(self, gmacs: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * gmacs / self.most

    def y(self, share: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (share - self.floor) / (1 - self.floor)

    def path(self, points: Iterable[tuple[float, float]]) -> str:
        """Through (gmacs, share) in the given order."""
        return "".join(f"{'L' if i else 'M'}{self.x(a):.1f},{self.y(b):.1f}" for i, (a, b) in enumerate(points))

    def circle(self, gmacs: float, share: float, kind: str, said: str) -> str:
        """`said` is HTML."""
        return (
            f'<circle class="{kind}" cx="{self.x(gmacs):.1f}" cy="{self.y(share):.1f}" r="4">'
            f"<title>{said}</title></circle>"
        )

    def grid(self) -> str:
        """Lines at three shares, and numbers along both axes."""
        parts = []
        for share in (self.floor, (1 + self.floor) / 2, 1):
            y = self.y(share)
            parts.append(f'<path class="grid" d="M{LEFT},{y:.1f}H{WIDTH - RIGHT}"/>')
            parts.append(f'<text text-anchor="end" x="{LEFT - 6}" y="{y + 4:.1f}">{share:.0%}</text>')
        step = next(step for step in _STEPS if self.most / step <= 6)
        value = 0.0
        while value <= self.most:
            parts.append(
                f'<text text-anchor="middle" x="{self.x(value):.1f}" y="{HEIGHT - BOTTOM + 16}">{value:g}</text>'
            )
            value += step
        return "".join(parts)
