"""Policies by name, the audio-first cascade, LiteEval, and the same decisions on cached clips."""

import copy
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from adamml import Analysis, Recognizer
from adamml.inference.feature_view import FeatureView, PolicyMissingError
from adamml.inference.session import ClipSession
from adamml.media import Clip, Segment, settings_for
from adamml.nn import MODALITIES
from adamml.nn.cost import Runs
from adamml.nn.liteeval import COARSE_DIM, COARSE_HIDDEN, FINE_DIM, FINE_HIDDEN, LiteEvalNetwork
from adamml.policies import POLICIES, LearnedPolicy, get_policy
from adamml.results.policy_spec import deciding_networks
from adamml.training.cached_evaluation import CachedClips
from adamml.training.feature_bank import ClipBatch
from tests.clips import tone, write_clip

SEGMENTS = 3
TEMPERATURES = {"adamml": 1.7, "liteeval": 0.6, "all": 2.5}


def calibrated(toy: Recognizer, path: Path, segments: int) -> ClipSession:
    """A session whose model has temperatures, with everything run that any policy may want."""
    card = dataclasses.replace(toy.card, temperatures=TEMPERATURES)
    ready = dataclasses.replace(toy.ready, card=card)
    session = ClipSession(ready, Clip(path, settings_for("local"), segments))
    session.analyze("all")
    session.analyze("adamml")
    return session


@pytest.fixture(scope="module")
def seen(toy: Recognizer, clip: Path) -> ClipSession:
    return calibrated(toy, clip, SEGMENTS)


@pytest.fixture(scope="module")
def mute(toy: Recognizer, tmp_path_factory: pytest.TempPathFactory) -> ClipSession:
    return calibrated(toy, write_clip(tmp_path_factory.mktemp("mute") / "mute.mp4", seconds=1.0), 2)


def gathered(session: ClipSession) -> ClipBatch:
    """What the session's networks say of the clip, as training's banks would hold it."""
    evidence, count = FeatureView(session._memory), range(len(session.spans))
    here = {m: [evidence.available(s, m) for s in count] for m in MODALITIES}
    widths = {"rgb": 2048, "audio": 1280}

    def stack(read, m: str, width: int) -> torch.Tensor:
        return torch.stack([read(s, m) if here[m][s] else torch.zeros(width) for s in count])[None]

    return ClipBatch(
        label=torch.zeros(1, dtype=torch.long),
        present=torch.tensor([[float(all(here[m])) for m in MODALITIES]]),
        uniform=torch.full((1, len(count), 2, 2), 0.5),
        glimpse={m: torch.stack([evidence.glimpse(s, m) for s in count])[None] for m in MODALITIES},
        features={m: stack(evidence.features, m, widths[m]) for m in MODALITIES},
        logits={m: stack(evidence.modality_logits, m, len(session._model.card.classes)) for m in MODALITIES},
    )


def chosen(analysis: Analysis) -> list[tuple[int, int]]:
    return [(int(s.decisions["rgb"]), int(s.decisions["audio"])) for s in analysis.segments]


def middle(session: ClipSession, policy: str) -> float:
    """A budget under which the policy takes some of its cells and leaves others."""
    held = [p for s in session.analyze(policy).segments for p in s.probabilities.values() if p is not None]
    return sum(sorted(set(held))[-2:]) / 2


@pytest.mark.parametrize("which", ["whole", "mute"])
@pytest.mark.parametrize(
    "name",
    [
        "rgb",
        "audio",
        "all",
        "adamml",
        "adamml@",
        "adamml@1.0",
        "adamml-nocost",
        "adamml-nocost@",
        "cascade",
        "cascade@",
        "cascade@0.0",
        "cascade@1.0",
        "liteeval",
        "anytime@0.27",
        "anytime@1.0",
        "anytime-2",
        "confident@0.27",
        "confident@0.30",
        "confident@1.0",
    ],
)
def test_cached_clips_are_answered_as_the_recognizer_answers_them(
    name: str, which: str, request: pytest.FixtureRequest
) -> None:
    """Decisions, probabilities, answer and MACs; a budget that is left open is set to split the clip's cells."""
    if (name, which) == ("audio", "mute"):
        name = "rgb"  # there is nothing to listen to
    session: ClipSession = request.getfixturevalue("seen" if which == "whole" else "mute")
    model = session._model
    if name.endswith("@"):
        name += repr(middle(session, name[:-1]))
    analysis, batch = session.analyze(name), gathered(session)
    heat = model.card.temperature(name)
    clips = CachedClips(model.engine.network, model.engine.deciders, batch)
    record = clips.records(name, model.cost, temperature=heat)[0]
    assert [tuple(cells) for cells in record.decisions] == chosen(analysis)
    assert list(record.scores) == pytest.approx(list(map(analysis.scores.get, model.card.classes)), abs=1e-5)
    for opinions, segment in zip(record.probabilities, analysis.segments, strict=True):
        assert list(opinions) == pytest.approx(list(segment.probabilities.values()), abs=1e-5)
    (answer,) = clips.answers(name, temperature=heat)
    runs = answer.runs
    assert model.cost.full(runs) == analysis.macs
    assert model.cost.published(runs) == analysis.macs_published
    assert (record.macs, record.macs_published) == (analysis.macs.total, analysis.macs_published.total)


