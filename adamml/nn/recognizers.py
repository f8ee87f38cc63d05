"""The two recognizers: what is in this segment, by its picture or by its sound (Sec. 3.1 and 4.1).

RGB: ResNet-50 over 8 frames with temporal max pooling after stages 1, 2 and 3, (B, 8, 3, 224, 224) -> (B, K).
Audio: MobileNetV2 over a log spectrogram, (B, 256, 256) -> (B, K).
Both have torchvision's names; the temporal pooling and the one-channel input are the paper's.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from adamml.nn.mobilenet_v2 import MobileNetV2
from adamml.nn.pooling import pool_apart, pool_frames
from adamml.nn.resnet import ResNet
from adamml.nn.segment_recognizer import SegmentRecognizer


class RGBRecognizer(SegmentRecognizer):
    """ResNet-50 with temporal max pooling.

    Args:
        num_classes: K, at least 1.
    """

    feature_dim = 2048

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.net = ResNet(num_classes)

    @property
    def classifier(self) -> nn.Module:
        """The layer that names classes."""
        return self.net.fc

    def trunk(self, frames_BTCHW: Tensor) -> Tensor:
        """Stem and stages 1 to 3: (B, T, 3, H, W) -> (B * T', 1024, H / 16, W / 16), T' = 1 for T = 8."""
        b, t = frames_BTCHW.shape[:2]
        x = self.stem(frames_BTCHW.flatten(0, 1))  # B * T, 64, H / 4, W / 4
        for stage in self.pooled_stages():
            x, t = pool_frames(stage(x), t)
        assert x.shape[0] == b * t
        return x

    def stem(self, frames_NCHW: Tensor) -> Tensor:
        """What comes before stage 1: (N, 3, H, W) -> (N, 64, H / 4, W / 4)."""
        net = self.net
        return net.maxpool(net.relu(net.bn1(net.conv1(frames_NCHW))))

    def pooled_stages(self) -> tuple[nn.Module, ...]:
        """Stages 1 to 3, after each of which frames become fewer."""
        return self.net.layer1, self.net.layer2, self.net.layer3

    def features_apart(self, frames: Sequence[Tensor]) -> Tensor:
        """T frames (1, 3, H, W) of one segment -> (1, 2048), the same numbers as `features`.

        Every frame goes its own way, so that what a layer works on stays in the caches, and pooling rearranges
        nothing: on one core 1.06 times as fast. Whole batches are for training and for GPUs.
        """
        maps = [self.stem(frame) for frame in frames]
        for stage in self.pooled_stages():
            maps = pool_apart([stage(x) for x in maps])
        return torch.stack([self.net.avgpool(self.net.layer4(x)).flatten(1) for x in maps]).mean(0)

    def maps(self, frames_BTCHW: Tensor) -> Tensor:
        """(B, T, 3, H, W) -> the last feature maps (B, 2048, T', H / 32, W / 32), whose mean the features are."""
        maps_NCHW = self.net.layer4(self.trunk(frames_BTCHW))
        return maps_NCHW.unflatten(0, (frames_BTCHW.shape[0], -1)).transpose(1, 2)

    def features(self, frames_BTCHW: Tensor) -> Tensor:
        """(B, T, 3, H, W) ImageNet-normalized frames -> (B, 2048), averaged over the frames that are left."""
        x = self.net.avgpool(self.net.layer4(self.trunk(frames_BTCHW))).flatten(1)
        return x.reshape(frames_BTCHW.shape[0], -1, self.feature_dim).mean(1)

    def classify(self, features_BD: Tensor) -> Tensor:
        """(B, 2048) -> logits (B, K). Linear, so averaging frames before it equals averaging after."""
        return self.net.fc(features_BD)


class AudioRecognizer(SegmentRecognizer):
    """MobileNetV2 with one input channel.

    Args:
        num_classes: K, at least 1.
    """

    feature_dim = 1280

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.net = MobileNetV2(num_classes)
        self.net.features[0][0] = nn.Conv2d(1, 32, 3, stride=2, padding=1, bias=False)

    @property
    def classifier(self) -> nn.Module:
        """The layer that names classes."""
        return self.net.classifier[1]

    def maps(self, sound_BFT: Tensor) -> Tensor:
        """(B, 256, 256) -> the last feature maps (B, 1280, 8, 8), whose mean the features are."""
        return self.net.features(sound_BFT[:, None])

    def features(self, sound_BFT: Tensor) -> Tensor:
        """(B, 256, 256) log spectrograms, frequency by time -> (B, 1280)."""
        return self.net.features(sound_BFT[:, None]).mean((2, 3))

    def classify(self, features_BD: Tensor) -> Tensor:
        """(B, 1280) -> logits (B, K)."""
        return self.net.classifier(features_BD)


def initialize_one_channel(conv: nn.Conv2d, weight_from_rgb: Tensor) -> None:
    """Start a one-channel first layer from an RGB one (32, 3, 3, 3), averaged over its colors."""
    with torch.no_grad():
        conv.weight.copy_(weight_from_rgb.mean(1, keepdim=True))
