"""Figures that were published elsewhere. They are shown beside ours in a table of their own, and never mixed with it.

From a student project on AdaMML on a subset of Kinetics-400, 2,521 training and 1,462 test videos.
"""

from dataclasses import dataclass

HEADING = "As published elsewhere, not measured here"
NOTE = (
    "89.05 % of 201.45 is already more than 134.47, so that table counts in some other way than it says. Counted layer "
    "by layer in the paper's convention, ten segments of RGB are 141.36 billion MACs, so 201.45 cannot be reproduced. "
    "Other clips and other classes: these figures cannot be compared with those above."
)


@dataclass(frozen=True, kw_only=True)
class PublishedRow:
    """As printed there: accuracy and selection in percent, compute in what it calls GFLOPs."""

    name: str
    accuracy: float
    rgb: float | None
    audio: float | None
    gflops: float
    remark: str = ""


PUBLISHED = (
    PublishedRow(name="RGB", accuracy=74.3, rgb=100, audio=None, gflops=201.45),
    PublishedRow(name="Audio", accuracy=49.2, rgb=None, audio=100, gflops=4.38),
    PublishedRow(name="Weighted fusion", accuracy=76.18, rgb=100, audio=100, gflops=210.17),
    PublishedRow(name="AdaMML", accuracy=76.47, rgb=89.05, audio=10.32, gflops=134.47, remark="-36.01 %"),
    PublishedRow(name="LiteEval", accuracy=70.02, rgb=None, audio=None, gflops=165.06),
)