def test_a_temperature_changes_how_sure_an_answer_is_but_not_which(seen: ClipSession, toy: Recognizer) -> None:
    plain = ClipSession(toy.ready, seen._clip)
    plain._memory = seen._memory
    hot, cold = seen.analyze("all"), plain.analyze("all")
    assert hot.label == cold.label
    assert hot.scores[hot.label] < cold.scores[cold.label]
    assert [s.scores for s in hot.segments] == [s.scores for s in cold.segments]


@pytest.mark.parametrize("threshold", [-1e9, 1e9])
def test_a_clip_below_the_threshold_is_none_of_the_classes(seen: ClipSession, threshold: float) -> None:
    rule = {"adamml": {"score": "negative_energy", "threshold": threshold}}
    card = dataclasses.replace(seen._model.card, unknown=rule)
    session = ClipSession(dataclasses.replace(seen._model, card=card), seen._clip)
    session._memory = seen._memory
    analysis = session.analyze("adamml@0.30")
    assert analysis.known == (threshold < 0)
    assert analysis.answer == (analysis.label if threshold < 0 else "none of my classes")
    again = Analysis.from_json(analysis.to_json())
    assert (again.known, again.answer) == (analysis.known, analysis.answer)


@pytest.mark.parametrize("policy", ["all", "rgb", "audio", "even-1"])
def test_a_clip_that_looks_like_nothing_is_not_named_however_likely_the_best_class_is(
    seen: ClipSession, policy: str
) -> None:
    largest = _mean_of_largest_logits(seen, seen.analyze(policy))
    for least, known in ((largest - 0.01, True), (largest + 0.01, False)):
        card = dataclasses.replace(seen._model.card, least_logit={"rgb": least})
        session = ClipSession(dataclasses.replace(seen._model, card=card), seen._clip)
        session._memory = seen._memory
        analysis = session.analyze(policy)
        assert analysis.known == (known or policy == "audio")  # which has not looked at all
        assert analysis.label == seen.analyze(policy).label  # as a guess


def _mean_of_largest_logits(session: ClipSession, analysis: Analysis) -> float:
    looks = [s.index for s in analysis.segments if s.decisions["rgb"]]
    return sum(float(session._memory["rgb", i].max()) for i in looks) / len(looks) if looks else 0.0


def test_a_budget_is_part_of_the_name() -> None:
    policy = get_policy("adamml@0.30")
    assert isinstance(policy, LearnedPolicy)
    assert (policy.name, policy.threshold, policy.network) == ("adamml@0.30", 0.3, "adamml")
    assert get_policy("adamml-nocost@0.3").name == "adamml-nocost@0.30"
    assert [get_policy(f"cascade@{x}").name for x in ("0.301", "0.304")] == ["cascade@0.301", "cascade@0.304"]
    assert get_policy("cascade@1").name == "cascade@1.00"


@pytest.mark.parametrize(
    "name", ["rgb@0.3", "liteeval@0.5", "random@0.5", "adamml@x", "adamml@1.5", "adamml@nan", "a@1"]
)
def test_budgets_that_mean_nothing_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"threshold|policy must be one of"):
        get_policy(name)


@pytest.mark.parametrize("base", ["adamml", "adamml-nocost", "cascade"])
def test_a_lower_threshold_never_chooses_fewer_cells(base: str, seen: ClipSession) -> None:
    between = middle(seen, base)
    thresholds = sorted((0.0, 0.4, between, 0.6, 1.0))
    cells = [sum(map(sum, chosen(seen.analyze(f"{base}@{threshold}")))) for threshold in thresholds]
    assert cells == sorted(cells, reverse=True)
    assert cells[0] == 2 * SEGMENTS
    assert cells[0] > cells[thresholds.index(between)] > 0
    assert seen.analyze(f"{base}@1.0").macs.total < seen.analyze(f"{base}@0.0").macs.total


