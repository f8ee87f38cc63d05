"""Deciding what is run: one small file per way of deciding, all chosen by name."""

from adamml.policies.base import Decider, Decision, Policy
from adamml.policies.by_hand import ByHandPolicy
from adamml.policies.fixed import FixedPolicy, RandomPolicy
from adamml.policies.learned import LearnedPolicy

ADAMML: Policy = LearnedPolicy()
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
        RandomPolicy(),
    )
}
POLICIES: dict[str, str] = {name: policy.description for name, policy in REGISTRY.items()}


def get_policy(name: str) -> Policy:
    """A policy by name.

    Raises:
        ValueError: for an unknown name.
    """
    try:
        return REGISTRY[name]
    except KeyError:
        raise ValueError(f"policy must be one of {', '.join(REGISTRY)}, got {name!r}") from None


__all__ = [
    "POLICIES",
    "REGISTRY",
    "ByHandPolicy",
    "Decider",
    "Decision",
    "FixedPolicy",
    "LearnedPolicy",
    "Policy",
    "RandomPolicy",
    "get_policy",
]
