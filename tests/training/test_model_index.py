"""The head of a card: results as the hub shows them, read back by the hub's own library."""

import json

import pytest
from huggingface_hub import ModelCard

from adamml.training.model_index import POLICIES, front_matter, model_index, with_index
from adamml.weights.checkpoint import CHECKPOINTS

CARDS = ("everyday-av", "kinetics-400")


@pytest.mark.parametrize("name", CARDS)
def test_the_hubs_library_reads_the_card(name: str) -> None:
    card = ModelCard.load(CHECKPOINTS / name / "README.md", ignore_metadata_errors=False)
    data = card.data
    assert (data.pipeline_tag, data.library_name, data.model_name) == ("video-classification", "adamml-studio", name)
    assert data.license
    assert data.datasets
    assert data.metrics == ["accuracy"]
    assert {result.metric_type for result in data.eval_results} == {"accuracy", "gmacs"}


def test_values_are_those_of_the_files() -> None:
    card = ModelCard.load(CHECKPOINTS / "kinetics-400" / "README.md")
    results = json.loads((CHECKPOINTS / "kinetics-400" / "results.json").read_text())
    for part in ("as they are", "damaged spans"):
        said = [r.metric_value for r in card.data.eval_results if r.dataset_config == part]
        rows = [results[part][policy] for policy in POLICIES]
        assert said == [row[key] for row in rows for key in ("top1", "top5", "gmacs")]
    table = json.loads((CHECKPOINTS / "results" / "table.json").read_text())
    row = next(row for row in table["rows"] if row["policy"] == "adamml")
    first = model_index("everyday-av", table)[0]["results"][0]
    assert first["metrics"][0]["value"] == round(100 * row["top1"]["value"], 1)
    assert str(row["clips"]) in first["dataset"]["name"]


@pytest.mark.parametrize("name", CARDS)
def test_a_card_needs_nothing_outside_its_folder(name: str) -> None:
    text = (CHECKPOINTS / name / "README.md").read_text()
    assert "](.." not in text
    assert "](results" not in text


def test_writing_changes_nothing_else_and_can_be_repeated() -> None:
    results = json.loads((CHECKPOINTS / "kinetics-400" / "results.json").read_text())
    text = "---\nlicense: mit\n# figures: model-index\n# end\n---\n# figures\n"
    once = with_index(text, "x", results)
    assert once.startswith("---\nlicense: mit\n")
    assert once.endswith("# end\n---\n# figures\n")
    assert with_index(once, "x", results) == once
    assert front_matter(once)["model-index"][0]["name"] == "x"


@pytest.mark.parametrize("text", ["# x\n", "---\n- a\n---\n", "---\nno end\n"])
def test_a_document_without_a_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="front matter"):
        front_matter(text)