def test_a_model_without_a_network_refuses_its_policy(toy: Recognizer, clip: Path) -> None:
    engine = copy.copy(toy.ready.engine)
    engine.deciders = {"adamml": engine.deciders["adamml"]}
    plain = copy.copy(toy)
    plain.ready = dataclasses.replace(toy.ready, engine=engine)
    assert set(toy.policies) == set(POLICIES)
    assert set(POLICIES) - set(plain.policies) == set(deciding_networks()) - {"adamml"}
    for name in ("cascade", "cascade@0.5", "liteeval", "adamml-nocost"):
        with pytest.raises(PolicyMissingError, match=f"without the policy '{name.partition('@')[0]}'"):
            plain.analyze(clip, name, segments=1)


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Moments of the file at which frames are decoded while the test runs."""
    times: list[float] = []
    decode = Clip.stream

    def noted(clip: Clip, segments: Sequence[Segment]) -> Iterator[tuple[int, np.ndarray]]:
        times.extend(time for segment in segments for time in segment.frame_times)
        return decode(clip, segments)

    monkeypatch.setattr(Clip, "stream", noted)
    return times


def test_the_cascade_listens_everywhere_and_decodes_what_it_looks_at(
    toy: Recognizer, clip: Path, fetched: list[float]
) -> None:
    nowhere = toy.analyze(clip, "cascade@1.0", segments=SEGMENTS)
    assert fetched == []
    assert chosen(nowhere) == [(0, 1)] * SEGMENTS
    held = [s.probabilities["rgb"] for s in nowhere.segments]
    assert [s.probabilities["audio"] for s in nowhere.segments] == [None] * SEGMENTS
    assert len(set(held)) == SEGMENTS
    best = max(range(SEGMENTS), key=lambda s: held[s] or 0)
    somewhere = toy.analyze(clip, f"cascade@{held[best]!r}", segments=SEGMENTS)
    assert chosen(somewhere) == [(int(s == best), 1) for s in range(SEGMENTS)]
    segment = somewhere.segments[best]
    assert fetched
    assert all(segment.start <= time <= segment.end for time in fetched)
    # Counted by hand: 64 numbers from what was heard, three of certainty three times, a flag, a share, two logits.
    cost = toy.ready.cost
    step = 1280 * 64 + 4 * 128 * (64 + 9 + 1 + 1 + 2 + 128) + 128 * 2
    fusion = SEGMENTS * 2 * len(toy.card.classes)
    assert nowhere.macs.to_dict() | {"total": 0} == {
        "decide": SEGMENTS * step,
        "rgb": 0,
        "audio": SEGMENTS * cost.audio,
        "fusion": fusion,
        "total": 0,
    }
    assert somewhere.macs == dataclasses.replace(nowhere.macs, rgb=cost.rgb)


def test_a_budget_of_nothing_lets_the_cascade_look_everywhere(seen: ClipSession) -> None:
    everywhere = seen.analyze("cascade@0")
    assert chosen(everywhere) == [(1, 1)] * SEGMENTS
    assert everywhere.label == seen.analyze("all").label


def test_the_cascade_answers_where_there_is_no_sound(mute: ClipSession) -> None:
    looked = mute.analyze("cascade@0")
    assert chosen(looked) == [(1, 0)] * 2
    forced = mute.analyze("cascade@1.0")
    assert sum(map(sum, chosen(forced))) == 1
    assert any("chose nothing" in note for note in forced.notes)
    assert forced.macs.audio == 0


def test_the_cascade_answers_where_there_is_no_picture(toy: Recognizer, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "tone.mp3", picture=None, sound=tone(1.5), audio_codec="mp3")
    analysis = toy.analyze(path, "cascade@0", segments=2)
    assert chosen(analysis) == [(0, 1)] * 2
    assert all(s.probabilities["rgb"] is None for s in analysis.segments)


def test_the_cascade_remembers_from_stretch_to_stretch(
    toy: Recognizer, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it knows of the whole clip is what it has heard: all of this stretch and of those before it."""
    monkeypatch.setattr("adamml.inference.session.CHUNK", 2)
    with toy.open(clip, segments=5) as session:
        analysis = session.analyze("cascade@1.0")
        evidence = FeatureView(session._memory)
        features = torch.stack([evidence.features(s, "audio") for s in range(5)])
        logits = torch.stack([evidence.modality_logits(s, "audio") for s in range(5)])
    net = toy.ready.engine.deciders["cascade"]

    def looks(of_clip: list[torch.Tensor]) -> list[float]:
        state, found = net.initial_state(1), []
        for s in range(5):
            heard, clip_so_far = (features[s][None], logits[s][None]), of_clip[s][None]
            # As nothing is looked at, what is known so far is what was heard.
            state = net.step(*heard, clip_so_far, torch.ones(1, 1), clip_so_far, torch.zeros(1, 1), state)
            found.append(float(state.logits.softmax(-1)[0, 1]))
        return found

    held = [s.probabilities["rgb"] for s in analysis.segments]
    assert held == pytest.approx(looks([logits[:heard].mean(0) for heard in (2, 2, 4, 4, 5)]), abs=1e-7)
    # The comparison can tell a memory of this stretch alone from one of the clip so far.
    assert held != pytest.approx(looks([logits[s - s % 2 : s - s % 2 + 2].mean(0) for s in range(5)]), abs=1e-6)
    assert [s.index for s in analysis.segments] == list(range(5))


