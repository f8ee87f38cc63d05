"""What the answer was so far: the clip's scores as they grow, segment by segment.

A clip's score is the mean of its segments' logits z_s (Panda et al., Sec. 3.1; see `adamml.nn.fusion`). A result keeps
scores p_s = softmax(z_s) only, but that is enough: softmax(mean_s z_s) = normalised exp(mean_s log p_s), because each
log p_s is z_s less a number that is the same for all classes. Renormalised fusion averages over segments in which
anything was run; the published rule over all segments, those with nothing run counting as zeros.
"""

import math
from dataclasses import dataclass

from adamml.analysis import Analysis, Scores

_FLOOR = 1e-300  # a probability that underflowed to 0 still has a logarithm


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The answer with everything up to and including a segment counted; None before anything was run."""

    segment: int
    scores: Scores | None
    label: str | None


def running(analysis: Analysis) -> tuple[Moment, ...]:
    """One moment per segment; the last one is the clip's own answer."""
    sums = dict.fromkeys(analysis.classes, 0.0)
    counted, moments = 0, []
    for seen, segment in enumerate(analysis.segments, start=1):
        if segment.scores is not None:
            counted += 1
            for name in sums:
                sums[name] += math.log(max(segment.scores[name], _FLOOR))
        scores = _softmax(sums, counted if analysis.fusion == "renormalised" else seen) if counted else None
        if seen == len(analysis.segments):
            scores = analysis.scores
        label = max(scores, key=scores.__getitem__) if scores is not None else None
        moments.append(Moment(segment=segment.index, scores=scores, label=label))
    return tuple(moments)


def _softmax(sums: dict[str, float], count: int) -> Scores:
    most = max(sums.values())
    powers = {name: math.exp((value - most) / count) for name, value in sums.items()}
    total = sum(powers.values())
    return {name: power / total for name, power in powers.items()}
