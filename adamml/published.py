"""The published model's weights: its names turned into ours (Panda et al., ICCV 2021; the RGB + sound model)."""

import re
from collections.abc import Mapping
from typing import Any

import torch

from adamml.checkpoint import CheckpointError, fill
from adamml.nn import AdaMML

# Published name -> ours, applied in order. The published policy backbones keep every convolution, norm and
# activation of a block in one flat list; torchvision nests convolution and norm, hence the number tables.
_FIRST_BLOCK = {"0": "0.0", "1": "0.1", "3": "1", "4": "2"}
_LATER_BLOCK = {"0": "0.0", "1": "0.1", "3": "1.0", "4": "1.1", "6": "2", "7": "3"}
_POLICY_NETS = {"0": "rgb", "1": "audio"}


def our_name(published: str) -> str:
    """Our state-dict name of a published one, with or without the `module.` of DataParallel."""
    name = published.removeprefix("module.")
    if name == "main_net.lf_weights":
        return "rgb_weight"
    if match := re.fullmatch(r"main_net\.nets\.([01])\.(.+)", name):
        return f"recognizers.{_POLICY_NETS[match[1]]}.net.{match[2]}"
    if match := re.fullmatch(r"policy_net\.joint_net\.nets\.([01])\.conv\.(.+)", name):
        return f"policy.{_POLICY_NETS[match[1]]}.features.18.{match[2]}"
    if match := re.fullmatch(r"policy_net\.joint_net\.nets\.([01])\.features\.(\d+)\.conv\.(\d)\.(.+)", name):
        net, block, part, rest = match.groups()
        table = _FIRST_BLOCK if block == "1" else _LATER_BLOCK
        return f"policy.{_POLICY_NETS[net]}.features.{block}.conv.{table.get(part, part)}.{rest}"
    if match := re.fullmatch(r"policy_net\.joint_net\.nets\.([01])\.(features\..+)", name):
        return f"policy.{_POLICY_NETS[match[1]]}.{match[2]}"
    if match := re.fullmatch(r"policy_net\.joint_net\.(joint\..+)", name):
        return f"policy.{match[1]}"
    if match := re.fullmatch(r"policy_net\.fcs\.(.+)", name):
        return f"policy.heads.{match[1]}"
    if match := re.fullmatch(r"policy_net\.(lstm\..+)", name):
        return f"policy.{match[1]}"
    raise CheckpointError(f"{published!r} is no tensor of the published RGB + sound model")


def load_published(checkpoint: Mapping[str, Any]) -> AdaMML:
    """The published model from its checkpoint, with the published fusion rule, in evaluation mode.

    Args:
        checkpoint: `{"state_dict": name -> tensor, "temperature": number, ...}` as the published files hold it
            (read those with `torch.load(..., weights_only=True)`). The temperature belongs to training; inference
            takes the arg max and does not need it.

    Raises:
        CheckpointError: when names or shapes are not those of the published RGB + sound model.
    """
    state_dict = checkpoint.get("state_dict")
    if not isinstance(state_dict, Mapping):
        raise CheckpointError("a published checkpoint holds a 'state_dict'; this one does not")
    state = {our_name(name): torch.as_tensor(value) for name, value in state_dict.items()}
    try:
        num_classes = state["recognizers.rgb.net.fc.bias"].shape[0]
    except KeyError as error:
        raise CheckpointError("the checkpoint has no RGB classifier (main_net.nets.0.fc.bias)") from error
    model = AdaMML(num_classes, fusion="published")
    fill(model, state, "published checkpoint")
    return model.eval()
