"""How sure logits are of any class: higher for known things, by each of the three scores."""

import numpy as np
import pytest

from adamml.nn.confidence import UNKNOWN_SCORES, confidence, softmax

SURE, UNSURE = np.array([8.0, 0.0, 0.0]), np.array([0.3, 0.2, 0.1])


@pytest.mark.parametrize("score", UNKNOWN_SCORES)
def test_sure_logits_score_higher(score: str) -> None:
    both = confidence(np.stack((SURE, UNSURE)), score)  # type: ignore[arg-type]
    assert both.shape == (2,)
    assert both[0] > both[1]
    assert confidence(SURE, score) == pytest.approx(both[0])  # type: ignore[arg-type]


def test_scores_are_what_their_names_say() -> None:
    assert confidence(SURE, "max_softmax") == pytest.approx(np.exp(8) / (np.exp(8) + 2))
    assert confidence(SURE, "max_softmax", 2.0) == pytest.approx(np.exp(4) / (np.exp(4) + 2))
    assert confidence(SURE, "max_logit", 2.0) == 8
    assert confidence(SURE, "negative_energy") == pytest.approx(np.log(np.exp(8) + 2))
    with pytest.raises(ValueError, match="score must be one of max_softmax"):
        confidence(SURE, "gut_feeling")  # type: ignore[arg-type]


def test_huge_logits_stay_finite() -> None:
    assert softmax(np.array([1e4, 0.0])).tolist() == [1, 0]
    assert np.isfinite(confidence(np.array([1e4, -1e4]), "negative_energy"))
