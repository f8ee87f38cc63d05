"""A segment from near: Grad-CAM is what autograd says it is, pictures are pictures, looking is charged to nobody."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from adamml.inputs import PUBLISHED_INPUT
from adamml.media.images import heatmap_png, spectrogram_png
from adamml.nn.gradcam import class_map
from tests.clips import tone, write_clip
from tests.toy_app import _SmallAudio, _SmallRGB, toy_recognizer


def by_autograd(maps: torch.Tensor, logits: torch.Tensor, label: int) -> torch.Tensor:
    """Eq. 1 and 2 of Grad-CAM, word by word; maps (C, H, W)."""
    (gradient,) = torch.autograd.grad(logits[0, label], maps)
    heat = (gradient.mean((-2, -1), keepdim=True) * maps).sum(-3).relu().detach()
    return heat / heat.max()


def test_the_closed_form_equals_the_gradient() -> None:
    torch.manual_seed(0)
    rgb, audio = _SmallRGB(4).eval(), _SmallAudio(4).eval()
    frames, sound = torch.randn(8, 3, 224, 224), torch.randn(256, 256)
    maps = rgb.net.layer4(rgb.trunk(frames[None]))  # 1, C, H, W: temporal pooling has left one
    maps.retain_grad()
    expected = by_autograd(maps, rgb.net.fc(rgb.net.avgpool(maps).flatten(1)), 2)[0]
    torch.testing.assert_close(class_map(rgb, frames, 2), expected)
    maps = audio.net.features(sound[None, None])
    expected = by_autograd(maps, audio.net.classifier(maps.mean((2, 3))), 1)[0]
    torch.testing.assert_close(class_map(audio, sound, 1), expected)
    with pytest.raises(ValueError, match="between 0 and 3"):
        class_map(audio, sound, 4)


def test_low_frequencies_lie_at_the_bottom() -> None:
    sound = np.full((256, 256), PUBLISHED_INPUT.sound.silence, np.float32)
    sound[:20] = 3.0
    picture = np.asarray(Image.open(io.BytesIO(spectrogram_png(sound))).convert("L"))
    assert picture[-10].mean() > 200
    assert picture[10].mean() < 40


def test_a_spotlight_is_clear_where_it_matters() -> None:
    heat = np.zeros((7, 7), np.float32)
    heat[0, 0] = 1.0
    alpha = np.asarray(Image.open(io.BytesIO(heatmap_png(heat))).convert("RGBA"))[..., 3]
    assert alpha[:8, :8].mean() < 60
    assert alpha[-20:, -20:].mean() > 180


def test_a_closeup_shows_what_was_given_and_charges_nobody(tmp_path) -> None:
    session = toy_recognizer().open(
        write_clip(tmp_path / "clip.mp4", seconds=2.0, sound=tone(2.0)), segments=2, profile="local"
    )
    before = session.analyze("audio")
    close = session.closeup(1, {"audio": "dog"})
    assert len(close.frames) == len(close.frame_times) == 8
    assert set(close.spotlights) == {"audio"}
    assert close.spectrogram is not None
    assert close.sound_span[1] - close.sound_span[0] == pytest.approx(1.28)
    assert close.macs.rgb > close.macs.audio > 0
    after = session.analyze("audio")
    assert (after.macs, after.scores) == (before.macs, before.scores)
    with pytest.raises(ValueError, match="is no class of"):
        session.closeup(0, {"rgb": "unicorn"})
    with pytest.raises(ValueError, match="between 0 and 1"):
        session.closeup(2)
