"""Deciding what is run: one small file per way of deciding, all chosen by name."""

from adamml.nn.policy_networks import Builder, register_policy_network
from adamml.policies.anytime import AnytimePolicy
from adamml.policies.base import Adjustable, Classifier, Decider, Decision, Policy
from adamml.policies.cascade import CascadePolicy
from adamml.policies.confident import ConfidentPolicy
from adamml.policies.fixed import EvenPolicy, FixedPolicy, RandomPolicy
from adamml.policies.learned import LearnedPolicy
from adamml.policies.liteeval import LiteEvalPolicy
from adamml.policies.manual import ManualPolicy
from adamml.results import policy_spec
from adamml.results.policy_spec import PolicySpec, split_name
from adamml.results.wording import listing

ADAMML = LearnedPolicy()
ANYTIME = AnytimePolicy()
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
        ANYTIME,
        CascadePolicy(),
        ConfidentPolicy(),
        LiteEvalPolicy(),
        NO_COST,
        RandomPolicy(),
    )
}
POLICIES: dict[str, str] = {name: policy.description for name, policy in REGISTRY.items()}


def register(policy: Policy, spec: PolicySpec, network: Builder | None = None) -> None:
    """Make a further policy known everywhere: how it decides, what it is called, and its network if one decides."""
    policy_spec.register(spec)
    if network is not None:
        register_policy_network(spec.name, network)
    REGISTRY[spec.name] = policy
    POLICIES[spec.name] = policy.description


def get_policy(name: str) -> Policy:
    """A policy by name; `adamml@0.30` is AdaMML with a threshold: a cell is used from a probability of 0.30 on.

    With `anytime` and `confident` the number is the certainty at which they stop: `anytime@0.70`.
    `even-3` and `anytime-3` look at three segments: evenly spread, whatever is in them, or where AdaMML expects most;
    `anytime-20%` at a fifth of them.

    Raises:
        ValueError: for an unknown name, a number outside 0 to 1, or one on a policy that takes none.
    """
    base, number = split_name(name)
    if number and "@" not in name:
        return EvenPolicy(looks=int(number)) if base == "even" else ANYTIME.within(number)
    policy = REGISTRY.get(base)
    if policy is None:
        raise ValueError(f"policy must be one of {', '.join(REGISTRY)} or even-1, even-2 and so on, got {name!r}")
    if "@" not in name:
        return policy
    if not isinstance(policy, Adjustable):
        able = [known for known, each in REGISTRY.items() if isinstance(each, Adjustable)]
        raise ValueError(f"{base!r} takes no threshold; {listing(able)} do")
    try:
        threshold = float(number)
    except ValueError:
        raise ValueError(f"a threshold is a probability such as {base}@0.30, got {name!r}") from None
    if not 0 <= threshold <= 1:
        raise ValueError(f"a threshold lies between 0 and 1, got {name!r}")
    return policy.at(threshold)


__all__ = [
    "POLICIES",
    "REGISTRY",
    "Adjustable",
    "AnytimePolicy",
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
    "register",
]
