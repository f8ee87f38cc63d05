"""The recognizers' own stages: they start as promised, draw the same rows whoever draws them, and train."""

import copy
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import mobilenet_v2

from adamml.datasets.sounds import SoundMaker
from adamml.datasets.sources import OTHER, Source
from adamml.nn import AdaMML, AudioRecognizer
from adamml.training.loop import run
from adamml.training.stage_audio import AudioJob, AudioStage, start_from_imagenet
from adamml.training.stage_rgb import RGBJob, RGBStage, Tail, TrunkBank, features_of, probe
from tests.clips import tone


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> SoundMaker:
    """Two classes and something else, a short tone each."""
    folder, sources = tmp_path_factory.mktemp("sounds"), []
    for label, hertz in ((0, 300.0), (1, 2000.0), (OTHER, 90.0)):
        path = folder / f"{label}.wav"
        soundfile.write(path, tone(2.0, hertz=hertz)[0], 24_000)
        sources.append(Source(path=path, label=label, group=str(label), test=False))
    return SoundMaker(tuple(sources), test=False)


class Watching(nn.Module):
    """Keeps what it is shown and answers with zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(2))

    def forward(self, x: Tensor) -> Tensor:
        self.seen = x
        return self.bias.expand(len(x), 2)


def audio_job(maker: SoundMaker, config: AudioStage) -> AudioJob:
    torch.manual_seed(0)
    return AudioJob(AudioRecognizer(2), maker, maker, config)


def test_a_row_of_sound_is_the_same_whatever_the_other_rows(maker: SoundMaker) -> None:
    job = audio_job(maker, AudioStage(half_steps=1, full_steps=1, batch=6))
    for step, width in ((0, 128), (1, 256)):
        whole, part = Watching(), Watching()
        together = job.loss(whole, step, range(6))
        assert float(together.detach()) == pytest.approx(float(np.log(2)))
        job.loss(part, step, range(4, 6))
        assert whole.seen.shape == (6, 256, width)
        assert torch.equal(whole.seen[4:], part.seen)
        assert len({float(row.sum()) for row in whole.seen}) == 6  # no two rows alike
    again = Watching()
    job.loss(again, 0, range(6))
    assert not torch.equal(again.seen, whole.seen[..., :128])  # another step, other rows


def test_the_audio_stage_trains(maker: SoundMaker, tmp_path: Path) -> None:
    job = audio_job(maker, AudioStage(half_steps=1, full_steps=1, batch=2))
    before = copy.deepcopy(job.network.state_dict())
    measured = run(job, tmp_path, seed=0, say=lambda _: None)
    after = job.network.state_dict()
    for part in ("net.features.0.0.weight", "net.classifier.1.weight", "net.features.0.1.running_mean"):
        assert not torch.equal(before[part], after[part]), part
    assert all(torch.isfinite(value).all() for value in after.values())
    assert measured["recordings"] == 2
    assert 0 <= measured["recording"] <= 100


def test_starting_from_imagenet_folds_the_normalization_into_the_first_layer() -> None:
    """The network on raw spectrograms equals ImageNet's on three copies of (x + 6) / 5."""
    torch.manual_seed(0)
    imagenet = mobilenet_v2(num_classes=7)
    with torch.no_grad():
        for name, value in imagenet.named_buffers():
            if name.endswith("running_mean"):
                value.normal_(0, 0.1)
    imagenet.eval()
    network = AudioRecognizer(3).eval()
    start_from_imagenet(network, imagenet.state_dict())
    sound = -6 + 5 * torch.randn(2, 64, 64)
    first = imagenet.features[0][0]
    with torch.inference_mode():
        # The border that the convolution adds is 0 before normalization in our network, hence also here.
        normalized = ((F.pad(sound, (1, 1, 1, 1)) + 6) / 5)[:, None].expand(-1, 3, -1, -1)
        expected = imagenet.features[0][1](F.conv2d(normalized, first.weight, stride=2))
        seen = network.net.features[0][1](network.net.features[0][0](sound[:, None]))
        assert float(expected.std()) > 0.1
        torch.testing.assert_close(seen, expected, atol=1e-5, rtol=1e-4)
        for layer in (imagenet.features[0][2], *imagenet.features[1:]):
            expected = layer(expected)
        wanted = expected.mean((2, 3))
        scale = wanted.std()  # small, since the weights are random
        torch.testing.assert_close(network.features(sound) / scale, wanted / scale, atol=1e-3, rtol=1e-3)


def trunks(count: int, seed: int) -> TrunkBank:
    generator = torch.Generator().manual_seed(seed)
    trunk = torch.rand(count, 1024, 14, 14, generator=generator).half()
    return TrunkBank(trunk=trunk, label=torch.tensor([OTHER, 0, 1]).repeat(count)[:count])


@pytest.fixture
def tail(toy_network: AdaMML) -> Tail:
    return copy.deepcopy(Tail(toy_network.recognizers["rgb"].net)).requires_grad_(True)


def test_the_rgb_stage_trains_and_keeps_what_was_measured_on_photographs(tail: Tail, tmp_path: Path) -> None:
    bank = trunks(3, 0)
    job = RGBJob(tail, bank, trunks(3, 1), {"held": bank}, RGBStage(steps=1, batch=2))
    before = copy.deepcopy(tail.state_dict())
    measured = run(job, tmp_path, seed=0, say=lambda _: None)
    after = tail.state_dict()
    for part in ("layer4.0.conv1.weight", "layer4.0.conv3.weight", "fc.weight"):
        assert not torch.equal(before[part], after[part]), part
    assert torch.equal(before["layer4.0.bn1.running_mean"], after["layer4.0.bn1.running_mean"])
    assert measured["held_count"] == 2  # what belongs to no class is not counted


def test_the_probe_fits_the_classifier_alone(tail: Tail) -> None:
    bank = trunks(3, 0)
    before = copy.deepcopy(tail.state_dict())
    probe(tail, bank, tail.fc.out_features, RGBStage(probe_steps=60))
    changed = {name for name, value in tail.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"fc.weight", "fc.bias"}
    with torch.no_grad():
        answers = tail.fc(features_of(tail, bank.trunk)).softmax(1)
    assert answers[1:, :2].argmax(1).tolist() == [0, 1]
    assert float(answers[0].max()) < 0.6  # of nothing it is unsure
