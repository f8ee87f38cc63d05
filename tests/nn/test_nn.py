"""Gumbel-Softmax, fusion and pooling behave as the paper describes, and as the docstrings promise."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from adamml.nn import fuse, gumbel_softmax_decisions
from adamml.nn.gumbel import argmax_decisions, temperature_at
from adamml.nn.policy import PolicyNetwork
from adamml.nn.pooling import pool_apart, temporal_max_pool


def test_sampled_decisions_are_hard_seeded_and_follow_the_logits() -> None:
    logits = torch.tensor([0.0, 1.0]).expand(20_000, 2)
    first = gumbel_softmax_decisions(logits, 5.0, torch.Generator().manual_seed(1))
    assert set(first.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(first, gumbel_softmax_decisions(logits, 5.0, torch.Generator().manual_seed(1)))
    assert not torch.equal(first, gumbel_softmax_decisions(logits, 5.0, torch.Generator().manual_seed(2)))
    assert float(first.mean()) == pytest.approx(float(logits[0].softmax(0)[1]), abs=0.02)


def test_gradient_reaches_the_policy_through_hard_decisions() -> None:
    logits = torch.zeros(64, 2, requires_grad=True)
    gumbel_softmax_decisions(logits, 1.0, torch.Generator().manual_seed(0)).sum().backward()
    assert logits.grad is not None
    assert (logits.grad[:, 1] > 0).all()
    assert torch.allclose(logits.grad[:, 0], -logits.grad[:, 1])


def test_inference_has_no_noise() -> None:
    logits = torch.randn(100, 2)
    assert torch.equal(argmax_decisions(logits), argmax_decisions(logits))
    assert torch.equal(argmax_decisions(logits), (logits[:, 1] > logits[:, 0]).float())


def test_temperature_schedule() -> None:
    assert temperature_at(0) == 5.0
    assert temperature_at(10) == pytest.approx(5 * 0.965**10)
    with pytest.raises(ValueError, match="epoch"):
        temperature_at(-1)
    with pytest.raises(ValueError, match="temperature"):
        gumbel_softmax_decisions(torch.zeros(1, 2), 0.0)


@given(st.integers(1, 11))
def test_temporal_pooling_equals_the_pooling_operator(frames: int) -> None:
    x = torch.randn(2, frames, 3, 4, 5)
    lines = x.permute(0, 2, 3, 4, 1).reshape(-1, 1, frames)
    expected = F.max_pool1d(lines, 3, 2, 1).reshape(2, 3, 4, 5, -1).permute(0, 4, 1, 2, 3)
    assert torch.equal(temporal_max_pool(x), expected)
    assert torch.equal(torch.stack(pool_apart(x.unbind(1)), 1), expected)


W = torch.tensor([0.7])


def test_published_fusion_keeps_its_weights_and_counts_empty_segments_as_zero() -> None:
    rgb, audio = torch.tensor([[[4.0, 0.0]] * 2]), torch.tensor([[[0.0, 2.0]] * 2])
    decisions = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    segments, clip = fuse(rgb, audio, decisions, W, "published")
    assert torch.allclose(segments[0], torch.tensor([[2.8, 0.0], [0.0, 0.0]]))
    assert torch.allclose(clip[0], torch.tensor([1.4, 0.0]))


def test_renormalised_fusion_is_undiluted_by_what_was_skipped() -> None:
    rgb, audio = torch.tensor([[[4.0, 0.0]] * 2]), torch.tensor([[[0.0, 2.0]] * 2])
    segments, clip = fuse(rgb, audio, torch.tensor([[[1.0, 0.0], [0.0, 0.0]]]), W)
    assert torch.allclose(segments[0, 0], torch.tensor([4.0, 0.0]))
    assert torch.allclose(clip[0], torch.tensor([4.0, 0.0]))
    both, _ = fuse(rgb, audio, torch.ones(1, 2, 2), W)
    assert torch.allclose(both[0, 0], torch.tensor([2.8, 0.6]))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**20 - 1))
def test_renormalised_clip_score_ignores_what_was_not_run(bits: int) -> None:
    """Garbage in skipped cells never reaches the answer."""
    cells = torch.tensor([bits >> i & 1 for i in range(20)], dtype=torch.float32).reshape(1, 10, 2)
    rgb, audio = torch.randn(1, 10, 3), torch.randn(1, 10, 3)
    spoiled_rgb = torch.where(cells[..., :1] > 0, rgb, torch.full_like(rgb, 1e3))
    spoiled_audio = torch.where(cells[..., 1:] > 0, audio, torch.full_like(audio, -1e3))
    clean, spoiled = fuse(rgb, audio, cells, W)[1], fuse(spoiled_rgb, spoiled_audio, cells, W)[1]
    assert torch.allclose(clean, spoiled, atol=1e-5)
    assert torch.isfinite(clean).all()


def test_unknown_fusion_is_refused() -> None:
    with pytest.raises(ValueError, match="fusion must be one of"):
        fuse(torch.zeros(1, 1, 2), torch.zeros(1, 1, 2), torch.zeros(1, 1, 2), W, "magic")  # type: ignore[arg-type]


def test_policy_remembers_its_last_logits() -> None:
    """The same glimpse twice gives another decision the second time: state and fed-back logits differ."""
    torch.manual_seed(0)
    policy = PolicyNetwork().eval()
    glimpse = torch.randn(1, 1, 1280)
    with torch.inference_mode():
        logits = policy.from_features(glimpse.expand(1, 2, -1), glimpse.expand(1, 2, -1))
        forgotten = policy.from_features(glimpse, glimpse)
    assert torch.allclose(logits[:, 0], forgotten[:, 0], atol=1e-6)
    assert not torch.allclose(logits[:, 1], forgotten[:, 0], atol=1e-4)
