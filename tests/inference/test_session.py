"""A session: what is skipped is not run, results equal run-everything-and-mask, and the same call says the same."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from adamml import Analysis, ClipError, Decided, Finished, Probed, Recognizer, Scored
from adamml.engine import normalize
from adamml.inference.feature_view import FeatureView
from adamml.media import Clip, log_spectrogram, settings_for
from adamml.nn import MODALITIES, fuse
from adamml.policies import Decision, RandomPolicy
from tests.clips import tone, write_clip
from tests.toy_app import hearing_recognizer


class Chosen:
    """A policy that plays back given decisions: (S, M) of 0 and 1."""

    name, description = "chosen", "as told"

    def __init__(self, cells: Sequence[Sequence[int]]) -> None:
        self.cells = cells

    def begin(self, evidence: FeatureView) -> "Chosen":
        return self

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        for s in segments:
            use = {m: bool(self.cells[s][i]) for i, m in enumerate(MODALITIES)}
            yield Decision(segment=s, use=use, probability=dict.fromkeys(MODALITIES, 0.25 + 0.1 * s))


@contextmanager
def counted_calls(recognizer: Recognizer) -> Iterator[Counter]:
    """Runs of every network while the block runs, told by a hook on each."""
    engine, calls = recognizer.ready.engine, Counter()
    parts = {
        "rgb": engine.backend.parts["features_rgb"],
        "audio": engine.backend.parts["features_audio"],
        "glimpse_rgb": engine.backend.parts["glimpse_rgb"],
        "glimpse_audio": engine.backend.parts["glimpse_audio"],
        "joint": engine.network.policy.joint,
    }

    def count(name: str):
        return lambda *_: calls.update([name])

    hooks = [part.register_forward_hook(count(name)) for name, part in parts.items()]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def test_only_chosen_cells_run(toy: Recognizer, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[list[int]] = []
    decode = Clip.stream
    monkeypatch.setattr(Clip, "stream", lambda self, s: fetched.append([x.index for x in s]) or decode(self, s))
    cells = [[1, 0], [0, 1], [0, 0], [1, 1]]
    with counted_calls(toy) as calls:
        analysis = toy.analyze(clip, Chosen(cells), segments=4)
    assert calls == {"rgb": 2, "audio": 2}
    assert [segments for segments in fetched if segments] == [[0, 3]]  # frames of skipped segments are never fetched
    assert [[int(s.decisions[m]) for m in MODALITIES] for s in analysis.segments] == cells
    assert analysis.segments[2].scores is None
    assert analysis.segments[2].label is None
    assert analysis.macs.rgb == 2 * toy.ready.cost.rgb
    assert analysis.macs.decide == 0
    assert analysis.macs.total == 2 * toy.ready.cost.rgb + 2 * toy.ready.cost.audio + 3 * toy.ready.cost.fuse


def test_audio_only_never_decodes_a_frame(toy: Recognizer, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_: Clip, segments: list) -> Iterator[tuple[int, np.ndarray]]:
        assert not segments, "a frame was asked for"
        return iter(())

    monkeypatch.setattr(Clip, "stream", forbidden)
    assert toy.analyze(clip, "audio", segments=2).macs.rgb == 0


def test_rgb_only_never_decodes_sound(toy: Recognizer, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("sound was asked for")

    monkeypatch.setattr("adamml.media.clip.decode_track", forbidden)
    assert toy.analyze(clip, "rgb", segments=2).macs.audio == 0


def test_equals_running_everything_and_masking(toy: Recognizer, clip: Path) -> None:
    analysis = toy.analyze(clip, RandomPolicy(seed=4), segments=4)
    network = toy.ready.engine.network
    opened = Clip(clip, settings_for("local"), 4)
    pixels = opened.frames(opened.segments)
    frames = torch.stack([normalize(torch.from_numpy(pixels[s.index])) for s in opened.segments])
    sound = torch.stack([log_spectrogram(opened.window(s)) for s in opened.segments])
    with torch.inference_mode():
        rgb, audio = network.recognizers["rgb"](frames)[None], network.recognizers["audio"](sound)[None]
    mask = torch.tensor([[[float(s.decisions[m]) for m in MODALITIES] for s in analysis.segments]])
    _, clip_logits = fuse(rgb, audio, mask, network.rgb_weight, "renormalised")
    expected = clip_logits[0].double().softmax(0).numpy()
    np.testing.assert_allclose([analysis.scores[name] for name in toy.card.classes], expected, atol=1e-5)


def test_learned_policy_equals_the_reference_forward(toy: Recognizer, clip: Path) -> None:
    """Segment by segment and skipping, as by the whole model at once."""
    analysis = toy.analyze(clip, "adamml", segments=3)
    opened = Clip(clip, settings_for("local"), 3)
    pixels = opened.frames(opened.segments)
    frames = torch.stack([normalize(torch.from_numpy(pixels[s.index])) for s in opened.segments])[None]
    sound = torch.stack([log_spectrogram(opened.window(s)) for s in opened.segments])[None]
    with torch.inference_mode():
        out = toy.ready.engine.network(frames, sound)
    probability = out.policy_logits.softmax(-1)[0, ..., 1]
    for s in analysis.segments:
        for i, m in enumerate(MODALITIES):
            assert s.probabilities[m] == pytest.approx(float(probability[s.index, i]), abs=1e-5)
    assert analysis.macs.decide == toy.ready.cost.full(_all_glances(3)).decide


def _all_glances(count: int):
    from adamml.nn.cost import Runs

    return Runs(glimpse_rgb=count, glimpse_audio=count, decide=count)


def test_same_call_gives_the_same_bytes_and_memory_changes_nothing(toy: Recognizer, clip: Path) -> None:
    def text(analysis: Analysis) -> str:
        return json.dumps({k: v for k, v in analysis.to_dict().items() if k != "seconds"})

    first = text(toy.analyze(clip, "adamml", segments=3))
    for _ in range(3):
        assert text(toy.analyze(clip, "adamml", segments=3)) == first
    alone = text(toy.analyze(clip, "all", segments=3))
    with toy.open(clip, segments=3) as session:
        session.analyze("adamml")
        session.analyze("rgb")
        assert text(session.analyze("all")) == alone


def test_a_second_policy_reuses_what_was_computed(toy: Recognizer, clip: Path) -> None:
    with toy.open(clip, segments=3) as session:
        session.analyze("all")
        with counted_calls(toy) as calls:
            reused = session.analyze("rgb")
    assert calls == {}
    assert reused.macs.rgb == 3 * toy.ready.cost.rgb  # charged all the same
    assert reused.seconds.rgb > 0


def test_what_one_policy_learned_does_not_change_what_another_says(toy: Recognizer, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "mute.mp4", seconds=2.0, sound=np.zeros((1, 48_000), np.float32))
    alone = toy.analyze(path, "rgb", segments=2).to_dict()
    with toy.open(path, segments=2) as session:
        session.analyze("all")  # finds out that the sound track is silent
        after = session.analyze("rgb").to_dict()
    alone.pop("seconds")
    after.pop("seconds")
    assert after == alone


def test_frames_of_remembered_results_are_not_fetched_again(
    toy: Recognizer, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adamml.inference.session.CHUNK", 2)  # frames are forgotten after each stretch
    with toy.open(clip, segments=4) as session:
        session.analyze("rgb")
        fetched: list[int] = []
        decode = Clip.frames
        monkeypatch.setattr(Clip, "frames", lambda self, s: fetched.extend(x.index for x in s) or decode(self, s))
        session.analyze("all")
    assert fetched == []


def test_events_tell_the_story_and_progress_never_falls(toy: Recognizer, clip: Path) -> None:
    with toy.open(clip, segments=4) as session:
        events = list(session.run(Chosen([[1, 1], [0, 1], [0, 0], [1, 0]])))
    assert isinstance(events[0], Probed)
    assert isinstance(events[-1], Finished)
    assert [e.segment for e in events if isinstance(e, Decided)] == [0, 1, 2, 3]
    scored = [(e.segment, e.modality) for e in events if isinstance(e, Scored)]
    assert scored == [(0, "rgb"), (0, "audio"), (1, "audio"), (3, "rgb")]
    progress = [event.progress for event in events]
    assert progress == sorted(progress)
    assert progress[-1] == 1


def test_stopping_midway_runs_nothing_further(toy: Recognizer, clip: Path) -> None:
    with toy.open(clip, segments=4) as session, counted_calls(toy) as calls:
        for event in session.run("all"):
            if isinstance(event, Scored):
                break
    assert calls == {"rgb": 1}


def test_nothing_chosen_runs_the_most_probable_cell_and_says_so(toy: Recognizer, clip: Path) -> None:
    analysis = toy.analyze(clip, Chosen([[0, 0]] * 3), segments=3)
    assert [any(s.decisions.values()) for s in analysis.segments] == [False, False, True]
    assert any("chose nothing" in note for note in analysis.notes)
    assert analysis.macs.total > 0


def test_missing_sound_is_never_chosen(toy: Recognizer, tmp_path: Path) -> None:
    silent = write_clip(tmp_path / "no_sound.mp4", seconds=2.0)
    analysis = toy.analyze(silent, "adamml", segments=2)
    for s in analysis.segments:
        assert not s.available["audio"]
        assert not s.decisions["audio"]
        assert s.probabilities["audio"] is None
    assert any("no sound" in note for note in analysis.notes)


def test_a_track_of_digital_silence_counts_as_missing(toy: Recognizer, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "mute.mp4", seconds=2.0, sound=np.zeros((1, 48_000), np.float32))
    analysis = toy.analyze(path, "all", segments=2)
    assert not any(s.decisions["audio"] for s in analysis.segments)
    assert any("silent" in note for note in analysis.notes)


def test_sound_file_gets_an_answer_but_not_from_rgb(toy: Recognizer, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "tone.mp3", picture=None, sound=tone(3.0), audio_codec="mp3")
    analysis = toy.analyze(path, "adamml", segments=2)
    assert any(s.decisions["audio"] for s in analysis.segments)
    assert not any(s.decisions["rgb"] for s in analysis.segments)
    assert "rgb" not in analysis.alternatives
    with pytest.raises(ClipError, match="no usable picture"):
        toy.analyze(path, "rgb", segments=2)


def test_long_clips_are_worked_through_in_stretches(
    toy: Recognizer, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small stretches give the same answer as one large stretch, and keep few frames."""
    whole = toy.analyze(clip, "rgb", segments=6)
    monkeypatch.setattr("adamml.inference.session.CHUNK", 2)
    with toy.open(clip, segments=6) as session:
        pieces = session.analyze("rgb")
        assert not any(key[0] == "frames" for key in session._memory._values)
    assert pieces.scores == whole.scores
    assert [s.scores for s in pieces.segments] == [s.scores for s in whole.segments]


@pytest.mark.parametrize("segments", [0, -1, 61])
def test_too_few_or_too_many_segments_are_refused(toy: Recognizer, clip: Path, segments: int) -> None:
    with pytest.raises(ClipError, match="segments"):
        toy.open(clip, segments=segments, profile="public")


def test_unknown_names_are_refused(toy: Recognizer, clip: Path) -> None:
    with pytest.raises(ValueError, match="policy must be one of"):
        toy.analyze(clip, "clairvoyant")
    with pytest.raises(ValueError, match="profile must be one of"):
        toy.open(clip, profile="secret")


def test_a_clip_of_one_segments_length_is_run_once_and_saves_nothing_by_copies(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "short.mp4", seconds=1.2, sound=tone(1.2))
    analysis = hearing_recognizer().analyze(path, "rgb")
    assert [s.decisions["rgb"] for s in analysis.segments] == [True]
    assert analysis.alternatives["rgb"].total == analysis.macs.total
    assert "This clip is too short for 10 segments that differ, so it was cut into 1." in analysis.notes
