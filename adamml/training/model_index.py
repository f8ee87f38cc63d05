"""Evaluation results in the head of a model's card, in the format that the Hugging Face Hub shows (`model-index`).

Written from what an evaluation left: a table of policies on composed clips, or the summary of a cross-validation. Both
become `huggingface_hub.EvalResult`, whose library knows the format. Accuracies are in percent; MACs are counted.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from huggingface_hub import EvalResult
from huggingface_hub.repocard_data import eval_results_to_model_index

from adamml.results.policy_spec import spec_of

POLICIES = ("adamml", "rgb", "all")  # what a card says in its head; all rows are in RESULTS.md
BLOCK = re.compile(r"(# figures: model-index\n).*?(# end\n)", re.DOTALL)
FRONT = re.compile(r"---\n(.*?\n)---\n", re.DOTALL)


def front_matter(text: str) -> dict[str, Any]:
    """The YAML at the head of a document.

    Raises:
        ValueError: when there is none, or it is no mapping.
    """
    found = FRONT.match(text)
    values = yaml.safe_load(found[1]) if found else None
    if not isinstance(values, dict):
        raise ValueError("the document does not begin with a front matter (between two lines of ---)")
    return values


def model_index(name: str, results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The value of `model-index` from a table.json or a results.json."""
    return eval_results_to_model_index(name, list(_of_table(results) if "rows" in results else _of_folds(results)))


def with_index(text: str, name: str, results: Mapping[str, Any]) -> str:
    """A card whose head holds these results, between `# figures: model-index` and `# end`."""
    written = yaml.safe_dump({"model-index": model_index(name, results)}, sort_keys=False, allow_unicode=True)
    return BLOCK.sub(lambda found: found[1] + written + found[2], text)


def _of_table(table: Mapping[str, Any]) -> Iterator[EvalResult]:
    """Composed clips: `adamml.evaluation.table`."""
    rows = {row["policy"]: row for row in table["rows"]}
    for policy in POLICIES:
        row = rows[policy]
        figures = {"accuracy": 100 * row["top1"]["value"], "top5": 100 * row["top5"]["value"]}
        yield from _figures(
            policy,
            figures | {"gmacs": row["macs"] / 1e9},
            dataset_type="composed-clips",
            dataset_name=f"{row['clips']} clips composed of kept-apart photographs and recordings",
            dataset_split="test",
        )


def _of_folds(results: Mapping[str, Any]) -> Iterator[EvalResult]:
    """Real clips: `adamml.training.kinetics400.summary`."""
    clips = results["clips"].partition(";")[0]
    for part in ("as they are", "damaged spans"):
        for policy in POLICIES:
            row = results[part][policy]
            yield from _figures(
                policy,
                {"accuracy": row["top1"], "top5": row["top5"], "gmacs": row["gmacs"]},
                dataset_type="AlexFierro9/Kinetics400",
                dataset_name=f"Kinetics-400: {clips}",
                dataset_config=part,
                dataset_split="validation",
            )


def _figures(policy: str, figures: Mapping[str, float], **dataset: str) -> Iterator[EvalResult]:
    spec = spec_of(policy)
    who = (spec.title or spec.label).replace("*", "")
    names = {
        "accuracy": "top-1 accuracy, %",
        "top5": "top-5 accuracy, %",
        "gmacs": "billion multiply-accumulates a clip",
    }
    for kind, value in figures.items():
        yield EvalResult(
            task_type="video-classification",
            metric_type="gmacs" if kind == "gmacs" else "accuracy",
            metric_name=f"{names[kind]} ({who})",
            metric_value=round(value, 1),
            **dataset,  # type: ignore[arg-type]
        )
