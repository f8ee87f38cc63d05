"""Labeled clips tell whether a model's class names are in the right order."""

import random
from pathlib import Path

import pytest

from adamml import ModelCard, Recognizer
from adamml.cli import main
from adamml.datasets.manifest import ClipEntry, ManifestError
from adamml.evaluation.class_order import ClassOrder, check_class_order
from adamml.nn import AdaMML
from adamml.weights.checkpoint import save_model
from adamml.weights.ibm_checkpoint import KINETICS_SOUNDS


def scored(order: dict[str, str], *, each: int = 4, right: float = 0.85) -> ClassOrder:
    """Clips of every class, answered by a model whose names stand in for others, and that is not always right."""
    rng = random.Random(0)
    answers = tuple(
        (label, order.get(label, label) if rng.random() < right else rng.choice(KINETICS_SOUNDS))
        for label in KINETICS_SOUNDS
        for _ in range(each)
    )
    return ClassOrder(classes=KINETICS_SOUNDS, answers=answers)


def test_right_names_are_confirmed() -> None:
    found = scored({})
    assert found.fits
    assert not found.misnamed
    assert found.by_luck < 1e-50
    assert "The names fit: this is far above chance." in str(found)
    assert "guessing is right in 3 %" in str(found)


def test_names_in_another_order_are_told_from_a_bad_model() -> None:
    shifted = dict(zip(KINETICS_SOUNDS, KINETICS_SOUNDS[1:] + KINETICS_SOUNDS[:1], strict=True))
    found = scored(shifted)
    assert not found.fits
    assert len(found.misnamed) > 20
    assert found.misnamed["tickling"] == "blowing nose"
    assert "The names look permuted" in str(found)
    guessing = scored({}, right=0)
    assert not guessing.misnamed
    assert "No better than chance, and without a pattern" in str(guessing)


def test_two_swapped_names_are_found_among_right_ones() -> None:
    found = scored({"bowling": "laughing", "laughing": "bowling"}, right=1)
    assert found.by_luck < 1e-50
    assert found.misnamed == {"bowling": "laughing", "laughing": "bowling"}
    assert not found.fits


def test_confusion_is_no_swap() -> None:
    found = scored({"tapping guitar": "playing guitar"}, right=1)
    assert found.mostly["tapping guitar"] == "playing guitar"
    assert found.fits


def test_few_clips_tell_nothing() -> None:
    few = ClassOrder(classes=KINETICS_SOUNDS, answers=(("bowling", "bowling"),))
    assert few.by_luck == pytest.approx(1 / 31)
    assert not few.fits
    assert "Too few clips to tell." in str(few)


def test_clips_are_scored_and_strangers_left_out(toy: Recognizer, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_text("no clip")
    answer = toy.analyze(clip, "all", 1).label
    entries = [
        ClipEntry(path=clip, label=f" {answer.upper()}", split="test"),
        ClipEntry(path=clip, label="zebra", split="test"),
        ClipEntry(path=tmp_path / "broken.mp4", label="dog", split="train"),
    ]
    said: list[str] = []
    found = check_class_order(toy, entries, segments=1, progress=said.append)
    assert found.answers == ((answer, answer),)
    assert len(said) == 1
    assert list(found.left_out) == [str(clip), str(tmp_path / "broken.mp4")]
    assert "the model knows no 'zebra'" in str(found)
    with pytest.raises(ManifestError, match=r"the model knows no 'zebra'\. The model's classes are: cat, dog"):
        check_class_order(toy, entries[1:2])


def test_the_command_takes_class_folders(
    clip: Path, tmp_path: Path, toy_network: AdaMML, toy_card: ModelCard, capsys: pytest.CaptureFixture[str]
) -> None:
    save_model(tmp_path / "toy", toy_network, toy_card)
    (tmp_path / "clips" / "cat").mkdir(parents=True)
    (tmp_path / "clips" / "cat" / "one.mp4").hardlink_to(clip)
    arguments = ["weights", "verify", str(tmp_path / "toy"), str(tmp_path / "clips"), "--segments", "1"]
    assert main(arguments) == 1
    assert capsys.readouterr().out.endswith("Too few clips to tell.\n")
    assert main([*arguments[:3], str(tmp_path / "none"), *arguments[4:]]) == 2
    assert capsys.readouterr().err.count("\n") == 1
