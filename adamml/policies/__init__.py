"""Deciding what is run: one small file per way of deciding, all chosen by name."""

import re

from adamml.policies.base import Classifier, Decider, Decision, Policy
from adamml.policies.cascade import CascadePolicy
from adamml.policies.confident import ConfidentPolicy
from adamml.policies.fixed import EvenPolicy, FixedPolicy, RandomPolicy
from adamml.policies.learned import LearnedPolicy
from adamml.policies.liteeval import LiteEvalPolicy
from adamml.policies.manual import ManualPolicy

ADAMML = LearnedPolicy()
NO_COST = LearnedPolicy(
    name="adamml-nocost",
    description="AdaMML without the cost loss: free to use whatever helps the answer",
    network="adamml-nocost",
)
REGISTRY: dict[str, Policy] = {
    policy.name: policy
    for policy in (
        ADAMML,
        FixedPolicy(name="rgb", description="RGB only: looks at every segment, never listens", modalities=("rgb",)),
        FixedPolicy(
            name="audio", description="Audio only: listens to every segment, never looks", modalities=("audio",)
        ),
        FixedPolicy(
            name="all",
            description="Everything: looks and listens everywhere (weighted fusion)",
            modalities=("rgb", "audio"),
        ),
        CascadePolicy(),
        ConfidentPolicy(),
        LiteEvalPolicy(),
        NO_COST,
        RandomPolicy(),
    )
}
POLICIES: dict[str, str] = {name: policy.description for name, policy in REGISTRY.items()}


def get_policy(name: str) -> Policy:
    """A policy by name; `adamml@0.30` is AdaMML with a budget: a cell is used from a probability of 0.30 on.

    With `confident` the number is the certainty at which it stops: `confident@0.70`.
    `even-3` looks at three segments, evenly spread, whatever is in them.

    Raises:
        ValueError: for an unknown name, a budget outside 0 to 1, or one on a policy that takes none.
    """
    if (even := re.fullmatch(r"even-([1-9]\d{0,3})", name)) is not None:
        return EvenPolicy(looks=int(even[1]))
    base, at, budget = name.partition("@")
    policy = REGISTRY.get(base)
    if policy is None:
        raise ValueError(f"policy must be one of {', '.join(REGISTRY)} or even-1, even-2 and so on, got {name!r}")
    if not at:
        return policy
    if not isinstance(policy, LearnedPolicy | CascadePolicy | ConfidentPolicy):
        raise ValueError(f"{base!r} takes no budget; adamml, adamml-nocost, cascade and confident do")
    try:
        threshold = float(budget)
    except ValueError:
        raise ValueError(f"a budget is a probability such as {base}@0.30, got {name!r}") from None
    if not 0 <= threshold <= 1:
        raise ValueError(f"a budget lies between 0 and 1, got {name!r}")
    return policy.at(threshold)


__all__ = [
    "POLICIES",
    "REGISTRY",
    "CascadePolicy",
    "Classifier",
    "ConfidentPolicy",
    "Decider",
    "Decision",
    "EvenPolicy",
    "FixedPolicy",
    "LearnedPolicy",
    "LiteEvalPolicy",
    "ManualPolicy",
    "Policy",
    "RandomPolicy",
    "get_policy",
]
