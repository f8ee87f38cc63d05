"""Composed clips keep their contract, and what is promised per second is what the decoder finds in the file."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from adamml.cli import main
from adamml.datasets import composed_write
from adamml.datasets.composed import ClipPlan, ComposeError, SourceSplit, plan_clip
from adamml.datasets.composed_render import render_frames, render_sound
from adamml.datasets.composed_write import plan_numbered, write_clips
from adamml.datasets.manifest import read_manifest
from adamml.datasets.sources import Sources, read_sources
from adamml.files import OutputError
from adamml.media import Clip, settings_for

RATE = 24_000
SMALL = (64, 48)
CLASS_HZ, OTHER_HZ = 1000, 4000


def save_photo(path: Path, color: tuple[int, int, int], rng: np.random.Generator) -> None:
    """Mostly of one color; no two are near-copies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.clip(np.array(color) + rng.integers(-40, 41, (9, 12, 1)), 0, 255).astype(np.uint8)
    Image.fromarray(pixels).resize((85, 64), Image.Resampling.BILINEAR).save(path, quality=95)


def save_tone(path: Path, hertz: float, seconds: float = 1.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE), RATE)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Classes are red and hum; the rest is blue and whistles. Recordings of a class last one to three seconds."""
    data, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for label in ("cat", "dog"):
        for n in range(20):
            save_photo(data / f"everyday/{label}/images/{label}{n:02d}.jpg", (200, 40, 40), rng)
            save_tone(data / f"everyday/{label}/audio/{label}{n:02d}.ogg", CLASS_HZ, 1 + n % 3)
    for n in range(20):
        save_photo(data / f"other/images/background/bg{n:02d}.jpg", (40, 40, 200), rng)
        save_tone(data / f"other/audio/rain/rain{n:02d}.ogg", OTHER_HZ)
    return read_sources(data)


@pytest.fixture(scope="module")
def shelf(sources: Sources) -> SourceSplit:
    return SourceSplit.of(sources, "train")


@pytest.fixture(scope="module")
def plans(shelf: SourceSplit) -> list[ClipPlan]:
    return [plan_clip((7, index), shelf) for index in range(3000)]


def test_seconds_are_drawn_as_the_contract_says(plans: list[ClipPlan]) -> None:
    seconds = [second for plan in plans for second in plan.seconds]
    assert all(len(plan.cells) == 10 and set(plan.cells) != {"n"} for plan in plans)

    def shares(values: list[str]) -> dict[str, float]:
        return {value: number / len(values) for value, number in Counter(values).items()}

    def close(expected: dict[str, float]) -> dict:
        return {key: pytest.approx(value, abs=0.015) for key, value in expected.items()}

    assert shares([s.kind for s in seconds]) == close({"b": 1 / 6, "p": 1 / 3, "s": 1 / 3, "n": 1 / 6})
    assert shares([s.look for s in seconds if s.kind in "bp"]) == close({"clear": 0.5, "degraded": 0.5})
    backgrounds = {"background": 0.6, "blurred": 0.2, "black": 0.1, "flat": 0.1}
    assert shares([s.look for s in seconds if s.kind in "sn"]) == close(backgrounds)
    assert {s.sound for s in seconds if s.kind in "bs"} == {"class"}
    others = {"other": 0.5, "noise": 0.25, "silence": 0.25}
    assert shares([s.sound for s in seconds if s.kind in "pn"]) == close(others)
    zooms = [s.move.zoom for s in seconds if s.move is not None]
    assert 1.0 <= min(zooms) < 1.01
    assert 1.59 < max(zooms) <= 1.6


def test_a_clip_has_one_recording_and_up_to_three_photos(plans: list[ClipPlan], shelf: SourceSplit) -> None:
    assert Counter(len(plan.photos) for plan in plans) == {k: pytest.approx(1000, abs=100) for k in (1, 2, 3)}
    for plan in plans:
        assert len(set(plan.photos)) == len(plan.photos)
        assert set(plan.photos) <= set(shelf.photos[plan.label])
        assert {s.photo for s in plan.seconds if s.kind in "bp"} <= set(plan.photos)
        assert {s.photo for s in plan.seconds if s.kind in "sn"} <= {None, *shelf.backgrounds}
        assert plan.recording in shelf.sounds[plan.label]
        assert {s.recording for s in plan.seconds if s.sound == "other"} <= set(shelf.others)
    gains, ratios = [p.gain_db for p in plans], [p.snr_db for p in plans]
    assert (min(gains), max(gains)) == (pytest.approx(-20, abs=0.1), pytest.approx(0, abs=0.1))
    assert (min(ratios), max(ratios)) == (pytest.approx(5, abs=0.1), pytest.approx(30, abs=0.1))
    assert np.mean([p.disturbance is None for p in plans]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([p.label == "cat" for p in plans]) == pytest.approx(0.5, abs=0.05)


def test_the_sides_share_no_source(sources: Sources, shelf: SourceSplit) -> None:
    def everything(side: SourceSplit) -> set[Path]:
        return {p for paths in (*side.photos.values(), *side.sounds.values()) for p in paths} | {
            *side.backgrounds,
            *side.others,
        }

    test = SourceSplit.of(sources, "test")
    assert not everything(shelf) & everything(test)
    assert len(everything(shelf) | everything(test)) == len(sources.photos) + len(sources.sounds)


def test_the_same_seed_gives_the_same_bytes(shelf: SourceSplit) -> None:
    def digest(seed: int) -> tuple[str, str]:
        plan = plan_clip(seed, shelf)
        frames = hashlib.sha256(b"".join(frame.tobytes() for frame in render_frames(plan, SMALL)))
        return frames.hexdigest(), hashlib.sha256(render_sound(plan).tobytes()).hexdigest()

    first = digest(1)
    assert first == digest(1)
    assert not set(first) & set(digest(2))


def power_at(samples: np.ndarray, hertz: int) -> float:
    spectrum = np.square(np.abs(np.fft.rfft(samples * np.hanning(samples.size))))
    place = round(hertz * samples.size / RATE)
    return float(spectrum[place - 3 : place + 4].sum() / max(float(spectrum.sum()), 1e-12))


def test_a_file_holds_what_its_manifest_promises(sources: Sources, tmp_path: Path) -> None:
    write_clips(tmp_path, sources, "test", 2, seed=3, size=SMALL)
    entries = read_manifest(tmp_path / "manifest.csv").entries
    assert [e.path.name for e in entries] == ["00000.mp4", "00001.mp4"]
    assert {e.split for e in entries} == {"test"}
    assert {e.label for e in entries} == {"cat", "dog"}
    seen = set()
    for index, entry in enumerate(entries):
        plan = plan_numbered(3, index, SourceSplit.of(sources, "test"))
        assert entry.cells == plan.cells
        clip = Clip(entry.path, settings_for("local"), 10)
        assert clip.info.duration == pytest.approx(10.01, abs=0.06)
        assert (clip.info.width, clip.info.height) == SMALL
        samples = clip.samples()
        frames = clip.frames(clip.segments)
        for number, second in enumerate(plan.seconds):
            seen |= {second.look, second.sound}
            middle = samples[int((number + 0.2) * RATE) : int((number + 0.8) * RATE)]
            assert (power_at(middle, CLASS_HZ) > 0.5) == (second.kind in "bs")
            if second.sound == "other":
                assert power_at(middle, OTHER_HZ) > 0.5
            elif second.sound == "silence":
                assert np.abs(middle).max() < 1e-3
            # Segments of ten spread over ten seconds lie in their own second, bar their last frame or first one.
            red, _, blue = frames[number][3].astype(float).mean((0, 1))
            if second.kind in "bp":
                assert red > blue + 20
            elif second.look == "black":
                assert max(red, blue) < 20
            elif second.look != "flat":
                assert blue > red + 20
    assert {"clear", "degraded", "background", "class", "other"} <= seen


def test_a_stopped_run_goes_on_and_makes_the_same(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pictures are left out here: this is about which clips are made."""

    def few(plan: ClipPlan, size: tuple[int, int]) -> Iterator[np.ndarray]:
        yield from (frame for frame, _ in zip(render_frames(plan, size), range(3), strict=False))

    monkeypatch.setattr(composed_write, "render_frames", few)
    lines: list[str] = []

    def stop_at_two(line: str) -> None:
        lines.append(line)
        if len(lines) == 2:
            raise KeyboardInterrupt

    folder = tmp_path / "a"
    with pytest.raises(KeyboardInterrupt):
        write_clips(folder, sources, "train", 4, seed=0, size=SMALL, progress=stop_at_two)
    assert lines[1].startswith("2 of 4 clips")
    assert "left" in lines[1]
    assert not (folder / "manifest.csv").exists()
    (folder / "clips/00000.mp4").rename(tmp_path / "kept")
    written = write_clips(folder, sources, "train", 4, seed=0, size=SMALL)
    assert (written.made, written.kept) == (3, 1)
    assert (folder / "clips/00000.mp4").read_bytes() == (tmp_path / "kept").read_bytes()
    assert not list(folder.rglob("*.part"))
    with pytest.raises(ComposeError, match="another recipe \\(side, sources differ\\)"):
        write_clips(folder, sources, "test", 4, seed=0, size=SMALL)
    with pytest.raises(ComposeError, match="seed"):
        write_clips(folder, sources, "train", 4, seed=1, size=SMALL)
    (folder / "recipe.json").unlink()
    with pytest.raises(ComposeError, match="unknown making"):
        write_clips(folder, sources, "train", 4, seed=0, size=SMALL)


