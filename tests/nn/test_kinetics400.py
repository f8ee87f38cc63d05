"""The networks, the table and the shipped model of `kinetics-400`: published outputs, counted costs, what is heard."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from adamml import Recognizer, Scored
from adamml.inputs import I3D_INPUT, PUBLISHED_INPUT
from adamml.media.front_ends import log_mel
from adamml.media.sampling import plan_segments
from adamml.nn import ARCHITECTURES, AdaMML, fuse
from adamml.nn.cost import CostModel
from adamml.nn.i3d import I3DRecognizer
from adamml.nn.sounds_to_actions import SoundsToActions
from adamml.nn.tagger import NUM_SOUNDS
from adamml.policies import EvenPolicy, get_policy
from adamml.training.cached_feature_recipe import begin_with
from adamml.training.kinetics400.initial import TABLE, Names, read_table
from adamml.training.kinetics400.recipe import AS_THEY_ARE, DAMAGED, OTHERS
from adamml.training.kinetics400.summary import to_markdown
from adamml.training.loop import TrainingError
from adamml.weights.checkpoint import CHECKPOINTS, load_model, read_card
from tests.clips import tone, write_clip

REFERENCE = Path(__file__).parents[1] / "reference"
KIND = ARCHITECTURES["i3d-tagger"]
G = 1e9


@pytest.fixture(scope="module")
def shipped() -> Recognizer:
    return Recognizer.load("kinetics-400", backend="torch")


def test_i3d_says_what_the_published_network_says(shipped: Recognizer) -> None:
    frames = np.random.default_rng(400).uniform(-1, 1, (1, 3, 32, 160, 160)).astype(np.float32)
    net = shipped.ready.engine.network.recognizers["rgb"]
    with np.load(REFERENCE / "i3d.npz") as wanted, torch.inference_mode():
        features = net.features(torch.from_numpy(frames).transpose(1, 2))
        np.testing.assert_allclose(features[0], wanted["noise_features"].reshape(-1), atol=1e-4)
        np.testing.assert_allclose(net.classify(features)[0], wanted["noise_logits"].reshape(-1), atol=1e-4)


def test_the_front_end_of_the_tagger_is_the_published_one() -> None:
    n = np.arange(I3D_INPUT.sound.samples) / I3D_INPUT.sound.sample_rate
    chirp = 0.5 * np.sin(2 * np.pi * (300 + 600 * n) * n)
    with np.load(REFERENCE / "log_mel.npz") as wanted:
        np.testing.assert_allclose(log_mel(chirp)[::8, ::8], wanted["chirp"], atol=1e-4)
    silence = log_mel(np.zeros(I3D_INPUT.sound.samples, np.float32))
    assert tuple(silence.shape) == I3D_INPUT.sound.shape
    assert torch.allclose(silence, torch.full_like(silence, I3D_INPUT.sound.silence), atol=1e-6)


def test_costs_are_those_of_the_networks_and_of_torchs_own_counter() -> None:
    cost = CostModel.of(AdaMML(400, KIND))
    assert cost.rgb / G == pytest.approx(40.83, abs=0.01)
    assert cost.audio / G == pytest.approx(0.0147, abs=0.0001)
    assert cost.glimpse_audio == 0  # the policy hears through the tagger
    with torch.device("meta"):
        net, frames = I3DRecognizer(400).eval(), torch.empty(1, 32, 3, 192, 192)
        small = torch.empty(1, 32, 3, 160, 160)
    for given, wanted in ((frames, 40.83), (small, 28.35)):
        with FlopCounterMode(display=False) as counter:
            net(given)
        assert counter.get_total_flops() / 2 / G == pytest.approx(wanted, abs=0.05)
        if given is frames:
            assert cost.rgb == counter.get_total_flops() // 2


def test_segments_lie_to_the_second_and_a_single_one_in_the_middle() -> None:
    first, last = plan_segments(10.0, 2, I3D_INPUT)
    assert (first.start, last.end) == (0.0, 10.0)
    assert len(first.frame_times) == 32
    assert last.frame_times[-1] == pytest.approx(10 - 0.04)
    assert first.sound_center == pytest.approx(0.64)
    (alone,) = plan_segments(10.0, 1, I3D_INPUT)
    assert alone.start == pytest.approx((10 - 1.28) / 2)
    short = plan_segments(0.5, 1, I3D_INPUT)[0]
    assert max(short.frame_times) < 0.5  # wraps around
    assert plan_segments(10.0, 1)[0].start == 0.0  # as published
    assert PUBLISHED_INPUT.picture.frames == 8


def test_a_clip_too_short_for_so_many_segments_has_as_many_as_differ() -> None:
    def distinct(seconds: float) -> int:
        return len({s.start for s in plan_segments(seconds, 10, I3D_INPUT, distinct=True)})

    assert [distinct(seconds) for seconds in (0.5, 1.28, 1.3, 1.33, 1.4, 2.0)] == [1, 1, 1, 2, 4, 10]
    assert len(plan_segments(1.4, 10, I3D_INPUT, distinct=True)) == 4
    assert len(plan_segments(1.4, 10, I3D_INPUT)) == 10  # where every clip has to have as many
    assert len(plan_segments(0.5, 10, distinct=True)) == 10  # as published


def test_evidence_is_that_of_the_most_telling_sound_and_never_negative() -> None:
    head = SoundsToActions(3)
    head.fill([(0, 0, 1.0), (1, 0, 0.5), (1, 2, 1.0)])
    head.background_N.fill_(0.1)
    head.floor.fill_(0.0)
    loud = torch.full((1, NUM_SOUNDS), -20.0)
    loud[0, 1] = torch.logit(torch.tensor(0.8))
    evidence = head(torch.zeros(1, 384), loud)[0]
    expected = float(np.log(0.8 / 0.1))
    torch.testing.assert_close(evidence, torch.tensor([0.5 * expected, 0.0, expected]))
    assert head(torch.zeros(2, 5, 384), loud.expand(2, 5, -1)).shape == (2, 5, 3)
    with pytest.raises(ValueError, match="no pair"):
        head.fill([(0, 3, 1.0)])


def test_the_table_is_written_in_the_models_own_words(tmp_path: Path) -> None:
    card = read_card(CHECKPOINTS / "kinetics-400")
    names = Names(actions=card.classes, sounds=card.sounds)
    table = read_table(names)
    assert len(table) > 700
    assert len({action for _, action, _ in table}) > 380
    wrong = tmp_path / "table.csv"
    wrong.write_text(TABLE.read_text(encoding="utf-8") + "Bark,walking the cat,0.5\n", encoding="utf-8")
    with pytest.raises(TrainingError, match="walking the cat"):
        read_table(names, wrong)


def test_skipping_does_not_dilute_what_was_seen_or_heard() -> None:
    generator = torch.Generator().manual_seed(0)
    rgb, audio = torch.randn(1, 4, 5, generator=generator), torch.randn(1, 4, 5, generator=generator)
    weight, used = torch.tensor([0.9]), torch.tensor([[[1.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]])
    clip = fuse(rgb, audio, used, weight, "per_modality")[1]
    one_look = rgb[:, 0].log_softmax(-1)
    tau_wanted = 3.0 * (rgb[:, 0] / 3.0).softmax(-1).log()
    wanted = (0.9 * tau_wanted + 0.1 * audio.mean(1)).softmax(-1)
    torch.testing.assert_close(clip.softmax(-1), wanted)
    alone = fuse(rgb, audio, used * torch.tensor([1.0, 0.0]), weight, "per_modality")[1]
    torch.testing.assert_close(alone.softmax(-1), one_look.softmax(-1))


def test_even_looks_are_evenly_spread() -> None:
    assert get_policy("even-3") == EvenPolicy(looks=3)
    with pytest.raises(ValueError, match="even-1"):
        get_policy("even-0")


def test_the_model_looks_where_it_is_told_and_says_what_it_heard(shipped: Recognizer, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=3.0, sound=tone(3.0))
    with shipped.open(clip, segments=3) as session:
        *events, finished = session.run("even-1")
        seen = finished.analysis
        evidence = session._memory["audio", 0]
    # By ear alone it is no surer than that is worth, on the way and in the end.
    alone = (evidence.double() / shipped.card.temperature("audio")).softmax(-1)
    assert shipped.card.temperature("audio") > 3
    told = [e.segment_scores for e in events if isinstance(e, Scored) and e.segment == 0]
    for scores in (seen.segments[0].scores, seen.segments[0].modality_scores["audio"], *told):
        assert list(scores.values()) == pytest.approx(alone.tolist(), abs=1e-6)
    assert [s.decisions["rgb"] for s in seen.segments] == [False, True, False]
    assert all(s.decisions["audio"] for s in seen.segments)
    assert seen.heard
    assert set(seen.heard) <= set(shipped.card.sounds)
    assert seen.macs.rgb == shipped.ready.cost.rgb
    assert seen.macs.audio == 3 * shipped.ready.cost.audio
    assert "heard" in seen.to_csv().splitlines()[0]


def test_ones_own_classes_keep_the_backbones_and_bring_classifiers(shipped: Recognizer) -> None:
    network = begin_with("kinetics-400", 2)
    assert network.kind.name == "i3d-tagger-linear"
    assert network.recognizers["rgb"].head.out_features == 2
    old = load_model("kinetics-400").network.recognizers["audio"].net.state_dict()
    assert all(torch.equal(value, old[name]) for name, value in network.recognizers["audio"].net.state_dict().items())


def test_published_weights_are_loaded_from_the_old_place_too() -> None:
    from adamml.weights import ibm_checkpoint

    with pytest.deprecated_call():
        from adamml.checkpoint import load_published

    assert load_published is ibm_checkpoint.load_published


def test_results_show_the_figures_that_are_kept() -> None:
    figures = json.loads((CHECKPOINTS / "kinetics-400" / "results.json").read_text())
    document = (CHECKPOINTS.parent / "RESULTS.md").read_text()
    for part in (AS_THEY_ARE, DAMAGED, OTHERS):
        assert to_markdown(figures[part]) in document
