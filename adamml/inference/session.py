"""A clip session: one opened clip, and everything computed about it so far.

A run goes through the clip in stretches: the policy decides for every segment of a stretch, then what it chose is run,
then the stretch's frames are forgotten. Long clips therefore need no more memory than short ones. Logits are small and
stay, so that a second policy on the same clip only runs what the first one did not.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from types import TracebackType
from typing import NoReturn

from adamml.inference.events import Decided, Decoded, Event, Finished, Probed
from adamml.inference.feature_cache import FeatureCache, malloc_trim
from adamml.inference.feature_view import FeatureView
from adamml.inference.inference_model import InferenceModel
from adamml.inference.result_builder import ResultBuilder
from adamml.inference.running_scores import RunningScores
from adamml.inference.segment_detail import SegmentDetail, build_segment_detail
from adamml.media import Clip, ClipError, ClipInfo, Storyboard, draw_storyboard
from adamml.nn import MODALITIES
from adamml.policies import Classifier, Decision, Policy, get_policy
from adamml.policies.base import most_probable, with_cell
from adamml.results.analysis import Analysis, ClipFacts

CHUNK = 32  # segments in memory at a time: 32 x 8 frames of 224 x 224 are 39 MB, 32 x 32 of 192 x 192 are 113 MB
DECIDING = 0.3  # share of the progress bar; the rest is running what was chosen
NAMES = {"rgb": "picture", "audio": "sound"}


class NothingToRunError(ClipError):
    """The policy may only use what the clip does not have."""


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

    def __init__(self, model: InferenceModel, clip: Clip) -> None:
        self._model, self._clip = model, clip
        self._memory = FeatureCache(clip, model.engine)
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
        """Analyze the clip, yielding events; the last one is `Finished`. Close the iterator to cancel.

        Raises:
            ValueError: for an unknown policy.
            ClipError: when the clip cannot be decoded, or lacks all that the policy may use.
        """
        chosen = get_policy(policy) if isinstance(policy, str) else policy
        return self._run(chosen)

    def storyboard(self) -> Storyboard:
        """Thumbnails and waveform, for people; decoded apart from any analysis and not charged to one."""
        return draw_storyboard(self._clip)

    def closeup(self, segment: int, explain: Mapping[str, str] | None = None) -> SegmentDetail:
        """One segment from near: its frames, its spectrogram, what it takes, and where a class was found.

        Args:
            explain: modality -> class; for each a heatmap by Grad-CAM. Not charged to any analysis.

        Raises:
            ValueError: for a segment or a class that does not exist.
        """
        if not 0 <= segment < len(self.spans):
            raise ValueError(f"segment must lie between 0 and {len(self.spans) - 1}, got {segment}")
        classes, asked = self._model.card.classes, explain or {}
        if unknown := [label for label in asked.values() if label not in classes]:
            raise ValueError(f"{unknown[0]!r} is no class of {self._model.card.name}")
        numbers = {modality: classes.index(label) for modality, label in asked.items()}
        return build_segment_detail(self._memory, self._model.cost, segment, numbers)

    def has_run(self, segment: int, modality: str) -> bool:
        """Whether this cell's result is remembered, so that using it takes no time."""
        return (modality, segment) in self._memory

    def _run(self, policy: Policy) -> Iterator[Event]:
        temperature = self._model.card.temperature(policy.name)
        evidence = FeatureView(self._memory, self._model.fusion, temperature)
        decider = policy.begin(evidence)
        count = len(self.spans)
        yield Probed(progress=0.0, message=self._opening(), clip=self.clip, spans=self.spans)
        decisions: list[Decision] = []
        running = RunningScores(self._model, count, policy.name)
        for begin in range(0, count, CHUNK):
            stretch = range(begin, min(begin + CHUNK, count))
            for decision in decider.decide(stretch):
                decisions.append(decision)
                yield _decided(decision, (begin + DECIDING * (len(decisions) - begin)) / count, count)
            decisions[begin:] = sorted(decisions[begin:], key=lambda decision: decision.segment)
            yield from self._run_chosen(evidence, decisions[begin:], running)
            if count > CHUNK:
                self._memory.drop_large()
                malloc_trim()
        remarks: list[str] = []
        if not any(any(decision.use.values()) for decision in decisions) and not isinstance(decider, Classifier):
            place, modality = most_probable(decisions) or self._nothing_to_run(policy)
            yield running.scored(place, modality, evidence.modality_logits(place, modality), 0.99)
            decisions[place] = with_cell(decisions[place], modality)
            remarks.append(
                f"The policy chose nothing anywhere. So that there is an answer, its most probable choice was run: "
                f"the {NAMES[modality]} of segment {place + 1}."
            )
        analysis = ResultBuilder(
            model=self._model,
            clip=self._clip,
            facts=self.clip,
            policy=policy.name,
            decider=decider,
            evidence=evidence,
            decisions=decisions,
            remarks=remarks,
        ).analysis()
        yield Finished(progress=1.0, message=f"Done: {analysis.label}", analysis=analysis)

    def _run_chosen(
        self, evidence: FeatureView, decided: Sequence[Decision], running: RunningScores
    ) -> Iterator[Event]:
        """Run the chosen cells of a stretch, in order; what comes next is decoded meanwhile."""
        count, begin = len(self.spans), decided[0].segment
        with ExitStack() as stack:
            logits = {
                m: stack.enter_context(closing(evidence.logits([d.segment for d in decided if d.use[m]], m)))
                for m in MODALITIES
            }
            for done, decision in enumerate(decided, 1):
                share = (begin + DECIDING * len(decided) + (1 - DECIDING) * done) / count
                for modality in MODALITIES:
                    if decision.use[modality]:
                        found = next(logits[modality])
                        yield running.scored(decision.segment, modality, found, min(share, 0.99))
        reached = decided[-1].segment + 1
        yield Decoded(
            progress=min(reached / count, 0.99),
            message=f"Fetched what was chosen, up to segment {reached} of {count}",
            done=reached,
        )

    def _opening(self) -> str:
        """The first message; the very first of a model also tells what had to be prepared."""
        news = self._model.engine.pop_message()
        return f"{news}; looked the file over" if news else "Looked the file over"

    def _nothing_to_run(self, policy: Policy) -> NoReturn:
        lacking = "picture" if not self.clip.has_video else "sound"
        raise NothingToRunError(
            f"{self.clip.name!r} has no usable {lacking}, and the policy {policy.name!r} uses nothing else."
        )


def _decided(decision: Decision, share: float, count: int) -> Decided:
    used = [NAMES[m] for m in MODALITIES if decision.use[m]]
    return Decided(
        progress=share,
        message=f"Segment {decision.segment + 1} of {count}: {' and '.join(used) or 'nothing'} chosen",
        segment=decision.segment,
        decisions=decision.use,
        probabilities=decision.probability,
    )
