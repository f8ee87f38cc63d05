"""A live session: pieces of one segment each, as a camera gives them, and the policy deciding as it goes.

The policy that begins with the first piece stays at work on all that follow: its LSTM goes on, and it knows of no piece
that is still to come. Each piece is a clip of its own with a single segment, seen through the one feature view; nothing
of it stays but its result and its logits, and of those the last few. The answer is what they say together.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from torch import Tensor

from adamml.inference.feature_cache import FeatureCache
from adamml.inference.feature_view import FeatureView
from adamml.inference.inference_model import InferenceModel
from adamml.inference.result_builder import ResultBuilder, most_certain
from adamml.inference.session import clip_facts
from adamml.media import Clip
from adamml.nn import MODALITIES
from adamml.nn.running_fusion import RunningFusion
from adamml.policies import Decider, FixedPolicy, LearnedPolicy, Policy, RandomPolicy, get_policy
from adamml.results.analysis import Macs, Scores, SegmentResult

WINDOW = 10  # segments that are answered for together: as many as a clip has by itself


@dataclass(frozen=True, kw_only=True)
class LiveStep:
    """What is known after a piece.

    Attributes:
        segments: the window, the newest last; numbered, and in seconds, from the session's beginning.
        scores: class -> probability over the window; None where nothing was run in it, and then label is None, too.
        known: False where the model is too unsure of any class.
        heard: sound -> its mean score over the segments of the window that were listened to, the most certain first.
        answered: pieces so far.
        macs: of all that ran so far.
        looking: MACs of RGB on every segment so far; 0 where none had a picture.
        notes: sentences about the newest piece that a person should read.
    """

    segments: tuple[SegmentResult, ...]
    scores: Scores | None
    label: str | None
    known: bool
    heard: Scores
    answered: int
    macs: Macs
    looking: int
    notes: tuple[str, ...] = ()

    @property
    def saving(self) -> float | None:
        """Share of compute saved against RGB on every segment; negative when this took more."""
        return 1 - self.macs.total / self.looking if self.looking else None


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """What stays of a piece."""

    segment: SegmentResult
    logits: dict[str, Tensor] = field(default_factory=dict)  # modality that ran -> (K,)
    heard: dict[str, float] = field(default_factory=dict)


class LiveSession:
    """One camera's session. Not to be shared between threads, except one after the other.

    Args:
        model: that answers.
        open_piece: opens a file as a clip of a single segment, within limits.
        policy: one that decides segment after segment.
        window: how many segments are answered for together.

    Raises:
        ValueError: for a policy that has to know the whole clip first, or a window without a segment.
    """

    def __init__(
        self,
        model: InferenceModel,
        open_piece: Callable[[Path], Clip],
        policy: str | Policy = "adamml",
        window: int = WINDOW,
    ) -> None:
        chosen = get_policy(policy) if isinstance(policy, str) else policy
        if not isinstance(chosen, LearnedPolicy | FixedPolicy | RandomPolicy):
            raise ValueError(f"{chosen.name!r} has to know the whole clip; live, adamml, rgb, audio and all can decide")
        if window < 1:
            raise ValueError(f"a window has at least one segment, got {window}")
        self._model, self._open, self._policy = model, open_piece, chosen
        self._working: tuple[FeatureView, Decider] | None = None
        self._window: deque[_Kept] = deque(maxlen=window)
        self._answered, self._macs, self._looking, self._end = 0, Macs(), 0, 0.0

    def push(self, path: str | Path, start: float | None = None) -> LiveStep:
        """Decide for the next piece, run what was chosen, and answer for the window.

        Args:
            path: a short video or sound file; its middle is the segment. It is not needed afterwards.
            start: seconds from the session's beginning to the piece's; None for where the one before ended.

        Raises:
            ClipError: when the piece cannot be used; it is passed over, and the next one may be pushed.
        """
        with closing(self._open(Path(path))) as piece, self._at_work_on(piece) as (view, decider):
            (decision,) = decider.decide(range(1))
            logits = {m: view.modality_logits(0, m) for m in MODALITIES if decision.use[m]}
            found = ResultBuilder(
                model=self._model,
                clip=piece,
                facts=clip_facts(piece.info),
                policy=self._policy.name,
                decider=decider,
                evidence=view,
                decisions=[decision],
            ).analysis()
            names = self._model.card.sounds
            sounds = view.heard([0]) if names else {}
            heard = dict(zip(names, map(float, sounds[0]), strict=True)) if sounds else {}
        begin = self._end if start is None else max(start, 0.0)
        self._end = begin + found.clip.duration
        segment = replace(found.segments[0], index=self._answered, start=begin, end=self._end)
        self._window.append(_Kept(segment=segment, logits=logits, heard=heard))
        self._answered += 1
        self._macs = _sum(self._macs, found.macs)
        self._looking += found.alternatives["rgb"].total if "rgb" in found.alternatives else 0
        return self._step(found.notes)

    @contextmanager
    def _at_work_on(self, piece: Clip) -> Iterator[tuple[FeatureView, Decider]]:
        """The one view and the one decider, which go on from piece to piece."""
        memory = FeatureCache(piece, self._model.engine)
        if self._working is None:
            view = FeatureView(memory, self._model.fusion, self._model.card.temperature(self._policy.name))
            self._working = view, self._policy.begin(view)
        view, decider = self._working
        with view.of_piece(memory):
            yield view, decider

    def _step(self, notes: tuple[str, ...]) -> LiveStep:
        model, window = self._model, self._window
        card = model.card
        fusion = RunningFusion(len(card.classes), model.rgb_weight, model.fusion)
        for place, kept in enumerate(window):
            for modality, logits_K in kept.logits.items():
                fusion.add(place, modality, logits_K)
        largest = {}  # modality that ran -> the mean of its largest logits
        for m in MODALITIES:
            if tops := [float(kept.logits[m].amax()) for kept in window if m in kept.logits]:
                largest[m] = sum(tops) / len(tops)
        scores, known = None, True
        if largest:
            calibrated_as, clip_K = model.calibrated_as(self._policy.name, largest), fusion.clip()
            scores = model.scores(clip_K / card.temperature(calibrated_as))
            known = card.knows(calibrated_as, clip_K.double().numpy(), largest)
        return LiveStep(
            segments=tuple(kept.segment for kept in window),
            scores=scores,
            label=max(scores, key=scores.__getitem__) if scores else None,
            known=known,
            heard=most_certain({place: kept.heard for place, kept in enumerate(window) if kept.heard}),
            answered=self._answered,
            macs=self._macs,
            looking=self._looking,
            notes=notes,
        )


def _sum(one: Macs, other: Macs) -> Macs:
    return Macs(**{part.name: getattr(one, part.name) + getattr(other, part.name) for part in fields(Macs)})
