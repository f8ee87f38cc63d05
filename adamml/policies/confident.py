"""Stop when sure: listens everywhere, then looks here and there until the answer so far is certain enough.

What FrameExit (Ghodrati et al., CVPR 2021) learns gates for, with the calibrated certainty itself in their place:
nothing is trained. Looks are spread over the clip, each in the middle of the widest gap that is left. One look is
always taken: certainty is calibrated for answers with a picture in them, and by ear alone models are too sure.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from adamml.inference.feature_view import FeatureView
from adamml.nn.running_fusion import RunningFusion
from adamml.policies.base import Decision, threshold_name

LEVEL = 0.8  # on real clips a point below fusion at 0.44 of its compute; see RESULTS.md


@dataclass(frozen=True, kw_only=True)
class ConfidentPolicy:
    """The plain rival of everything that stops early.

    Args:
        level: certainty from which on no further segment is looked at, 0 to 1.
    """

    name: str = "confident"
    level: float = LEVEL

    @property
    def description(self) -> str:
        return f"Until sure: listens everywhere, then looks here and there until it is {self.level:.0%} sure"

    def begin(self, evidence: FeatureView) -> "_ConfidentDecider":
        return _ConfidentDecider(evidence, self.level)

    def at(self, threshold: float) -> "ConfidentPolicy":
        """The same policy with another level."""
        return ConfidentPolicy(name=threshold_name(self.name, threshold), level=threshold)


def spread_order(count: int) -> list[int]:
    """0 to count - 1, each in the middle of the widest gap so far: 5, 2, 8, 1, 4, 7, 9, 0, 3, 6 of ten."""
    order, gaps = [], deque([(0, count)])
    while gaps:
        begin, end = gaps.popleft()
        if begin < end:
            middle = (begin + end) // 2
            order.append(middle)
            gaps += ((begin, middle), (middle + 1, end))
    return order


def until_sure(
    answer: RunningFusion, places: Iterable[int], look: Callable[[int], Tensor], level: float, temperature: float
) -> Iterator[int]:
    """Look at one place after the other until the answer is certain enough; yields each that was looked at.

    Args:
        answer: what is known already; takes what is seen.
        look: place -> logits (K,).
    """
    for place in places:
        if answer.times("rgb") and answer.certainty(temperature) >= level:
            return
        answer.add(place, "rgb", look(place))
        yield place


class _ConfidentDecider:
    def __init__(self, evidence: FeatureView, level: float) -> None:
        self.evidence, self.level = evidence, level
        self.answer = evidence.nothing_so_far()

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        evidence = self.evidence
        audible = [s for s in segments if evidence.available(s, "audio")]
        for s, logits_K in zip(audible, evidence.logits(audible, "audio"), strict=True):
            self.answer.add(s, "audio", logits_K)
        order = [segments[place] for place in spread_order(len(segments))]
        visible = [s for s in order if evidence.available(s, "rgb")]
        look = partial(evidence.modality_logits, modality="rgb")
        looked, heard = set(), set(audible)
        for s in until_sure(self.answer, visible, look, self.level, evidence.temperature):
            looked.add(s)
            yield _decision(s, look=True, listen=s in heard)
        for s in order:
            if s not in looked:
                yield _decision(s, look=False, listen=s in heard)


def _decision(segment: int, *, look: bool, listen: bool) -> Decision:
    return Decision(segment=segment, use={"rgb": look, "audio": listen}, probability={"rgb": None, "audio": None})
