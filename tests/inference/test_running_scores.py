"""The running answer: the same as fusing everything so far at once, at every cell and in any order."""

import dataclasses
import random

import pytest
import torch

from adamml import Recognizer
from adamml.inference.running_scores import RunningScores
from adamml.nn import MODALITIES, fuse
from adamml.nn.fusion import FUSION_RULES, FusionRule
from tests.conftest import CLASSES


@pytest.mark.parametrize("rule", FUSION_RULES)
def test_equals_fusing_all_at_once(toy: Recognizer, rule: FusionRule) -> None:
    model = dataclasses.replace(toy.ready, fusion=rule)
    heat = 1.7
    running, logits = (
        RunningScores(model, 5, heat),
        3 * torch.randn(5, 2, len(CLASSES), generator=torch.Generator().manual_seed(0)),
    )
    cells = [(s, m) for s in range(5) for m in range(2)]
    random.Random(3).shuffle(cells)
    used = torch.zeros(5, 2)
    for s, m in cells[:8]:
        used[s, m] = 1
        event = running.scored(s, MODALITIES[m], logits[s, m], 0.5)
        on = used.any(1)
        segments, clip = fuse(logits[None, on, 0], logits[None, on, 1], used[None, on], model.rgb_weight, rule)
        place = int(on[:s].sum())
        assert list(event.clip_scores.values()) == pytest.approx((clip[0] / heat).softmax(0).tolist(), abs=1e-6)
        assert list(event.segment_scores.values()) == pytest.approx(segments[0, place].softmax(0).tolist(), abs=1e-6)
        assert event.message.startswith("Looked" if m == 0 else "Listened")