@pytest.mark.parametrize("name", ["manifest.csv", "recipe.json"])
@pytest.mark.parametrize("kind", ["photo", "sound", "clip"])
def test_no_list_replaces_what_clips_are_made_from(sources: Sources, tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / "clips").mkdir()
    clip = tmp_path / "clips" / "00000.mp4"
    clip.write_bytes(b"a clip")
    kept = {"photo": sources.photos[0].path, "sound": sources.sounds[0].path, "clip": clip}[kind]
    before = kept.read_bytes()
    (tmp_path / name).symlink_to(kept)
    with pytest.raises(OutputError, match="which is read"):
        write_clips(tmp_path, sources, "test", 1, seed=3, size=SMALL)
    assert kept.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["clips", name])


def test_what_is_lacking_is_said(sources: Sources, shelf: SourceSplit, tmp_path: Path) -> None:
    with pytest.raises(ComposeError, match="side must be"):
        SourceSplit.of(sources, "both")
    with pytest.raises(ComposeError, match="no class cow; there are cat, dog"):
        SourceSplit.of(sources, "train", ["cow"])
    silent = Sources(classes=sources.classes, photos=sources.photos, sounds=())
    with pytest.raises(ComposeError, match="'cat' has no sound on the train side"):
        SourceSplit.of(silent, "train")
    broken = tmp_path / "broken.ogg"
    broken.write_bytes(b"no sound")
    plan = plan_clip(0, SourceSplit(**(vars(shelf) | {"sounds": dict.fromkeys(shelf.classes, (broken,))})))
    with pytest.raises(ComposeError, match="broken"):
        render_sound(plan)


