"""A clip session: one opened clip, and everything computed about it so far.

A run goes through the clip in stretches: the policy decides for every segment of a stretch, then what it chose is run,
then the stretch's frames are forgotten. Long clips therefore need no more memory than short ones. Logits are small and
stay, so that a second policy on the same clip only runs what the first one did not.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

import torch

from adamml.analysis import Analysis, ClipFacts, Macs, SegmentResult
from adamml.checkpoint import ModelCard
from adamml.closeup import Closeup, take_closeup
from adamml.cost import CostModel, Runs
from adamml.engine import Engine
from adamml.events import Decided, Decoded, Event, Finished, Probed, Scored
from adamml.evidence import ClipMemory, Evidence
from adamml.media import Clip, ClipError, ClipInfo, Storyboard, draw_storyboard
from adamml.media.sampling import examined_share
from adamml.nn import MODALITIES, fuse
from adamml.nn.fusion import FusionRule
from adamml.policies import Decider, Decision, Judge, Policy, get_policy

STRETCH = 32  # segments in memory at a time: 32 x 8 frames of 224 x 224 are 39 MB
NAMES = {"rgb": "picture", "audio": "sound"}


class NothingToRunError(ClipError):
    """The policy may only use what the clip does not have."""


@dataclass(frozen=True, kw_only=True)
class ReadyModel:
    """A model made ready to run; all sessions share it."""

    card: ModelCard
    engine: Engine
    cost: CostModel
    fusion: FusionRule

    def scores(self, logits_K: torch.Tensor) -> dict[str, float]:
        """Class -> probability."""
        return dict(zip(self.card.classes, logits_K.double().softmax(0).tolist(), strict=True))


def clip_facts(info: ClipInfo) -> ClipFacts:
    """What a result says of a file."""
    return ClipFacts(
        name=info.path.name,
        duration=info.duration,
        has_video=info.video is not None,
        has_audio=info.audio is not None,
        width=info.width,
        height=info.height,
        fps=info.fps,
    )


class ClipSession:
    """One opened clip and everything computed about it so far."""

    def __init__(self, model: ReadyModel, clip: Clip) -> None:
        self._model, self._clip = model, clip
        self._memory = ClipMemory(clip, model.engine)
        self.clip: ClipFacts = clip_facts(clip.info)
        self.spans: tuple[tuple[float, float], ...] = tuple((s.start, s.end) for s in clip.segments)

    def __enter__(self) -> "ClipSession":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._memory.drop_large()
        self._clip.close()

    def analyze(self, policy: str | Policy = "adamml") -> Analysis:
        """Run a policy to the end."""
        for event in self.run(policy):
            if isinstance(event, Finished):
                return event.analysis
        raise AssertionError("a run ends with its answer")

    def run(self, policy: str | Policy = "adamml") -> Iterator[Event]:
        """Analyse the clip, yielding events; the last one is `Finished`.

        Raises:
            ValueError: for an unknown policy.
            ClipError: when the clip cannot be decoded, or lacks all that the policy may use.
        """
        chosen = get_policy(policy) if isinstance(policy, str) else policy
        return self._run(chosen)

    def storyboard(self) -> Storyboard:
        """Thumbnails and waveform, for people; decoded apart from any analysis and not charged to one."""
        return draw_storyboard(self._clip)

    def closeup(self, segment: int, explain: Mapping[str, str] | None = None) -> Closeup:
        """One segment from near: its frames, its spectrogram, what it takes, and where a class was found.

        Args:
            explain: modality -> class; for each a spotlight by Grad-CAM. Not charged to any analysis.

        Raises:
            ValueError: for a segment or a class that does not exist.
        """
        if not 0 <= segment < len(self.spans):
            raise ValueError(f"segment must lie between 0 and {len(self.spans) - 1}, got {segment}")
        classes, asked = self._model.card.classes, explain or {}
        if unknown := [label for label in asked.values() if label not in classes]:
            raise ValueError(f"{unknown[0]!r} is no class of {self._model.card.name}")
        numbers = {modality: classes.index(label) for modality, label in asked.items()}
        return take_closeup(self._memory, self._model.cost, segment, numbers)

    def has_run(self, segment: int, modality: str) -> bool:
        """Whether this cell's result is remembered, so that using it takes no time."""
        return (modality, segment) in self._memory

    def _run(self, policy: Policy) -> Iterator[Event]:
        evidence = Evidence(self._memory)
        decider = policy.begin(evidence)
        count = len(self._clip.segments)
        yield Probed(progress=0.0, message="Looked the file over", clip=self.clip, spans=self.spans)
        decisions: list[Decision] = []
        tally = _Tally(self._model)
        for begin in range(0, count, STRETCH):
            stretch = range(begin, min(begin + STRETCH, count))
            decided: list[Decision] = []
            for decision in decider.decide(stretch):
                decided.append(decision)
                share = (begin + 0.3 * len(decided)) / count
                yield _decided(decision, share, count)
            evidence.decode_frames([d.segment for d in decided if d.use["rgb"]], "features_rgb")
            yield Decoded(
                progress=(begin + 0.3 * len(decided)) / count,
                message=f"Fetched what was chosen, up to segment {stretch[-1] + 1} of {count}",
                done=stretch[-1] + 1,
            )
            for place, decision in enumerate(decided):
                for modality in MODALITIES:
                    if decision.use[modality]:
                        tally.add(decision.segment, modality, evidence.modality_logits(decision.segment, modality))
                        share = (begin + 0.3 * len(decided) + 0.7 * (place + 1)) / count
                        yield tally.scored(decision.segment, modality, min(share, 0.99), count)
            decisions += decided
            if count > STRETCH:
                self._memory.drop_large()
        notes: list[str] = []
        if not any(any(decision.use.values()) for decision in decisions) and not isinstance(decider, Judge):
            place, modality = self._last_resort(decisions, policy)
            tally.add(place, modality, evidence.modality_logits(place, modality))
            decisions[place] = _with(decisions[place], modality)
            notes.append(
                f"The policy chose nothing anywhere. So that there is an answer, its most probable choice was run: "
                f"the {NAMES[modality]} of segment {place + 1}."
            )
            yield tally.scored(place, modality, 0.99, count)
        analysis = self._conclude(policy, decider, evidence, decisions, notes)
        yield Finished(progress=1.0, message=f"Done: {analysis.label}", analysis=analysis)

    def _last_resort(self, decisions: Sequence[Decision], policy: Policy) -> tuple[int, str]:
        """The most probable cell of a clip in which nothing was chosen; the earliest one when several are."""
        cells = [
            (probability, -decision.segment, modality)
            for decision in decisions
            for modality, probability in decision.probability.items()
            if probability is not None
        ]
        if not cells:
            lacking = "picture" if not self.clip.has_video else "sound"
            raise NothingToRunError(
                f"{self.clip.name!r} has no usable {lacking}, and the policy {policy.name!r} uses nothing else."
            )
        _, segment, modality = max(cells)
        return -segment, modality

    def _available(self, evidence: Evidence, index: int, modality: str) -> bool:
        """What this policy could know: of a sound track that it never asked about, what the file promises."""
        segment = self._clip.segments[index]
        if modality == "rgb":
            return self._clip.has_picture(segment)
        return self._clip.has_sound(segment) if evidence.knows_sound() else self._clip.may_have_sound(segment)

    def _conclude(
        self, policy: Policy, decider: Decider, evidence: Evidence, decisions: Sequence[Decision], notes: list[str]
    ) -> Analysis:
        model, card = self._model, self._model.card
        began = time.perf_counter()
        logits = {m: torch.zeros(len(decisions), len(card.classes)) for m in MODALITIES}  # S, K
        for decision in decisions:
            for m in MODALITIES:
                if decision.use[m]:
                    logits[m][decision.segment] = evidence.modality_logits(decision.segment, m)
        if isinstance(decider, Judge):
            segment_SK, clip_K = decider.verdict()
        else:
            used_SM = torch.tensor([[float(decision.use[m]) for m in MODALITIES] for decision in decisions])
            weight = model.engine.network.rgb_weight.detach()
            batches = fuse(logits["rgb"][None], logits["audio"][None], used_SM[None], weight, model.fusion)
            segment_SK, clip_K = batches[0][0], batches[1][0]
        fused = time.perf_counter() - began
        segments = tuple(
            SegmentResult(
                index=d.segment,
                start=self.spans[d.segment][0],
                end=self.spans[d.segment][1],
                available={m: self._available(evidence, d.segment, m) for m in MODALITIES},
                decisions=dict(d.use),
                probabilities=dict(d.probability),
                modality_scores={m: model.scores(logits[m][d.segment]) if d.use[m] else None for m in MODALITIES},
                scores=model.scores(segment_SK[d.segment]) if any(d.use.values()) else None,
                label=card.classes[int(segment_SK[d.segment].argmax())] if any(d.use.values()) else None,
            )
            for d in decisions
        )
        runs = evidence.runs()
        return Analysis(
            model=card.name,
            version=card.version,
            policy=policy.name,
            fusion=model.fusion,
            weights=self._weights(policy),
            clip=self.clip,
            classes=card.classes,
            segments=segments,
            label=card.classes[int(clip_K.argmax())],
            scores=model.scores(clip_K / card.temperature(policy.name)),
            known=card.knows(policy.name, clip_K.double().numpy()),
            examined=examined_share(list(self.spans), self.clip.duration),
            macs=model.cost.full(runs),
            macs_published=model.cost.published(runs),
            alternatives=self._alternatives(evidence),
            seconds=evidence.measured(fused),
            notes=tuple(self._notes(evidence) + notes),
        )

    def _weights(self, policy: Policy) -> dict[str, str]:
        """Which files answered; fixed policies use the shared recognisers alone."""
        weights = {"recognizers": "recognizers.safetensors"}
        trained = policy.name.partition("@")[0]  # a budget changes no weights
        if trained in self._model.card.policies:
            weights["policy"] = f"{trained}.safetensors"
        files = self._model.card.files
        return {part: f"{file} {files[file][:12]}" if file in files else file for part, file in weights.items()}

    def _alternatives(self, evidence: Evidence) -> dict[str, Macs]:
        """MACs that the fixed policies would need on this clip: counted, not run."""
        rgb = sum(self._available(evidence, s, "rgb") for s in range(len(self.spans)))
        audio = sum(self._available(evidence, s, "audio") for s in range(len(self.spans)))
        either = sum(any(self._available(evidence, s, m) for m in MODALITIES) for s in range(len(self.spans)))
        runs = {
            "rgb": Runs(rgb=rgb, fuse=rgb),
            "audio": Runs(audio=audio, fuse=audio),
            "all": Runs(rgb=rgb, audio=audio, fuse=either),
        }
        counted = {name: self._model.cost.full(run) for name, run in runs.items()}
        return {name: macs for name, macs in counted.items() if macs.total}

    def _notes(self, evidence: Evidence) -> list[str]:
        notes = []
        if self._model.card.untrained:
            notes.append("This model is untrained: its answers mean nothing.")
        if self._clip.part is not None:
            start, end = self._clip.part
            notes.append(f"Only {start:.2f} s to {end:.2f} s of the file were used; times count from {start:.2f} s.")
        if not self.clip.has_video:
            notes.append("This file has no picture; it was judged by its sound alone.")
        if not self.clip.has_audio:
            notes.append("This clip has no sound track; it was judged by its picture alone.")
        elif evidence.knows_sound() and self._clip.silent:
            notes.append("The sound track is silent from beginning to end, so there was nothing to listen to.")
        return notes


