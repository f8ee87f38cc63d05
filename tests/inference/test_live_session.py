"""A live session decides as the policy would on the same segments in a row, within bounds, and counts it all."""

import gc
import weakref
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch

from adamml import ClipError, Recognizer
from adamml.engine import normalize
from adamml.inference.feature_cache import FeatureCache
from adamml.media import Clip, log_spectrogram, settings_for
from adamml.nn import MODALITIES, fuse
from adamml.nn.cost import Runs
from tests.clips import moving_picture, tone, write_clip
from tests.toy_app import SOUNDS, hearing_recognizer, toy_recognizer

COUNT = 5


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Short clips that differ in picture and sound; the last one has no sound."""
    folder = tmp_path_factory.mktemp("pieces")

    def shifted(number: int):
        return lambda index, width, height: np.roll(moving_picture(index + 29 * number, width, height), 40 * number)

    return [
        write_clip(
            folder / f"{n}.mp4",
            seconds=1.4,
            picture=shifted(n),
            sound=tone(1.4, hertz=200.0 * 2**n) if n < COUNT - 1 else None,
        )
        for n in range(COUNT)
    ]


@pytest.fixture(scope="module")
def small() -> Recognizer:
    return toy_recognizer()


def test_decisions_are_the_policys_on_the_same_segments_in_a_row(small: Recognizer, pieces: list[Path]) -> None:
    """Piece by piece and skipping, as by the whole model at once; so the LSTM goes on, and sees nothing to come."""
    heard = pieces[: COUNT - 1]
    frames, sound = [], []
    for path in heard:
        with closing(Clip(path, settings_for("local"), 1)) as clip:
            (segment,) = clip.segments
            frames.append(normalize(torch.from_numpy(clip.frames([segment])[0])))
            sound.append(log_spectrogram(clip.window(segment)))
    with torch.inference_mode():
        out = small.ready.engine.network(torch.stack(frames)[None], torch.stack(sound)[None])
    session = small.live()
    steps = [session.push(path) for path in heard]
    for n, step in enumerate(steps):
        newest = step.segments[-1]
        expected = out.policy_logits[0, n].softmax(-1)[:, 1].tolist()
        assert [newest.probabilities[m] for m in MODALITIES] == pytest.approx(expected, abs=1e-5)
        assert [newest.decisions[m] for m in MODALITIES] == [p > 0.5 for p in expected]
    first = [small.live().push(path).segments[-1].probabilities["rgb"] for path in heard[1:]]
    assert first != pytest.approx([step.segments[-1].probabilities["rgb"] for step in steps[1:]], abs=1e-5)


def test_the_answer_is_what_the_window_says_together(small: Recognizer, pieces: list[Path]) -> None:
    session, alone = small.live("all", window=3), []
    for n in range(6):
        path = pieces[n % COUNT]
        step = session.push(path)
        with small.open(path, segments=1) as opened:
            alone.append(opened.analyze("all"))
        window = [analysis.segments[0] for analysis in alone[-3:]]
        assert [s.decisions for s in step.segments] == [s.decisions for s in window]
        logits = {
            m: torch.tensor([[list((s.modality_scores[m] or s.scores).values()) for s in window]]).log()
            for m in MODALITIES
        }
        used = torch.tensor([[[float(s.decisions[m]) for m in MODALITIES] for s in window]])
        _, clip_BK = fuse(logits["rgb"], logits["audio"], used, small.ready.rgb_weight, "renormalised")
        expected = clip_BK[0].softmax(-1).tolist()
        assert list(step.scores.values()) == pytest.approx(expected, abs=1e-4)
        assert step.scores[step.label] == max(step.scores.values())


def test_the_window_is_bounded_and_pieces_are_numbered_on(small: Recognizer, pieces: list[Path]) -> None:
    session = small.live("rgb", window=2)
    for n in range(4):
        step = session.push(pieces[0], start=10.0 * n)
        assert step.answered == n + 1
        assert [(s.index, s.start) for s in step.segments] == [(k, 10.0 * k) for k in range(max(0, n - 1), n + 1)]
    after = session.push(pieces[0])  # where nothing is said, right after the one before
    assert after.segments[-1].start == step.segments[-1].end == pytest.approx(31.4, abs=0.1)


def test_what_ran_is_counted_from_the_beginning(small: Recognizer, pieces: list[Path]) -> None:
    rows = [pieces[n % (COUNT - 1)] for n in range(8)]
    trial = small.live()
    wanted = sorted(trial.push(path).segments[-1].probabilities["rgb"] for path in rows)
    session, cost = small.live(f"adamml@{sum(wanted[3:5]) / 2!r}", window=2), small.ready.cost
    looked = listened = either = 0
    for n, path in enumerate(rows):
        step = session.push(path)
        use = step.segments[-1].decisions
        looked, listened, either = looked + use["rgb"], listened + use["audio"], either + any(use.values())
        glances = Runs(glimpse_rgb=n + 1, glimpse_audio=n + 1, decide=n + 1)
        assert step.macs.decide == cost.full(glances).decide
        assert (step.macs.rgb, step.macs.audio) == (looked * cost.rgb, listened * cost.audio)
        assert step.macs.fusion == either * cost.fuse
        assert step.looking == (n + 1) * (cost.rgb + cost.fuse)
        assert step.saving == 1 - step.macs.total / step.looking
    assert looked == 4


def test_nothing_of_a_piece_is_kept(small: Recognizer, pieces: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[weakref.ref] = []
    for kind in (Clip, FeatureCache):
        begin = kind.__init__

        def noted(self, *given, _begin=begin, **named) -> None:
            made.append(weakref.ref(self))
            _begin(self, *given, **named)

        monkeypatch.setattr(kind, "__init__", noted)
    session = small.live(window=10)
    for path in pieces:
        session.push(path)
    gc.collect()
    assert len(made) == 2 * COUNT
    assert [each() for each in made if each() is not None] == []


def test_a_piece_that_cannot_be_read_is_passed_over(small: Recognizer, pieces: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.webm"
    broken.write_bytes(b"no film")
    session, other = small.live(), small.live()
    session.push(pieces[0])
    other.push(pieces[0])
    with pytest.raises(ClipError):
        session.push(broken)
    step, expected = session.push(pieces[1]), other.push(pieces[1])
    assert step.answered == 2
    assert step.segments[-1].probabilities == expected.segments[-1].probabilities
    assert step.macs == expected.macs


def test_nothing_chosen_is_no_answer(small: Recognizer, pieces: list[Path]) -> None:
    step = small.live("adamml@1.00").push(pieces[0])
    assert (step.scores, step.label) == (None, None)
    assert not any(step.segments[-1].decisions.values())
    assert step.saving is not None
    assert step.macs.rgb == step.macs.audio == 0 < step.macs.decide


def test_what_is_missing_is_never_chosen(small: Recognizer, pieces: list[Path]) -> None:
    segment = small.live("all").push(pieces[COUNT - 1]).segments[-1]
    assert segment.available == {"rgb": True, "audio": False} == segment.decisions


def test_sounds_are_named_over_the_window(pieces: list[Path]) -> None:
    hearing = hearing_recognizer()
    session = hearing.live(window=2)
    steps = [session.push(path) for path in pieces[:3]]
    assert set(steps[-1].heard) <= set(SOUNDS)
    assert steps[-1].heard
    alone = [hearing.live().push(path).heard for path in pieces[1:3]]
    both = set(alone[0]) & set(alone[1]) & set(steps[-1].heard)
    assert both
    for name in both:
        assert steps[-1].heard[name] == pytest.approx((alone[0][name] + alone[1][name]) / 2, abs=1e-3)


@pytest.mark.parametrize("policy", ["anytime", "cascade", "liteeval", "confident", "even-3"])
def test_a_policy_that_has_to_know_the_whole_clip_is_refused(small: Recognizer, policy: str) -> None:
    with pytest.raises(ValueError, match="has to know the whole clip"):
        small.live(policy)


def test_a_window_has_a_segment(small: Recognizer) -> None:
    with pytest.raises(ValueError, match="at least one segment"):
        small.live(window=0)