def test_commands_list_check_and_compose(sources: Sources, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = sources.photos[0].path.parents[3]
    arguments = ["compose", "--data", str(data), "--out", str(tmp_path / "c"), "--count", "1", "--side", "test"]
    assert main(arguments) == 0
    assert "1 clips made" in capsys.readouterr().out
    assert main(["manifest", "check", str(tmp_path / "c/manifest.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["clips"] == {"test": 1}
    made = tmp_path / "v/cat/one.mp4"
    made.parent.mkdir(parents=True)
    made.write_bytes((tmp_path / "c/clips/00000.mp4").read_bytes())
    (made.parent / "two.mp4").write_bytes(made.read_bytes())
    assert main(["manifest", "folder", str(tmp_path / "v"), "--out", str(tmp_path / "m.csv")]) == 0
    assert main(["manifest", "check", str(tmp_path / "m.csv")]) == 1
    assert "duplicate" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["manifest", "check", "none.csv"],
        ["manifest", "folder", "none", "--out", "m.csv"],
        ["prepare", "kinetics", "none.csv", "--clips", ".", "--out", "k"],
        ["compose", "--data", "none", "--out", "c", "--count", "1", "--side", "test"],
    ],
)
def test_bad_input_to_commands_is_one_line_and_status_2(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("adamml: ")
    assert captured.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
