"""ResNet-50 in parts (He et al., CVPR 2016), with the names that torchvision's weights have.

The stride of a block is in its 3 x 3 convolution, as in torchvision ("ResNet v1.5"). Written out here because importing
torchvision takes as long as importing PyTorch: it brings the compiler, which nothing here uses.
"""

from collections.abc import Callable

from torch import Tensor, nn

from adamml.nn.weight_init import start_for_relu


class Bottleneck(nn.Module):
    """Narrow, convolve, widen fourfold; the shortcut is projected where the shape changes.

    Args:
        inputs: channels that come in.
        width: channels in between; 4 * width come out.
    """

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = self.expansion * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = projection(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + shortcut)


def projection(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    """What brings a block's input to the shape of its output, where the two differ."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class ResNet(nn.Module):
    """Stem, four stages and a classifier; `adamml.nn.recognizers` runs them, with pooling over time in between.

    Args:
        num_classes: K, at least 1.
        blocks: how many each stage has.
        block: what they are: input channels, width, stride -> module, `expansion` times as wide as its width.
    """

    def __init__(
        self,
        num_classes: int,
        blocks: tuple[int, int, int, int] = (3, 4, 6, 3),
        block: Callable[[int, int, int], nn.Module] = Bottleneck,
        expansion: int = Bottleneck.expansion,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        channels, stages = 64, []
        for width, count in zip((64, 128, 256, 512), blocks, strict=True):
            stage = []
            for index in range(count):
                stage.append(block(channels, width, 2 if width > 64 and index == 0 else 1))
                channels = expansion * width
            stages.append(nn.Sequential(*stage))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        start_for_relu(self)
