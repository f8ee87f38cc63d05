"""The answer so far follows from scores alone, whichever way modalities are joined and whatever the temperature."""

import sys

import numpy as np
import pytest
import torch

from adamml import Analysis, ClipFacts, Macs, SegmentResult, running
from adamml.nn.fusion import TAU, FusionRule, fuse

CLASSES = tuple(f"class {i}" for i in range(40))
WEIGHT, TEMPERATURE = torch.tensor(0.3), 1.7
USED = ((1, 1), (0, 1), (0, 0), (1, 0), (1, 1))


def scores(logits_K: torch.Tensor) -> dict[str, float]:
    return dict(zip(CLASSES, torch.softmax(logits_K.double(), 0).tolist(), strict=False))


def analysis(rgb_SK: torch.Tensor, audio_SK: torch.Tensor, used_SM: torch.Tensor, rule: FusionRule) -> Analysis:
    classes = CLASSES[: rgb_SK.shape[1]]
    segment_BSK, clip_BK = fuse(rgb_SK[None], audio_SK[None], used_SM[None], WEIGHT, rule)
    segments = []
    for i, (rgb, audio) in enumerate(used_SM.bool().tolist()):
        on = {"rgb": rgb, "audio": audio}
        fused = scores(segment_BSK[0, i]) if rgb or audio else None
        segments.append(
            SegmentResult(
                index=i,
                start=i,
                end=i + 1,
                available={"rgb": True, "audio": True},
                decisions=on,
                probabilities={"rgb": None, "audio": None},
                modality_scores={
                    "rgb": scores(rgb_SK[i]) if rgb else None,
                    "audio": scores(audio_SK[i]) if audio else None,
                },
                scores=fused,
                label=None if fused is None else max(fused, key=fused.__getitem__),
            )
        )
    whole = scores(clip_BK[0] / TEMPERATURE)
    return Analysis(
        model="m",
        version="0",
        policy="adamml",
        fusion=rule,
        weights={},
        clip=ClipFacts(name="a", duration=len(segments), has_video=True, has_audio=True),
        classes=classes,
        segments=tuple(segments),
        label=max(whole, key=whole.__getitem__),
        scores=whole,
        examined=1.0,
        macs=Macs(rgb=1),
        macs_published=Macs(rgb=1),
    )


@pytest.mark.parametrize("rule", ["renormalised", "per_modality", "published"])
@pytest.mark.parametrize("classes", [2, 3, len(CLASSES)])
def test_each_moment_is_what_fusion_says_of_the_segments_until_then(rule: FusionRule, classes: int) -> None:
    rng = torch.Generator().manual_seed(0)
    rgb_SK, audio_SK = (3 * torch.randn(len(USED), classes, generator=rng) for _ in range(2))
    used_SM = torch.tensor(USED, dtype=torch.float32)
    moments = running(analysis(rgb_SK, audio_SK, used_SM, rule))
    for n, moment in enumerate(moments, start=1):
        until = analysis(rgb_SK[:n], audio_SK[:n], used_SM[:n], rule)
        assert moment.label == until.label
        assert moment.scores == pytest.approx(dict(until.scores), abs=2e-4)


def test_nothing_is_said_before_anything_was_run() -> None:
    rgb_SK = torch.from_numpy(np.eye(3, len(CLASSES), dtype=np.float32))
    used_SM = torch.tensor([[0, 0], [1, 0], [1, 0]], dtype=torch.float32)
    first, second, _ = running(analysis(rgb_SK, rgb_SK, used_SM, "per_modality"))
    assert first.scores is None
    assert second.label == CLASSES[1]


def test_the_picture_is_softened_as_fusion_softens_it() -> None:
    assert sys.modules[running.__module__].TAU == TAU
