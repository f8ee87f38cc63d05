"""The published recipe on clips in a manifest: all four stages, everything trained, fresh augmentation (`VideoPreset`).

Meant for GPUs; under torchrun every process takes its share of each batch. Batches are decoded while training, by the
one path that analysis uses, with a mirror and a gain as augmentation that treats all classes alike.
"""

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adamml.datasets.manifest import ClipEntry, read_manifest
from adamml.engine import normalize
from adamml.files import write_whole
from adamml.inputs import ClipInput
from adamml.media import FRONT_ENDS, Clip, ClipError, settings_for
from adamml.training.cached_feature_recipe import begin_with
from adamml.training.config import RecognizerEpochs, VideoPreset
from adamml.training.feature_bank import ClipBatch
from adamml.training.joint import JointJob, JointModel, JointStage
from adamml.training.loop import Job, TrainingError, row_rng, run, world
from adamml.training.trainable import check_trainable
from adamml.weights.checkpoint import ModelCard, save_model
from adamml.weights.model_lookup import card_of

MAX_TRIES = 20  # unreadable clips in a row before giving up


class DecodedClips:
    """Raw batches from clips, decoded when drawn; a clip that cannot be used is named and replaced by the next one.

    Args:
        entries: of one side of the split.
        given: what the model is given of a segment.
        say: told of clips that cannot be used, once each.
        dropout: share of clips that lose their picture for once, and the same again their sound.
        device: where batches go.
    """

    def __init__(
        self,
        entries: Sequence[ClipEntry],
        classes: Sequence[str],
        segments: int,
        given: ClipInput,
        *,
        dropout: float = 0.0,
        device: str = "cpu",
        say: Callable[[str], None] = print,
    ) -> None:
        self.given = given
        self.entries, self.segments, self.dropout, self.device = entries, segments, dropout, torch.device(device)
        self.left_out: dict[str, str] = {}
        self.say = say
        self.number = {name: index for index, name in enumerate(classes)}
        # Decoding leaves the interpreter free, so that threads share the cores among the rows of a batch.
        self.threads = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // world()[1]))

    def draw(self, rngs: Sequence[np.random.Generator]) -> ClipBatch:
        """One clip from each generator."""
        rows = list(self.threads.map(self._clip, rngs))
        frames, sound, present, uniform, label = (torch.stack(part).to(self.device) for part in zip(*rows, strict=True))
        return ClipBatch(label=label, present=present, uniform=uniform, frames=frames, sound=sound)

    def _clip(self, rng: np.random.Generator) -> tuple[Tensor, ...]:
        for _ in range(MAX_TRIES):
            entry = self.entries[int(rng.integers(len(self.entries)))]
            try:
                return self._decoded(entry, rng)
            except ClipError as error:
                if str(entry.path) not in self.left_out:
                    self.left_out[str(entry.path)] = str(error)
                    self.say(f"left out: {entry.path}: {error}")
        raise TrainingError(f"{MAX_TRIES} clips in a row cannot be read, the last one {entry.path}; check the manifest")

    def _decoded(self, entry: ClipEntry, rng: np.random.Generator) -> tuple[Tensor, ...]:
        given, settings = self.given, settings_for("local", isolated=False)
        clip = Clip(entry.path, settings, self.segments, entry.start, entry.end, given)
        seen = [s for s in clip.segments if clip.has_picture(s)]
        heard = [s for s in clip.segments if clip.has_sound(s)]
        lost = rng.random()
        if seen and heard and lost < 2 * self.dropout:
            seen, heard = ([], heard) if lost < self.dropout else (seen, [])
        count, height, width, colors = given.picture.shape
        frames = torch.zeros(self.segments, count, colors, height, width)
        for index, pixels in clip.frames(seen).items():
            frames[index] = normalize(torch.from_numpy(pixels), given.picture)
        if rng.random() < 0.5:
            frames = frames.flip(-1)
        gain = 10 ** (rng.uniform(-12, 0) / 20)
        sound = torch.full((self.segments, *given.sound.shape), given.sound.silence)
        front_end = FRONT_ENDS[given.sound.front_end]
        for segment in heard:
            sound[segment.index] = front_end(clip.window(segment) * np.float32(gain))
        present = torch.tensor([float(bool(seen)), float(bool(heard))])
        uniform = torch.from_numpy(rng.random((self.segments, 2, 2), np.float32).clip(1e-6, 1 - 1e-6))
        return frames, sound, present, uniform, torch.tensor(self.number[entry.label])


