"""Counted multiply-accumulates are exact, and are those of what ran."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from adamml.nn import AdaMML
from adamml.nn.cost import CostModel, Runs

GOLDEN = {
    "rgb": 14_135_984_128,
    "audio": 381_739_008,
    "glimpse_rgb": 375_446_400,
    "glimpse_audio": 381_739_008,
    "lstm": 2_363_392,
    "lstm_feedback": 4_096,
    "joint": 9_437_184,
}


@pytest.fixture(scope="module")
def cost(published_network: AdaMML) -> CostModel:
    return CostModel.of(published_network)


def test_golden_counts(cost: CostModel, published_network: AdaMML) -> None:
    k = published_network.num_classes
    assert cost.rgb - cost.rgb_classifier == GOLDEN["rgb"]
    assert cost.audio - cost.audio_classifier == GOLDEN["audio"]
    assert (cost.rgb_classifier, cost.audio_classifier) == (2048 * k, 1280 * k)
    for part in ("glimpse_rgb", "glimpse_audio", "lstm", "lstm_feedback", "joint"):
        assert getattr(cost, part) == GOLDEN[part]


def test_counts_agree_with_torch(cost: CostModel, published_network: AdaMML) -> None:
    """PyTorch's own counter, which counts two operations per multiply-accumulate."""

    def flops(module: torch.nn.Module, *shape: int) -> int:
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            module(torch.zeros(shape))
        return counter.get_total_flops()

    recognizers, policy = published_network.recognizers, published_network.policy
    assert flops(recognizers["rgb"], 1, 8, 3, 224, 224) == 2 * cost.rgb
    assert flops(recognizers["audio"], 1, 256, 256) == 2 * cost.audio
    assert flops(policy.rgb, 1, 4, 3, 160, 160) == 2 * cost.glimpse_rgb
    assert flops(policy.joint, 1, 2560) == 2 * cost.joint
    assert flops(policy.lstm, 1, 2052) == 2 * cost.lstm


def test_published_convention_for_ten_segments(cost: CostModel) -> None:
    everything = Runs(rgb=10, audio=10, glimpse_rgb=10, glimpse_audio=10, decide=10, fuse=10)
    assert round(cost.published(Runs(rgb=10)).total / 1e9, 2) == 141.36
    assert round(cost.published(Runs(audio=10)).total / 1e9, 2) == 3.82
    assert round(cost.published(Runs(rgb=10, audio=10)).total / 1e9, 2) == 145.18
    assert round(cost.published(everything).total / 1e9, 2) == 152.77


def test_adamml_saves_against_rgb_only_from_eight_percent_skipped(cost: CostModel) -> None:
    """Looking first costs something: with little skipped, the saving is negative."""

    def adaptive(rgb_runs: int) -> int:
        return cost.full(Runs(rgb=rgb_runs, audio=100, glimpse_rgb=100, glimpse_audio=100, decide=100)).total

    alone = cost.full(Runs(rgb=100)).total
    assert adaptive(93) > alone > adaptive(91)


def test_counting_leaves_the_network_as_it_was(published_network: AdaMML) -> None:
    before = published_network.rgb_weight.device
    CostModel.of(published_network)
    assert published_network.rgb_weight.device == before
    assert not any(module._forward_hooks for module in published_network.modules())
