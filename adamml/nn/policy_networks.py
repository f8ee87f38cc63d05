"""The trained networks that decide, by name; each has a small file of its own beside the shared recognizers.

`adamml` is the policy that belongs to the model. Other learned policies of its kind (`adamml-...`) share its
glimpses and bring joint layers, LSTM and heads of their own. All others are made by a builder of their own kind.
"""

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from adamml.nn.cascade import CascadeNetwork
from adamml.nn.liteeval import LiteEvalNetwork
from adamml.nn.model import AdaMML
from adamml.nn.policy import PolicyNetwork

Builder = Callable[[AdaMML], nn.Module]
_GLIMPSES = ("rgb.", "audio.")


def _liteeval(network: AdaMML) -> LiteEvalNetwork:
    kinds = network.kind.modalities
    coarse, fine = sum(spec.glimpse_dim for spec in kinds), sum(spec.feature_dim for spec in kinds)
    return LiteEvalNetwork(network.num_classes if network.kind.liteeval_names_classes else 0, coarse, fine)


_BUILDERS: dict[str, Builder] = {
    "adamml": lambda network: network.policy,
    "cascade": lambda network: CascadeNetwork(network.kind.audio.feature_dim),
    "liteeval": _liteeval,
}


def register_policy_network(name: str, builder: Builder) -> None:
    """Make a further kind of network known under a policy's name."""
    _BUILDERS[name] = builder


def new_policy_network(name: str, network: AdaMML) -> nn.Module:
    """The network behind a name, with initial weights; "adamml" is the model's own.

    Raises:
        ValueError: for an unknown name.
    """
    if name.startswith("adamml-"):
        return _of_own_kind(network)
    if name not in _BUILDERS:
        raise ValueError(f"no network decides under the name {name!r}; known are {', '.join(_BUILDERS)}")
    return _BUILDERS[name](network)


def _of_own_kind(network: AdaMML) -> PolicyNetwork:
    policy = PolicyNetwork(network.kind)
    for spec in network.kind.modalities:
        if spec.glimpse is not None:
            policy.add_module(spec.name, network.policy.get_submodule(spec.name))
    return policy


def own_state(name: str, decider: nn.Module) -> Mapping[str, Tensor]:
    """What belongs into a decider's own file: shared glimpses are left out."""
    state = decider.state_dict()
    if name.startswith("adamml-"):
        return {key: value for key, value in state.items() if not key.startswith(_GLIMPSES)}
    return state
