"""From what was decided and run to the answer: fusion, the clip's label, what it cost, what would have cost what."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from adamml.inference.feature_view import FeatureView
from adamml.inference.inference_model import InferenceModel
from adamml.media import Clip
from adamml.media.sampling import examined_share
from adamml.nn import MODALITIES, fuse
from adamml.nn.cost import Runs
from adamml.policies import Classifier, Decider, Decision
from adamml.results.analysis import Analysis, ClipFacts, Macs, SegmentResult
from adamml.results.policy_spec import spec_of
from adamml.results.wording import part_note

MOST_SOUNDS, LEAST_SCORE = 5, 0.1


@dataclass(frozen=True, kw_only=True)
class ResultBuilder:
    """All that an answer rests on.

    Attributes:
        decisions: one per segment, in order.
        remarks: sentences about this run, for the result's notes.
    """

    model: InferenceModel
    clip: Clip
    facts: ClipFacts
    policy: str
    decider: Decider
    evidence: FeatureView
    decisions: Sequence[Decision]
    remarks: Sequence[str] = ()

    def analysis(self) -> Analysis:
        """The answer."""
        model, card = self.model, self.model.card
        logits = {m: self._logits(m) for m in MODALITIES}  # S, K
        began = time.perf_counter()
        segment_SK, clip_K = self._fused(logits)
        fusing = time.perf_counter() - began
        available = [{m: self._available(d.segment, m) for m in MODALITIES} for d in self.decisions]
        heard = self._heard()
        runs = self.evidence.runs()
        ran = {m for decision in self.decisions for m in MODALITIES if decision.use[m]}
        calibrated_as = model.calibrated_as(self.policy, ran)
        return Analysis(
            model=card.name,
            version=card.version,
            policy=self.policy,
            fusion=model.fusion,
            weights=self._weights(),
            clip=self.facts,
            classes=card.classes,
            segments=tuple(
                self._segment(d, available[d.segment], logits, segment_SK, heard.get(d.segment, {}))
                for d in self.decisions
            ),
            label=card.classes[int(clip_K.argmax())],
            scores=model.scores(clip_K / card.temperature(calibrated_as)),
            known=card.knows(calibrated_as, clip_K.double().numpy(), self._largest(logits)),
            examined=examined_share([(s.start, s.end) for s in self.clip.segments], self.facts.duration),
            macs=model.cost.full(runs),
            macs_published=model.cost.published(runs),
            alternatives=self._alternatives(available),
            seconds=self.evidence.measured(fusing),
            notes=(*self._notes(), *self.remarks),
            heard=most_certain(heard),
            precision=model.engine.backend.precision,
        )

    def _heard(self) -> dict[int, dict[str, float]]:
        """Segment -> sound -> score, where the audio recognizer ran and names sounds."""
        names = self.model.card.sounds
        if not names:
            return {}
        listened = self.evidence.heard([d.segment for d in self.decisions])
        return {s: dict(zip(names, map(float, scores_N), strict=True)) for s, scores_N in listened.items()}

    def _logits(self, modality: str) -> Tensor:
        """(S, K) of one recognizer, zeros where it was not run."""
        none = torch.zeros(len(self.model.card.classes))
        read = self.evidence.modality_logits
        return torch.stack([read(d.segment, modality) if d.use[modality] else none for d in self.decisions])

    def _largest(self, logits: Mapping[str, Tensor]) -> dict[str, float]:
        """Modality that ran -> the largest logit of a segment, in the mean over those in which it did."""
        ran = {m: [d.segment for d in self.decisions if d.use[m]] for m in MODALITIES}
        return {m: float(logits[m][places].amax(-1).mean()) for m, places in ran.items() if places}

    def _fused(self, logits: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Logits of the segments (S, K) and of the clip (K,)."""
        if isinstance(self.decider, Classifier):
            return self.decider.predict()
        used_SM = torch.tensor([[float(d.use[m]) for m in MODALITIES] for d in self.decisions])
        segment_BSK, clip_BK = fuse(
            logits["rgb"][None], logits["audio"][None], used_SM[None], self.model.rgb_weight, self.model.fusion
        )
        return segment_BSK[0], clip_BK[0]

    def _segment(
        self,
        decision: Decision,
        available: Mapping[str, bool],
        logits: Mapping[str, Tensor],
        segment_SK: Tensor,
        heard: Mapping[str, float],
    ) -> SegmentResult:
        place, model = self.clip.segments[decision.segment], self.model
        ran = [m for m in MODALITIES if decision.use[m]]
        fused_K = segment_SK[decision.segment] / model.alone(ran)
        return SegmentResult(
            index=place.index,
            start=place.start,
            end=place.end,
            available=available,
            decisions=dict(decision.use),
            probabilities=dict(decision.probability),
            modality_scores={
                m: model.scores(logits[m][place.index] / model.alone([m])) if m in ran else None for m in MODALITIES
            },
            scores=model.scores(fused_K) if ran else None,
            label=model.card.classes[int(fused_K.argmax())] if ran else None,
            heard=worth_naming(heard),
        )

    def _available(self, index: int, modality: str) -> bool:
        """What this policy could know: of a sound track that it never asked about, what the file promises."""
        segment = self.clip.segments[index]
        if modality == "rgb":
            return self.clip.has_picture(segment)
        return self.clip.has_sound(segment) if self.evidence.knows_sound() else self.clip.may_have_sound(segment)

    def _weights(self) -> dict[str, str]:
        """Which files answered; fixed policies use the shared recognizers alone."""
        card, weights = self.model.card, {"recognizers": "recognizers.safetensors"}
        if trained := spec_of(self.policy).network:
            weights["policy"] = f"{trained}.safetensors"
        files = card.files
        return {part: f"{file} {files[file][:12]}" if file in files else file for part, file in weights.items()}

    def _alternatives(self, available: Sequence[Mapping[str, bool]]) -> dict[str, Macs]:
        """MACs that the fixed policies would need on this clip: counted, not run."""
        rgb, audio = (sum(there[m] for there in available) for m in MODALITIES)
        either = sum(any(there.values()) for there in available)
        runs = {
            "rgb": Runs(rgb=rgb, fuse=rgb),
            "audio": Runs(audio=audio, fuse=audio),
            "all": Runs(rgb=rgb, audio=audio, fuse=either),
        }
        counted = {name: self.model.cost.full(run) for name, run in runs.items()}
        return {name: macs for name, macs in counted.items() if macs.total}

    def _notes(self) -> list[str]:
        notes = []
        if self.model.card.untrained:
            notes.append("This model is untrained: its answers mean nothing.")
        if self.clip.part is not None:
            notes.append(part_note(*self.clip.part))
        notes += self.clip.notes
        if not self.facts.has_video:
            notes.append("This file has no picture; it was judged by its sound alone.")
        if not self.facts.has_audio:
            notes.append("This clip has no sound track; it was judged by its picture alone.")
        elif self.evidence.knows_sound() and self.clip.silent:
            notes.append("The sound track is silent from beginning to end, so there was nothing to listen to.")
        return notes


def worth_naming(scores: Mapping[str, float]) -> dict[str, float]:
    """The sounds that a person should be told of: the five most certain ones, from a score of 0.1 on."""
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:MOST_SOUNDS]
    return {name: round(score, 4) for name, score in ranked if score >= LEAST_SCORE}


def most_certain(heard: Mapping[int, Mapping[str, float]]) -> dict[str, float]:
    """The same for a whole clip, by the mean over the segments that were listened to."""
    if not heard:
        return {}
    segments = list(heard.values())
    return worth_naming({name: sum(s[name] for s in segments) / len(segments) for name in segments[0]})
