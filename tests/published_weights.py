"""Weights, inputs and signals by formula, for comparison with figures of the published implementation."""

import json
import zlib
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent / "reference"


def tensor_by_formula(name: str, shape: tuple[int, ...], salt: str) -> np.ndarray:
    """The value of one state-dict entry: drawn from a generator seeded with the CRC-32 of salt and name."""
    rng = np.random.default_rng(zlib.crc32((salt + name).encode()))
    kind = name.rsplit(".", 1)[-1]
    if kind == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    if kind == "running_var":
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    if kind == "running_mean":
        return rng.normal(0, 0.1, shape).astype(np.float32)
    if kind == "lf_weights":
        return rng.uniform(0.3, 0.7, shape).astype(np.float32)
    if len(shape) == 1:
        drawn = rng.uniform(0.3, 0.8, shape) if kind.endswith("weight") else rng.normal(0, 0.1, shape)
        return drawn.astype(np.float32)
    gain = 6.0 if "policy_net.fcs" in name or "lstm.weight_ih" in name else 1.0
    return (rng.normal(0, 1, shape) * np.sqrt(2.0 / np.prod(shape[1:])) * gain).astype(np.float32)


def state_dict(salt: str, prefix: str = "") -> dict[str, torch.Tensor]:
    """The whole published state dict."""
    manifest = json.loads((HERE / "state_dict_manifest.json").read_text())
    return {
        prefix + name: torch.from_numpy(np.asarray(tensor_by_formula(name, tuple(shape), salt)))
        for name, shape in manifest.items()
    }


def inputs(salt: str, segments: int, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Frames (B, S, 8, 3, 224, 224) and spectrograms (B, S, 256, 256)."""
    rng = np.random.default_rng(zlib.crc32((salt + "input").encode()))
    gain = rng.uniform(0.2, 3.0, (batch, segments, 1, 1, 1)).astype(np.float32)
    shift = rng.normal(0, 1.5, (batch, segments, 1, 1, 1)).astype(np.float32)
    rgb = rng.standard_normal((batch, segments, 24, 224, 224), dtype=np.float32) * gain + shift
    sound = (
        rng.standard_normal((batch, segments, 256, 256), dtype=np.float32) * 2 * gain[:, :, 0] + 4 * shift[:, :, 0] - 4
    )
    return torch.from_numpy(rgb).reshape(batch, segments, 8, 3, 224, 224), torch.from_numpy(sound)


def signal(kind: str, seconds: float) -> np.ndarray:
    """A test signal at 24 kHz."""
    t = np.arange(round(seconds * 24_000)) / 24_000
    if kind == "sine":
        x = 0.5 * np.sin(2 * np.pi * 440 * t)
    elif kind == "chirp":
        x = 0.4 * np.sin(2 * np.pi * (200 * t + (3800 / (2 * seconds)) * t**2))
    elif kind == "noise":
        x = 0.1 * np.random.default_rng(7).standard_normal(t.size)
    elif kind == "clicks":
        x = np.where(np.arange(t.size) % 2400 == 0, 0.9, 0.0)
    else:
        x = np.zeros(t.size)
    return x.astype(np.float32)
