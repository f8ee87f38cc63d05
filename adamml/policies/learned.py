"""The learned policy: glimpse, remember, take the arg max (Panda et al., Sec. 3.2). No noise at inference."""

from collections.abc import Iterator, Sequence

from adamml.evidence import Evidence
from adamml.nn import MODALITIES
from adamml.policies.base import Decision


class LearnedPolicy:
    """AdaMML's own policy."""

    name = "adamml"
    description = "AdaMML: a small network glances at picture and sound and picks what is worth running"

    def begin(self, evidence: Evidence) -> "_LearnedDecider":
        return _LearnedDecider(evidence)


class _LearnedDecider:
    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.state = evidence.policy_start()

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        self.evidence.decode_frames(segments, "glimpse_rgb")  # one pass for the whole stretch
        for segment in segments:
            glimpses = [self.evidence.glimpse(segment, modality) for modality in MODALITIES]
            self.state = self.evidence.policy_step(glimpses[0], glimpses[1], self.state)
            probability = self.state.logits[0].softmax(-1)[:, 1].tolist()  # M
            chosen = self.state.logits[0].argmax(-1).tolist()
            available = [self.evidence.available(segment, modality) for modality in MODALITIES]
            yield Decision(
                segment=segment,
                use={m: bool(chosen[i]) and available[i] for i, m in enumerate(MODALITIES)},
                probability={m: probability[i] if available[i] else None for i, m in enumerate(MODALITIES)},
            )
