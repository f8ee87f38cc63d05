"""The shipped model answers the example clips rightly, and picks visibly different things as they go on."""

from pathlib import Path

import pytest

from adamml import Analysis, Recognizer
from adamml.training.model_card import written
from adamml.weights.checkpoint import CHECKPOINTS

ROOT = Path(__file__).parent.parent
ALL_EXAMPLES = sorted((ROOT / "assets" / "examples").glob("*.mp4"))
# The class that each example was filmed for, by the first word of its name.
CLASS_OF = {
    "blackbird": "bird",
    "cow": "cow",
    "drums": "drums",
    "guitar": "guitar",
    "lion": "lion",
    "rooster": "chicken",
    "sheep": "sheep",
}
EXAMPLES = [path for path in ALL_EXAMPLES if path.stem.split("_")[0] in CLASS_OF]  # the model knows no piano


@pytest.fixture(scope="module")
def shipped() -> Recognizer:
    return Recognizer.load("everyday-av")


@pytest.fixture(scope="module")
def answers(shipped: Recognizer) -> dict[str, Analysis]:
    return {path.stem: shipped.analyze(path) for path in EXAMPLES}


def test_there_are_small_examples() -> None:
    assert len(EXAMPLES) >= 4
    assert all(path.stat().st_size < 1.5e6 for path in ALL_EXAMPLES)
    credits = (ROOT / "assets" / "CREDITS.md").read_text()
    assert "GPL-2" in credits
    assert "GPL-3" in credits
    assert all(f"`{path.name}`" in credits for path in ALL_EXAMPLES)


def test_examples_are_answered_rightly(answers: dict[str, Analysis]) -> None:
    wrong = {name: a.label for name, a in answers.items() if a.label != CLASS_OF[name.split("_")[0]]}
    assert wrong == {}


def test_decisions_vary_and_save(answers: dict[str, Analysis]) -> None:
    for name, analysis in answers.items():
        rows = {tuple(segment.decisions.values()) for segment in analysis.segments}
        assert len(rows) >= 2, name
        assert analysis.saving("all") > 0.1, name


def test_the_model_fits_and_says_what_it_is(shipped: Recognizer) -> None:
    files = list((CHECKPOINTS / "everyday-av").iterdir())
    assert sum(file.stat().st_size for file in files) < 140e6
    assert {file.suffix for file in files} == {".json", ".safetensors", ".md"}
    card = shipped.card
    assert len(card.classes) == 17
    assert card.licence == "CC BY-NC 4.0"
    assert not card.untrained
    measured = card.facts["measured"]["stage1"]
    photos, recordings = measured["rgb"]["summary"]["photos"], measured["audio"]["summary"]["recording"]
    assert photos > 95
    assert recordings > 90
    text = (CHECKPOINTS / "everyday-av" / "README.md").read_text()
    assert f"{photos:.1f}" in text  # the card quotes what was measured
    assert f"{recordings:.1f}" in text


@pytest.mark.parametrize(
    ("document", "results"),
    [
        (CHECKPOINTS / "everyday-av" / "README.md", CHECKPOINTS / "results"),
        (CHECKPOINTS / "kinetics-400" / "README.md", CHECKPOINTS / "kinetics-400"),
        (ROOT / "RESULTS.md", CHECKPOINTS / "results"),
    ],
    ids=["everyday-av", "kinetics-400", "RESULTS"],
)
def test_cards_and_results_hold_what_the_evaluation_wrote(document: Path, results: Path) -> None:
    assert written(document, results) == document.read_text(), f"{document.name}: write its figures anew"


def test_every_row_of_the_table_runs(shipped: Recognizer) -> None:
    assert set(shipped.policies) >= {"rgb", "audio", "all", "adamml", "adamml-nocost", "cascade", "liteeval", "random"}
    with shipped.open(EXAMPLES[0], segments=3) as session:
        for name in shipped.policies:
            assert session.analyze(name).macs.total > 0
