"""A policy that is added in one file: it is trained, kept, run, listed, drawn, compared and measured like any other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from torch import Tensor, nn

from adamml import Analysis, ModelCard, Recognizer
from adamml.datasets.manifest import ClipEntry
from adamml.evaluation.evaluate import evaluate_manifest
from adamml.evaluation.figures import accuracy_against_macs
from adamml.inference.feature_view import FeatureView
from adamml.nn import AdaMML
from adamml.nn.macs import StepCost, layer_macs
from adamml.policies import POLICIES, REGISTRY, Decision, register
from adamml.policies.base import probability_of_use
from adamml.results import policy_spec, wording
from adamml.results.policy_spec import PolicySpec
from adamml.training.cached_evaluation import CachedClips
from adamml.training.cascade_trainer import CascadeStage
from adamml.training.decider_jobs import Task, decider_job
from adamml.training.decision_trainer import DeciderJob
from adamml.training.feature_bank import ClipBatch
from adamml.training.loop import run
from adamml.weights.checkpoint import LoadedModel, load_model, save_model
from app import timeline, words
from app.timeline_model import from_analysis
from tests.clips import tone, write_clip
from tests.toy_app import toy_recognizer
from tests.training.synthetic_banks import LittleNetwork, composed


class Loud(nn.Module):
    """Looks wherever one number read off the sound's features is large."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Linear(1280, 2)

    def step_cost(self) -> StepCost:
        return StepCost(decide=layer_macs(self.read))

    def forward(self, batch: ClipBatch, temperature: float) -> tuple[Tensor, Tensor]:
        assert batch.features is not None
        assert batch.logits is not None
        look = self.read(batch.features["audio"]).softmax(-1)[..., 1]
        return (look[..., None] * batch.logits["rgb"]).mean(1), look


@dataclass(frozen=True, kw_only=True)
class LoudPolicy:
    name: str = "loud"
    description: str = "Loud: listens everywhere and looks where that is loud"

    def begin(self, evidence: FeatureView) -> "LoudPolicy.Decider":
        return LoudPolicy.Decider(evidence)

    class Decider:
        def __init__(self, evidence: FeatureView) -> None:
            self.evidence, self.net = evidence, cast(Loud, evidence.decider("loud"))

        def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
            for s in segments:
                heard = self.evidence.features(s, "audio")
                (probability,) = probability_of_use(self.evidence.decide(lambda x=heard: self.net.read(x[None])))
                yield Decision(
                    segment=s,
                    use={"rgb": probability >= 0.5, "audio": True},
                    probability={"rgb": probability, "audio": None},
                )


class LoudJob(DeciderJob):
    name = "loud"

    def __init__(self, task: Task) -> None:
        self.config, self.clips, self.network = replace(task.stages, seed=task.seed), task.clips, task.decider
        self.steps = self.config.steps
        self.optimizer = torch.optim.Adam(task.decider.parameters(), lr=1e-2)

    def loss(self, network: nn.Module, step: int, rows: range) -> Tensor:
        batch = self.drawn(step, rows)
        said, look = network(batch, 1.0)
        return nn.functional.cross_entropy(said, batch.label) + look.mean()


SPEC = PolicySpec(
    name="loud", label="Loud", title="Where it is loud", color="#123456", network="loud", trainer=f"{__name__}:LoudJob"
)


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known for one test only."""
    monkeypatch.setattr(policy_spec, "_SPECS", dict(policy_spec._SPECS))
    for known in (REGISTRY, POLICIES):
        monkeypatch.setitem(known, "loud", known["rgb"])
    register(LoudPolicy(), SPEC, lambda network: Loud())


@pytest.fixture
def model(added: None) -> Recognizer:
    small = toy_recognizer()
    engine = small.ready.engine
    loaded = LoadedModel(card=small.card, network=engine.network, deciders=dict(engine.deciders) | {"loud": louder()})
    return Recognizer(loaded, backend="torch")


def louder() -> Loud:
    net = Loud()
    with torch.no_grad():
        net.read.weight.normal_(0, 0.5, generator=torch.Generator().manual_seed(1))
    return net.eval().requires_grad_(False)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", seconds=3.0, sound=tone(3.0))


def test_an_added_policy_is_kept_in_a_file_of_its_own(
    added: None, toy_network: AdaMML, toy_card: ModelCard, tmp_path: Path
) -> None:
    net = louder()
    card = save_model(tmp_path, toy_network, toy_card, {"loud": net})
    assert card.can_run("loud")
    back = load_model(tmp_path).deciders["loud"]
    torch.testing.assert_close(back.read.weight, net.read.weight, rtol=1e-3, atol=1e-6)


def test_an_added_policy_runs_and_is_counted(model: Recognizer, clip: Path) -> None:
    assert model.policies["loud"] == LoudPolicy().description
    answer = model.open(clip, segments=4).analyze("loud")
    assert Analysis.from_json(answer.to_json()) == answer
    assert [segment.decisions["audio"] for segment in answer.segments] == [True] * 4
    assert answer.macs.decide == 4 * 1280 * 2
    looked = sum(segment.decisions["rgb"] for segment in answer.segments)
    assert answer.macs.rgb == looked * model.ready.cost.rgb


def test_an_added_policy_has_its_name_and_its_lanes_on_the_page(model: Recognizer, clip: Path) -> None:
    answer = model.open(clip, segments=4).analyze("loud")
    assert words.policy(answer.policy) == wording.policy("loud") == "Loud"
    shown = timeline.timeline(from_analysis(answer))
    assert shown.count('data-rgb="used"') == sum(segment.decisions["rgb"] for segment in answer.segments)


def test_an_added_policy_is_measured_and_drawn(model: Recognizer, clip: Path, tmp_path: Path) -> None:
    entries = [ClipEntry(path=clip, label=model.card.classes[0], split="test")]
    table = evaluate_manifest(model, entries, ["all", "loud"], tmp_path / "out", segments=3, progress=lambda _: None)
    row = table.row("loud")
    assert row is not None
    assert row.selection["audio"] == 1.0
    drawn = accuracy_against_macs(table).axes[0]
    assert SPEC.color in {to_hex(line.get_color()) for line in drawn.lines}


def test_an_added_policy_is_trained_and_answers_cached_clips(added: None, tmp_path: Path) -> None:
    network = LittleNetwork()
    clips = composed()
    job, net = decider_job("loud", network, clips, CascadeStage(steps=40, batch=32), seed=1)  # type: ignore[arg-type]
    run(job, tmp_path / "loud", seed=1, say=lambda _: None)
    batch = clips.draw([np.random.default_rng(k) for k in range(20)])
    answers = list(CachedClips(network, {"loud": net}, batch).answers("loud"))  # type: ignore[arg-type]
    assert all(decision.use["audio"] for each in answers for decision in each.decisions)
    assert {each.runs.decide for each in answers} == {10}
    assert {each.runs.features_audio for each in answers} == {10}


def test_a_name_that_is_taken_is_refused(added: None) -> None:
    with pytest.raises(ValueError, match="there is a policy 'loud' already"):
        policy_spec.register(PolicySpec(name="loud", label="Another"))
