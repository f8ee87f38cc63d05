"""The running answer: the same as fusing everything so far at once, at every cell and in any order."""

import copy
import dataclasses
import random
from pathlib import Path

import pytest
import torch

from adamml import Recognizer
from adamml.inference.events import Scored
from adamml.inference.running_scores import RunningScores
from adamml.inference.session import ClipSession
from adamml.media import Clip, settings_for
from adamml.nn import MODALITIES, fuse
from adamml.nn.fusion import FUSION_RULES, FusionRule
from tests.clips import tone, write_clip
from tests.conftest import CLASSES
from tests.toy_app import toy_recognizer


@pytest.mark.parametrize("rule", FUSION_RULES)
def test_equals_fusing_all_at_once(toy: Recognizer, rule: FusionRule) -> None:
    heat = 1.7
    card = dataclasses.replace(toy.card, temperatures={"adamml": heat})
    model = dataclasses.replace(toy.ready, fusion=rule, card=card)
    running, logits = (
        RunningScores(model, 5, "adamml"),
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


def test_evidence_that_stands_alone_is_as_sure_as_the_policy_that_uses_nothing_else(tmp_path: Path) -> None:
    """A clip that was only heard, whoever chose so: the result, the answer on the way, and whether it is named."""
    small = toy_recognizer()
    kind = small.ready.engine.network.kind
    heard = dataclasses.replace(kind, audio=dataclasses.replace(kind.audio, evidence=True))
    rules = {name: {"score": "max_softmax", "threshold": line} for name, line in (("adamml", 0.0), ("audio", 0.9))}
    card = dataclasses.replace(small.card, temperatures={"adamml": 0.01, "audio": 5.0}, unknown=rules)
    network = copy.copy(small.ready.engine.network)
    network.kind = heard
    engine = copy.copy(small.ready.engine)
    engine.network = network
    model = dataclasses.replace(small.ready, card=card, engine=engine)
    clip = write_clip(tmp_path / "sound.mp4", seconds=2.0, picture=None, sound=tone(2.0))
    session = ClipSession(model, Clip(clip, settings_for("local"), 2))
    *_, finished = session.run("all")
    alone = session.analyze("audio")
    assert finished.analysis.scores == pytest.approx(alone.scores)  # type: ignore[union-attr]
    assert not finished.analysis.known  # type: ignore[union-attr]
    scored = [event for event in session.run("all") if isinstance(event, Scored)]
    assert scored[-1].clip_scores == pytest.approx(alone.scores)