class RecognizerJob(Job):
    """Stage 1 of one recognizer: cross entropy of the mean of its segment logits."""

    def __init__(
        self, modality: str, recognizer: nn.Module, clips: DecodedClips, config: RecognizerEpochs, steps: int
    ) -> None:
        self.name, self.config, self.clips = modality, config, clips
        self.network: nn.Module = recognizer.requires_grad_(True)
        self.steps = steps * config.epochs
        self.optimizer = torch.optim.SGD(
            recognizer.parameters(), lr=config.rate, momentum=config.momentum, weight_decay=config.decay
        )

    def rows(self) -> int:
        return self.config.batch

    def rate(self, step: int) -> float:
        return 0.1 ** sum(step / self.steps >= drop for drop in self.config.drops)

    def loss(self, network: nn.Module, step: int, rows: range) -> Tensor:
        network.train()
        batch = self.clips.draw([row_rng(self.config.seed, step, row) for row in rows])
        observed = batch.frames if self.name == "rgb" else batch.sound
        assert observed is not None
        logits = network(observed.flatten(0, 1)).unflatten(0, observed.shape[:2]).mean(1)
        return F.cross_entropy(logits, batch.label)

    def measure(self) -> dict[str, float]:
        """Nothing beside the loss; `adamml evaluate` measures the finished model."""
        return {}


def train_whole(
    preset: VideoPreset,
    manifest_path: Path,
    folder: Path,
    *,
    start: str,
    save: Path | None,
    version: str,
    say: Callable[[str], None] = print,
) -> None:
    """All four stages, then the model folder.

    Raises:
        TrainingError: when the manifest has no training clips, one class only, or one without training clips.
    """
    manifest = read_manifest(manifest_path)
    check_trainable(manifest, ["train"])
    entries = manifest.side("train")
    rank, processes = world()
    device = f"cuda:{rank % torch.cuda.device_count()}" if torch.cuda.is_available() else "cpu"
    network = begin_with(start, len(manifest.classes)).to(device)
    given = network.kind.input
    clips = DecodedClips(entries, manifest.classes, preset.segments, given, device=device, say=say)

    def steps(batch: int) -> int:
        return max(1, len(entries) // batch)

    config = preset.stage1
    for modality, recognizer in network.recognizers.each():
        job = RecognizerJob(modality, recognizer, clips, config, steps(config.batch))
        run(job, folder / modality, seed=config.seed, say=say)
    dropped = DecodedClips(
        entries, manifest.classes, preset.segments, given, dropout=preset.modality_dropout, device=device
    )
    dropped.say, dropped.left_out = say, clips.left_out  # what was named is not named again
    stages: dict[str, JointStage] = {"stage2": preset.stage2, "stage3": preset.stage3, "stage4": preset.stage4}
    for name, stage in stages.items():
        stage = replace(stage, steps=steps(stage.batch))
        run(JointJob(JointModel(network), dropped, stage, name), folder / name, seed=stage.seed, say=say)
    if rank == 0:
        write_whole(folder / "left_out.json", json.dumps(clips.left_out, indent=2) + "\n")
    if save and rank == 0:
        base = card_of(start)
        card = ModelCard(
            name=save.absolute().name,
            version=version,
            classes=manifest.classes,
            licence=f"{base.licence} (inherited from {base.name} {base.version})",
            architecture=network.kind.name,
            sounds=base.sounds if network.kind.audio.names_sounds else (),
            trained=f"{len(entries)} clips of {len(manifest.classes)} classes, preset {preset.name}, from {base.name}",
            facts={"preset": asdict(preset), "measured": "not yet; adamml evaluate does"},
        )
        save_model(save, network.cpu(), card)
    say(f"trained with {processes} process{'es' if processes > 1 else ''}")
