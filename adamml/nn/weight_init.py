"""How a convolutional network starts before it is trained."""

from torch import nn


def start_for_relu(network: nn.Module) -> None:
    """Convolutions that keep the variance of gradients through ReLUs (He et al., ICCV 2015, Sec. 2.2)."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
