"""A bank of picture segments, each passed once through what stays frozen.

The first three stages of ResNet-50 and the policy's glimpse keep their initial weights, so their outputs can be
computed once and kept. A shard holds 250 segments: `trunk` (N, 1024, 14, 14) half, `glimpse` (N, 1280), `label` (N),
`source` (N): which photograph of that side, or -1. Shards named `still-...` hold single photographs in the same form
(a still under temporal max pooling is itself): they are cheap, so training has many, and the test side's are plain
photographs, one each. Shards have seeds of their own: a run that was stopped goes on with the first that is missing.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from adamml.datasets.pictures import PictureMaker
from adamml.datasets.sources import OTHER, Source
from adamml.engine import onnx_export
from adamml.engine.onnx_export import as_onnx
from adamml.files import whole_file
from adamml.nn import AdaMML
from adamml.nn.policy_features import small_frames
from adamml.nn.recognizers import RGBRecognizer

SHARD = 250
OTHER_SHARE = 0.22
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def read_npz(path: Path) -> dict[str, Tensor]:
    """A stored ImageNet state dict; vector-quantised layers are expanded from codes and codebook."""
    stored = np.load(path)
    state = {}
    for key in stored.files:
        if key.endswith("#codes"):
            name = key.removesuffix("#codes")
            value = stored[name + "#book"][stored[key].astype(np.int64)].reshape(stored[name + "#shape"])
        elif "#" not in key:
            name, value = key, stored[key]
        else:
            continue
        state[name] = torch.from_numpy(value.astype(np.float32))
    return state


def load_imagenet(network: AdaMML, pretrained: Path) -> None:
    """ImageNet weights into the RGB recognizer and the policy's RGB glimpse (classifiers left out)."""
    resnet = {k: v for k, v in read_npz(pretrained / "resnet50_imagenet.npz").items() if not k.startswith("fc.")}
    network.recognizers["rgb"].net.load_state_dict(resnet, strict=False)
    mobilenet = read_npz(pretrained / "mobilenet_v2_imagenet.npz")
    features = {k.removeprefix("features."): v for k, v in mobilenet.items() if k.startswith("features.")}
    network.policy.rgb.get_submodule("features").load_state_dict(features, strict=False)


def to_tensor(frames: np.ndarray) -> Tensor:
    """(8, 224, 224, 3) uint8 -> (8, 3, 224, 224), ImageNet-normalized."""
    return ((torch.from_numpy(np.ascontiguousarray(frames)) / 255 - MEAN) / STD).permute(0, 3, 1, 2)


class _Trunk(nn.Module):
    def __init__(self, network: AdaMML) -> None:
        super().__init__()
        recognizer = network.recognizers["rgb"]
        assert isinstance(recognizer, RGBRecognizer)
        self.recognizer = recognizer

    def forward(self, frames: Tensor) -> Tensor:
        return self.recognizer.trunk(frames)


class _Frozen(nn.Module):
    def __init__(self, network: AdaMML) -> None:
        super().__init__()
        self.trunk, self.glimpse = _Trunk(network), network.policy.rgb

    def forward(self, frames: Tensor, small: Tensor) -> tuple[Tensor, Tensor]:
        return self.trunk(frames), self.glimpse(small)


def as_session(module: nn.Module, **example: Tensor) -> onnxruntime.InferenceSession:
    """A module in ONNX Runtime: about 1.7 times as fast as torch on a CPU core."""
    return onnx_export.as_session(as_onnx(module, *example.values(), inputs=list(example)), torch.get_num_threads())


def write_shard(path: Path, **arrays: list[Any]) -> None:
    """A shard is whole or not there."""
    with whole_file(path, suffix=".npz") as made:
        np.savez(made, allow_pickle=False, **{name: np.stack(values) for name, values in arrays.items()})


def write_stills(out: Path, network: AdaMML, photos: tuple[Source, ...], shards: int) -> None:
    """Every test photo as it is, and `shards` passes over all training photos, each time cropped anew."""
    session = as_session(_Trunk(network), frames=torch.zeros(1, 1, 3, 224, 224))
    for side, count in (("test", 1), ("train", shards)):
        maker = PictureMaker(photos, test=side == "test")
        walk = [(label, photo) for label, paths in sorted(maker.by_label.items()) for photo in paths]
        for shard in range(count):
            path = out / f"still-{side}-{shard:03d}.npz"
            if path.exists():
                continue
            rng = np.random.default_rng([shard, 17])
            trunk = []
            for _, photo in walk:
                frames = to_tensor(maker.plain(photo) if side == "test" else maker.still(photo, rng))[None]
                trunk.append(session.run(None, {"frames": frames.numpy()})[0][0].astype(np.float16))
            write_shard(path, trunk=trunk, label=[np.int64(label) for label, _ in walk])
            print(path.name, flush=True)


def write_segments(out: Path, network: AdaMML, photos: tuple[Source, ...], side: str, shards: int) -> None:
    """Moving segments of one side ("train" or "test"), a fifth of them of nothing."""
    frames = torch.zeros(1, 8, 3, 224, 224)
    session = None
    maker = PictureMaker(photos, test=side == "test")
    # Test photos are walked through in order, so that each is measured equally often; training draws balanced.
    walk = [(label, photo) for label, paths in sorted(maker.by_label.items()) for photo in paths if label != OTHER]
    for shard in range(shards):
        path = out / f"{side}-{shard:03d}.npz"
        if path.exists():
            continue
        session = session or as_session(_Frozen(network), frames=frames, small=small_frames(frames))
        began = time.time()
        rng = np.random.default_rng([shard, side == "test"])
        kept: dict[str, list[Any]] = {"trunk": [], "glimpse": [], "label": [], "source": []}
        for index in range(SHARD):
            if rng.random() < OTHER_SHARE:
                label, photo = OTHER, None
            elif side == "test":
                label, photo = walk[(shard * SHARD + index) * 7 % len(walk)]
            else:
                label = int(rng.integers(network.num_classes))
                photo = maker.random_photo(label, rng)
            x = to_tensor(maker.segment(label, rng, augmented=side == "train", path=photo))[None]
            trunk, glimpse = session.run(None, {"frames": x.numpy(), "small": small_frames(x).numpy()})
            kept["trunk"].append(trunk[0].astype(np.float16))
            kept["glimpse"].append(glimpse[0])
            kept["label"].append(np.int64(label))
            kept["source"].append(np.int64(-1 if photo is None else maker.number[photo]))
        write_shard(path, **kept)
        print(f"{path.name} {time.time() - began:.0f} s", flush=True)