def _decided(decision: Decision, share: float, count: int) -> Decided:
    used = [NAMES[m] for m in MODALITIES if decision.use[m]]
    return Decided(
        progress=share,
        message=f"Segment {decision.segment + 1} of {count}: {' and '.join(used) or 'nothing'} chosen",
        segment=decision.segment,
        decisions=decision.use,
        probabilities=decision.probability,
    )


class _Tally:
    """What the cells that have been run say so far, by the same fusion as the final answer."""

    def __init__(self, model: ReadyModel) -> None:
        self.model = model
        self.logits: dict[int, dict[str, torch.Tensor]] = {}  # segment -> modality -> (K,)

    def add(self, segment: int, modality: str, logits_K: torch.Tensor) -> None:
        self.logits.setdefault(segment, {})[modality] = logits_K

    def scored(self, segment: int, modality: str, share: float, count: int) -> Scored:
        """The event for a cell that was just added."""
        model, places = self.model, list(self.logits)
        none = torch.zeros(len(model.card.classes))
        rgb, audio = (torch.stack([self.logits[s].get(m, none) for s in places]) for m in MODALITIES)  # S, K
        used_SM = torch.tensor([[float(m in self.logits[s]) for m in MODALITIES] for s in places])
        weight = model.engine.network.rgb_weight.detach()
        segment_BSK, clip_BK = fuse(rgb[None], audio[None], used_SM[None], weight, model.fusion)
        verb = "Looked at" if modality == "rgb" else "Listened to"
        return Scored(
            progress=share,
            message=f"{verb} segment {segment + 1} of {count}",
            segment=segment,
            modality=modality,
            segment_scores=model.scores(segment_BSK[0, places.index(segment)]),
            clip_scores=model.scores(clip_BK[0]),
        )


def _with(decision: Decision, modality: str) -> Decision:
    return Decision(
        segment=decision.segment, use=dict(decision.use) | {modality: True}, probability=decision.probability
    )
