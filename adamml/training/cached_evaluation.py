"""Every row of the table on cached clips: the policies that page and commands use, on a feature view of what is cached.

Nothing is decoded and no recognizer runs; what a policy asks for is looked up, and counted as if it had been computed.
Seconds are not measured here.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from adamml.engine import Engine
from adamml.evaluation.records import ClipRecord
from adamml.inference.feature_cache import FeatureCache
from adamml.inference.feature_view import FeatureView
from adamml.media import Clip
from adamml.nn import MODALITIES, AdaMML, fuse
from adamml.nn.cost import CostModel, Runs
from adamml.policies import Classifier, Decision, Policy, RandomPolicy, get_policy
from adamml.policies.base import most_probable, with_cell
from adamml.training.feature_bank import ClipBatch


class _NothingRuns:
    """A backend that is never asked, since everything is remembered."""

    name, precision, batch, preparation = "none", "float32", 1, 0.0

    def concurrency(self, part: str) -> int:
        return 1

    def multithreaded(self, part: str) -> bool:
        return False

    def in_own_threads(self, part: str) -> bool:
        return False

    def run(self, part: str, inputs: Tensor, *, exclusive: bool) -> Tensor:
        raise AssertionError(f"{part} is not cached")


@dataclass(frozen=True, kw_only=True)
class _Track:
    audio: object | None


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """As much of a clip as a feature view asks for: which modalities it has, everywhere or nowhere."""

    segments: Sequence[int]
    present: Mapping[str, bool]
    silent: bool = False

    @property
    def info(self) -> _Track:
        return _Track(audio=True if self.present["audio"] else None)

    def has_picture(self, segment: int) -> bool:
        return self.present["rgb"]

    def has_sound(self, segment: int) -> bool:
        return self.present["audio"]

    def stream(self, segments: Iterable[int]) -> Generator[tuple[int, object], None, None]:
        yield from ()


@dataclass(frozen=True, kw_only=True)
class CachedAnswer:
    """What a policy did with one clip.

    Attributes:
        decisions: one per segment, in order.
        clip_logits: (K,).
        runs: how often each part would have run.
    """

    decisions: Sequence[Decision]
    clip_logits: Tensor
    runs: Runs


class CachedClips:
    """A batch of cached clips, as policies meet them.

    Args:
        deciders: networks of policies beside the model's own, by name.
    """

    def __init__(self, network: AdaMML, deciders: Mapping[str, nn.Module], batch: ClipBatch) -> None:
        assert batch.glimpse is not None
        assert batch.features is not None
        assert batch.logits is not None
        self.network, self.batch = network, batch
        self._known = {"glimpse": batch.glimpse, "features": batch.features, "logits": batch.logits}
        self._engine = Engine(network, deciders, _NothingRuns(), {m: self._missing(m) for m in MODALITIES})

    def __len__(self) -> int:
        return len(self.batch.label)

    def answers(
        self, policy: str, rates: tuple[float, float] = (0.5, 0.5), temperature: float = 1.0
    ) -> Generator[CachedAnswer, None, None]:
        """What a policy does with clip after clip.

        Args:
            policy: its name; "random" tosses its coins at these rates, seeded by the clip's number.
            temperature: of clip scores, for a policy that goes by its own certainty.

        Raises:
            ValueError: for an unknown policy, or one without its network.
        """
        for clip in range(len(self)):
            chosen = RandomPolicy(rate=rates, seed=clip) if policy == "random" else get_policy(policy)
            yield self._answer(clip, chosen, temperature)

    def logits(self, policy: str, temperature: float = 1.0) -> Tensor:
        """Clip logits (B, K) of a policy."""
        return torch.stack([each.clip_logits for each in self.answers(policy, temperature=temperature)])

    def rates(self, policy: str) -> tuple[float, float]:
        """The policy's selection rates over all cells: rgb, audio."""
        decisions = [decision for each in self.answers(policy) for decision in each.decisions]
        rgb, audio = (sum(decision.use[m] for decision in decisions) / len(decisions) for m in MODALITIES)
        return rgb, audio

    def records(
        self, policy: str, cost: CostModel, rates: tuple[float, float] = (0.5, 0.5), temperature: float = 1.0
    ) -> list[ClipRecord]:
        """The answers as evaluation records; clips are named by their number."""
        answers = self.answers(policy, rates, temperature)
        return [self._record(policy, clip, each, cost, temperature) for clip, each in enumerate(answers)]

    def record(self, clip: int, policy: Policy, cost: CostModel, temperature: float = 1.0) -> ClipRecord:
        """What one policy, be it of this clip alone, does with one clip."""
        return self._record(policy.name, clip, self._answer(clip, policy, temperature), cost, temperature)

    def _answer(self, clip: int, policy: Policy, temperature: float) -> CachedAnswer:
        view = FeatureView(self._memory(clip), self.network.kind.fusion, temperature)
        decider = policy.begin(view)
        decisions = sorted(decider.decide(range(view.segments)), key=lambda decision: decision.segment)
        if isinstance(decider, Classifier):
            for decision in decisions:
                self._run(view, decision)
            return CachedAnswer(decisions=decisions, clip_logits=decider.predict()[1], runs=view.runs())
        if not any(any(decision.use.values()) for decision in decisions) and (cell := most_probable(decisions)):
            place, modality = cell
            decisions[place] = with_cell(decisions[place], modality)
        for decision in decisions:
            self._run(view, decision)
        used = torch.tensor([[float(decision.use[m]) for m in MODALITIES] for decision in decisions])[None]
        rgb, audio = (self._known["logits"][m][clip][None] for m in MODALITIES)
        _, clip_logits = fuse(rgb, audio, used, self.network.rgb_weight.detach(), self.network.kind.fusion)
        return CachedAnswer(decisions=decisions, clip_logits=clip_logits[0], runs=view.runs())

    def _run(self, view: FeatureView, decision: Decision) -> None:
        for modality in MODALITIES:
            if decision.use[modality]:
                view.modality_logits(decision.segment, modality)

    def _missing(self, modality: str) -> Tensor:
        """(D,) that clips without this modality show in its place; zeros where none lacks it, and so nobody asks."""
        glimpse, lacking = self._known["glimpse"][modality], self.batch.present[:, MODALITIES.index(modality)] == 0
        return glimpse[lacking][0, 0] if bool(lacking.any()) else torch.zeros(glimpse.shape[-1])

    def _memory(self, clip: int) -> FeatureCache:
        """All that is known of a clip, as a session that had run everything would remember it."""
        batch, network = self.batch, self.network
        segments = batch.uniform.shape[1]
        present = dict(zip(MODALITIES, batch.present[clip].bool().tolist(), strict=True))
        shown = _Shown(segments=range(segments), present=present)
        memory = FeatureCache(cast(Clip, shown), self._engine)
        for modality in MODALITIES:
            known = {f"features_{modality}": "features", modality: "logits"}
            if modality not in network.shared:
                known[f"glimpse_{modality}"] = "glimpse"
            for key, what in known.items():
                for segment, row in enumerate(self._known[what][modality][clip] if present[modality] else ()):
                    memory.put((key, segment), row, 0.0)
        return memory

    def _record(self, policy: str, clip: int, answer: CachedAnswer, cost: CostModel, temperature: float) -> ClipRecord:
        batch = self.batch
        return ClipRecord(
            clip=f"{clip:05d}",
            policy=policy,
            label=int(batch.label[clip]),
            scores=tuple((answer.clip_logits.double() / temperature).softmax(0).tolist()),
            decisions=tuple(tuple(int(each.use[m]) for m in MODALITIES) for each in answer.decisions),
            probabilities=tuple(tuple(each.probability[m] for m in MODALITIES) for each in answer.decisions),
            available=(tuple(batch.present[clip].bool().tolist()),) * len(answer.decisions),
            macs=cost.full(answer.runs).total,
            macs_published=cost.published(answer.runs).total,
            cells=None if batch.truth is None else tuple(map(tuple, batch.truth[clip].tolist())),
        )
