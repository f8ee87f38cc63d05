"""Our ResNet-50, MobileNetV2 and blur are torchvision's: weights that others trained fit, and say the same."""

import torch
from torchvision.models import mobilenet_v2, resnet50
from torchvision.transforms.functional import gaussian_blur as their_blur

from adamml.nn import AudioRecognizer, RGBRecognizer
from adamml.nn.mobilenet_v2 import MobileNetV2
from adamml.nn.resnet import ResNet
from adamml.training.kinetics400.clips import BLUR_KERNEL, BLUR_SIGMA, gaussian_blur


def test_resnet_50_has_the_same_names_weights_and_answers() -> None:
    torch.manual_seed(0)
    theirs = resnet50(num_classes=7).eval()
    torch.manual_seed(0)
    ours = ResNet(7).eval()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert all(torch.equal(value, theirs.state_dict()[name]) for name, value in ours.state_dict().items())
    recognizer = RGBRecognizer(7)
    recognizer.net = ours
    picture = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():  # of one frame, nothing is pooled over time
        assert torch.allclose(recognizer(picture[:, None]), theirs(picture), atol=1e-5)


def test_mobilenet_v2_has_the_same_names_weights_and_answers() -> None:
    torch.manual_seed(0)
    theirs = mobilenet_v2(num_classes=7).eval()
    torch.manual_seed(0)
    ours = MobileNetV2(7).eval()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert all(torch.equal(value, theirs.state_dict()[name]) for name, value in ours.state_dict().items())
    picture = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.allclose(ours.classifier(ours.features(picture).mean((2, 3))), theirs(picture), atol=1e-5)
    assert list(AudioRecognizer(7).net.state_dict()) == list(theirs.state_dict())


def test_a_blurred_frame_is_blurred_as_torchvision_does() -> None:
    frames = 255 * torch.rand(2, 3, 96, 80)
    assert torch.allclose(gaussian_blur(frames), their_blur(frames, BLUR_KERNEL, BLUR_SIGMA), atol=1e-2)