@pytest.fixture
def choosy(seen: ClipSession, monkeypatch: pytest.MonkeyPatch) -> LiteEvalNetwork:
    """A LiteEval whose gate reads the coarse features alone, and says no to exactly one segment."""
    net = copy.deepcopy(seen._model.engine.deciders["liteeval"])
    glimpse = gathered(seen).glimpse
    assert glimpse is not None
    with torch.no_grad():
        net.gate.weight[:, COARSE_DIM:] = 0
        coarse = torch.cat([glimpse[m] for m in MODALITIES], -1)[0]
        lean = (coarse @ (net.gate.weight[1] - net.gate.weight[0])[:COARSE_DIM]).sort().values
        net.gate.bias.copy_(torch.stack((lean[:2].mean(), lean[0] * 0)))
    monkeypatch.setitem(seen._model.engine.deciders, "liteeval", net)
    return net


def test_liteeval_answers_as_its_network_does(seen: ClipSession, choosy: LiteEvalNetwork) -> None:
    analysis, batch = seen.analyze("liteeval"), gathered(seen)
    used = [rgb for rgb, _ in chosen(analysis)]
    assert chosen(analysis) == [(one, one) for one in used]
    assert sum(used) == SEGMENTS - 1
    assert batch.glimpse is not None
    assert batch.features is not None
    coarse, fine = (torch.cat([part[m] for m in MODALITIES], -1) for part in (batch.glimpse, batch.features))
    told = iter(torch.tensor(used).float())
    with torch.inference_mode():
        _, _, classes = choosy(coarse, fine, lambda gate: next(told)[None])
    expected = (classes[0, -1].double() / TEMPERATURES["liteeval"]).softmax(0).tolist()
    assert [analysis.scores[name] for name in analysis.classes] == pytest.approx(expected, abs=1e-5)
    for s, segment in enumerate(analysis.segments):
        if used[s]:
            by_now = classes[0, s].double().softmax(0).tolist()
            assert [segment.scores[name] for name in analysis.classes] == pytest.approx(by_now, abs=1e-5)
        else:
            assert segment.scores is None
            assert segment.label is None
            assert set(segment.modality_scores.values()) == {None}


def test_liteeval_is_charged_for_what_ran(seen: ClipSession, choosy: LiteEvalNetwork) -> None:
    cost, classes = seen._model.cost, len(seen._model.card.classes)
    coarse = 4 * COARSE_HIDDEN * (COARSE_DIM + COARSE_HIDDEN)
    gate, name = (COARSE_DIM + 2 * FINE_HIDDEN) * 2, FINE_HIDDEN * classes
    fine = 4 * FINE_HIDDEN * (FINE_DIM + FINE_HIDDEN)
    looks = SEGMENTS - 1
    macs = seen.analyze("liteeval").macs
    assert macs.decide == SEGMENTS * (cost.glimpse_rgb + cost.glimpse_audio + coarse + gate + name)
    assert (macs.rgb, macs.audio, macs.fusion) == (looks * cost.rgb, looks * cost.audio, looks * fine)
    assert cost.full(Runs(decider="liteeval", judge=1)).total == fine


def test_liteeval_answers_even_where_it_never_looks(
    seen: ClipSession, choosy: LiteEvalNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    with torch.no_grad():
        choosy.gate.bias.copy_(torch.tensor([1e3, -1e3]))
    analysis = seen.analyze("liteeval")
    assert chosen(analysis) == [(0, 0)] * SEGMENTS
    assert analysis.macs.rgb == analysis.macs.audio == analysis.macs.fusion == 0
    assert not any("chose nothing" in note for note in analysis.notes)
    assert analysis.label in analysis.classes
