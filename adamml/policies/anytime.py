"""Anytime: the learned policy rates every segment; the most promising are looked at first, until the answer is sure.

The arg max of the published policy says of each segment by itself whether to look. Here its probabilities order the
looks instead: the next one is where probability times distance to what was looked at already is largest, so that looks
spread over the clip where the policy has no preference and gather where it has one. The running answer's calibrated
certainty ends it (as gates do in FrameExit, Ghodrati et al., CVPR 2021), or a number of looks: whenever it is stopped,
what has been looked at was the best that could be had for that compute. It needs no network but AdaMML's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from adamml.inference.feature_view import FeatureView
from adamml.nn import MODALITIES
from adamml.policies.base import Decision, probability_of_use, threshold_name
from adamml.policies.confident import until_sure
from adamml.policies.learned import Rater

LEVEL = 0.6  # on real clips about as right as running everything, at a third of its compute; see RESULTS.md


@dataclass(frozen=True, kw_only=True)
class AnytimePolicy:
    """AdaMML's probabilities as an order.

    Args:
        level: certainty from which on no further segment is looked at, 0 to 1; None goes by the number of looks.
        looks: how many segments are looked at; at least 1.
        share: the same as a share of all segments, above 0 up to 1: as many whole looks as it allows, at least one.
    """

    name: str = "anytime"
    level: float | None = LEVEL
    looks: int | None = None
    share: float | None = None

    def __post_init__(self) -> None:
        if [self.level, self.looks, self.share].count(None) != 2:
            raise ValueError("one thing ends it: a certainty, a number of looks, or a share of them")
        if self.looks is not None and self.looks < 1:
            raise ValueError(f"there must be at least one look, got {self.looks}")
        if self.share is not None and not 0 < self.share <= 1:
            raise ValueError(f"a share of the segments lies above 0 and goes up to 100%, got {self.name!r}")

    @property
    def description(self) -> str:
        end = (
            f"until it is {self.level:.0%} sure" if self.level is not None else f"within {self.name.partition('-')[2]}"
        )
        return f"Anytime: listens everywhere, then looks where AdaMML expects most, {end}"

    def begin(self, evidence: FeatureView) -> "_AnytimeDecider":
        return _AnytimeDecider(evidence, self)

    def at(self, threshold: float) -> "AnytimePolicy":
        """The same policy with another level."""
        return AnytimePolicy(name=threshold_name("anytime", threshold), level=threshold)

    def within(self, number: str) -> "AnytimePolicy":
        """The same policy with a number of looks: "3", or a share of all segments: "20%".

        Raises:
            ValueError: for a share of nothing, or of more than everything.
        """
        name = f"anytime-{number}"
        if number.endswith("%"):
            return AnytimePolicy(name=name, level=None, share=float(number.removesuffix("%")) / 100)
        return AnytimePolicy(name=name, level=None, looks=int(number))

    def most(self, segments: int) -> int | None:
        """How many of a clip's segments are looked at; None where certainty ends it. Never fewer for a larger share."""
        return self.looks if self.share is None else looks_within(self.share, segments)


def looks_within(share: float, segments: int) -> int:
    """As many whole looks as a share of all segments allows, at least one."""
    return max(1, int(share * segments + 1e-9))


def budget_policy(share: float) -> str:
    """The policy whose looks take at most a share of the compute of running everything, nearly all of which is looking.

    Raises:
        ValueError: when that is no share.
    """
    if not 0 < share <= 1:
        meant = f"; did you mean {share / 100:g}?" if 1 < share <= 100 else ""
        raise ValueError(f"a budget is a share of running everything, above 0 up to 1, got {share:g}{meant}")
    if (percent := f"{100 * share:.4f}".rstrip("0").rstrip(".")) == "0":
        raise ValueError(f"a budget of {share:g} is less than any look takes")
    return f"anytime-{percent}%"


def by_promise(probability: Sequence[float]) -> list[int]:
    """Places in the order in which they are looked at: probability times distance to the nearest one before.

    Both ends of the clip count as looked at: without a preference the middle comes first.
    """
    count, order = len(probability), list[int]()
    left = set(range(count))
    while left:

        def promise(place: int) -> tuple[float, int]:
            distances = [abs(place - other) for other in order]
            return max(probability[place], 1e-3) * min([*distances, place + 1, count - place]), -place

        best = max(left, key=promise)
        order.append(best)
        left.remove(best)
    return order


class _AnytimeDecider:
    def __init__(self, evidence: FeatureView, policy: AnytimePolicy) -> None:
        self.evidence, self.policy = evidence, policy
        self.rater = Rater(evidence, "adamml")
        self.answer = evidence.nothing_so_far()
        self.decided = self.looked = 0  # segments of the stretches before

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        evidence = self.evidence
        self.decided += len(segments)
        rated = {
            s: dict(zip(MODALITIES, probability_of_use(logits), strict=True)) for s, logits in self.rater.rate(segments)
        }
        audible = [s for s in segments if evidence.available(s, "audio")]
        for s, logits_K in zip(audible, evidence.logits(audible, "audio"), strict=True):
            self.answer.add(s, "audio", logits_K)
        visible = [s for s in segments if evidence.available(s, "rgb")]
        order = [visible[place] for place in by_promise([rated[s]["rgb"] for s in visible])]
        heard, looked = set(audible), set[int]()
        for s in self._looks(order):
            looked.add(s)
            yield self._decision(s, rated[s], look=True, listen=s in heard)
        for s in segments:
            if s not in looked:
                yield self._decision(s, rated[s], look=False, listen=s in heard)

    def _looks(self, order: Sequence[int]) -> Iterator[int]:
        """The segments of a stretch that are looked at, one after the other."""
        most = self.policy.most(self.evidence.segments)
        if most is not None:
            # Of a long clip's stretch its part, rounded up as long as the whole clip's number allows.
            here = order[: -(-most * self.decided // self.evidence.segments) - self.looked]
            self.looked += len(here)
            yield from here
            return
        assert self.policy.level is not None
        look = partial(self.evidence.modality_logits, modality="rgb")
        yield from until_sure(self.answer, order, look, self.policy.level, self.evidence.temperature)

    def _decision(self, segment: int, rated: Mapping[str, float], *, look: bool, listen: bool) -> Decision:
        here = {m: self.evidence.available(segment, m) for m in MODALITIES}
        return Decision(
            segment=segment,
            use={"rgb": look, "audio": listen},
            probability={m: rated[m] if here[m] else None for m in MODALITIES},
        )
