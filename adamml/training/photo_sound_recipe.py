"""A model from photographs and recordings by class: the stages of an `EverydayPreset`, one after the other.

Everything lies in one run folder, and whatever is there already is not made again:

    bank/            picture segments as the frozen trunk sees them
    audio/ rgb/      stage 1: log, state
    banks/           what the trained recognizers say of every segment, by modality and side of the split
    fusion/          stage 2: the weight of picture against sound
    adamml-0/ ...    stage 3 and the other rows, by seed
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from adamml.datasets.sounds import SoundMaker
from adamml.datasets.sources import OTHER, Sources, read_sources
from adamml.engine.submodules import missing_glimpse
from adamml.media.front_ends import log_spectrogram
from adamml.nn import MODALITIES, AdaMML, PolicyNetwork
from adamml.nn.recognizers import AudioRecognizer
from adamml.results.policy_spec import deciding_networks
from adamml.training.config import EverydayPreset
from adamml.training.decider_jobs import decider_job
from adamml.training.feature_bank import Bank, ComposedClips, Missing
from adamml.training.joint import JointJob, JointModel
from adamml.training.loop import TrainingError, run
from adamml.training.picture_bank import OTHER_SHARE, load_imagenet, read_npz, write_segments, write_stills
from adamml.training.stage_audio import AudioJob, start_from_imagenet
from adamml.training.stage_rgb import RGBJob, Tail, TrunkBank, features_of, probe, read_bank, read_trunks

TEST_NOTHING = 400  # windows of nothing on the test side
PROBE_ENTRIES = 4000  # of the banks are enough to fit a linear classifier
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class EverydayRun:
    """One training run.

    Args:
        data: folder of `everyday/` and `other/`, see `data.sources`.
        pretrained: folder of the ImageNet weights.
        folder: where the run lies.
    """

    preset: EverydayPreset
    data: Path
    pretrained: Path
    folder: Path
    say: Say = print

    def sources(self) -> Sources:
        return read_sources(self.data)

    def new_network(self, classes: int) -> AdaMML:
        """Both recognizers and glimpses with their initial weights."""
        torch.manual_seed(self.preset.audio.seed)
        network = AdaMML(classes, fusion="renormalised")
        load_imagenet(network, self.pretrained)
        start_from_imagenet(_audio(network), read_npz(self.pretrained / "mobilenet_v2_imagenet.npz"))
        return network.eval()

    def picture_bank(self, sources: Sources) -> Path:
        """Shards of picture segments; those that are there are kept."""
        out = self.folder / "bank"
        out.mkdir(parents=True, exist_ok=True)
        sizes = self.preset.banks
        network = self.new_network(len(sources.classes)).requires_grad_(False)
        write_stills(out, network, sources.photos, sizes.stills)
        for side, shards in (("test", sizes.test_shards), ("train", sizes.shards)):
            write_segments(out, network, sources.photos, side, shards)
        return out

    def train_audio(self, network: AdaMML, sources: Sources) -> None:
        """Stage 1, audio, in place."""
        train, test = (SoundMaker(sources.sounds, test=side) for side in (False, True))
        job = AudioJob(_audio(network), train, test, self.preset.audio)
        run(job, self.folder / "audio", seed=self.preset.audio.seed, measure_every=400, say=self.say)

    def train_rgb(self, network: AdaMML) -> None:
        """Stage 1, RGB, in place."""
        bank, config = self.folder / "bank", self.preset.rgb
        stills, moving = read_trunks(bank, "still-train"), read_trunks(bank, "train")
        tests = {"photos": read_trunks(bank, "still-test"), "segments": read_trunks(bank, "test")}
        tail = Tail(network.recognizers["rgb"].net)
        initial = copy.deepcopy(tail.layer4.state_dict())
        if not (self.folder / "rgb" / "state.pt").exists():
            probe(tail, _some(stills, moving), network.num_classes, config)
        run(RGBJob(tail, stills, moving, tests, config), self.folder / "rgb", seed=config.seed, say=self.say)
        average_weights(tail.layer4, initial, config.keep)

    def load_recognizers(self, network: AdaMML) -> None:
        """Both recognizers as stage 1 left them, in place.

        Raises:
            TrainingError: when stage 1 has not run.
        """
        tail = Tail(network.recognizers["rgb"].net)
        initial = copy.deepcopy(tail.layer4.state_dict())
        for name, module in (("audio", network.recognizers["audio"]), ("rgb", tail)):
            state = self.folder / name / "state.pt"
            if not state.exists():
                raise TrainingError(f"{state} is missing: run the stage {name!r} first")
            module.load_state_dict(torch.load(state, weights_only=True)["network"])
        average_weights(tail.layer4, initial, self.preset.rgb.keep)

    def banks(self, network: AdaMML, sources: Sources) -> dict[str, dict[str, Bank]]:
        """side -> modality -> bank."""
        folder = self.folder / "banks"
        folder.mkdir(parents=True, exist_ok=True)
        found: dict[str, dict[str, Bank]] = {}
        for side in ("train", "test"):
            makers: dict[str, Callable[[], Bank]] = {
                "rgb": lambda s=side: picture_bank(self.folder / "bank", s, network),  # type: ignore[misc]
                "audio": lambda s=side: sound_bank(  # type: ignore[misc]
                    network, SoundMaker(sources.sounds, test=s == "test"), self.preset, test=s == "test"
                ),
            }
            found[side] = {}
            for modality, make in makers.items():
                path = folder / f"{modality}-{side}.npz"
                if not path.exists():
                    self.say(f"bank of {modality} for {side}")
                    make().save(path)
                found[side][modality] = Bank.load(path)
        return found

    def train_fusion(self, network: AdaMML, clips: ComposedClips) -> None:
        """Stage 2, in place: the weight of picture against sound, everything on."""
        model = JointModel(network, AlwaysOn())
        run(JointJob(model, clips, self.preset.warm_up, "fusion"), self.folder / "fusion", seed=0, say=self.say)

    def train_row(self, name: str, network: AdaMML, clips: ComposedClips, seed: int) -> nn.Module:
        """One learned row with one seed; recognizers are left as they are."""
        job, decider = decider_job(name, network, clips, self.preset, seed)
        run(job, self.folder / f"{name}-{seed}", seed=seed, save_every=200, say=self.say)
        return decider.eval().requires_grad_(False)

    def train_rows(self, network: AdaMML, clips: ComposedClips, seed: int) -> dict[str, nn.Module]:
        """The learned rows with one seed; the policy without cost loss is trained with the first seed only."""
        names = [name for name in deciding_networks() if seed == 0 or name != "adamml-nocost"]
        return {name: self.train_row(name, network, clips, seed) for name in names}


def _audio(network: AdaMML) -> AudioRecognizer:
    recognizer = network.recognizers["audio"]
    assert isinstance(recognizer, AudioRecognizer)
    return recognizer


class AlwaysOn(PolicyNetwork):
    """A stand-in that chooses everything, whatever the noise: for warming up the fusion."""

    def from_features(self, rgb_BSD: torch.Tensor, audio_BSD: torch.Tensor) -> torch.Tensor:
        return torch.tensor([-1e4, 1e4]).expand(*rgb_BSD.shape[:2], self.num_modalities, 2)


def average_weights(module: nn.Module, initial: Mapping[str, torch.Tensor], keep: float) -> None:
    """Move a fine-tuned module part of the way back to where it began (Wortsman et al., CVPR 2022).

    Args:
        keep: share of the initial weights, 0 to 1.
    """
    state = module.state_dict()
    mixed = {
        name: value if not value.is_floating_point() else (1 - keep) * value + keep * initial[name]
        for name, value in state.items()
    }
    module.load_state_dict(mixed)


def fills(network: AdaMML) -> Missing:
    """What the policy is shown where a modality is missing: mid-gray frames, silence."""
    return Missing(glimpse={m: missing_glimpse(network, m).clone() for m in MODALITIES})


def share_backbone(network: AdaMML) -> None:
    """The policy listens with the trained recognizer's backbone; it looks with the initial one."""
    network.policy.audio.get_submodule("features").load_state_dict(
        network.recognizers["audio"].net.features.state_dict()
    )
    network.share_equal_glimpses()


@torch.no_grad()
def picture_bank(folder: Path, side: str, network: AdaMML) -> Bank:
    """The cached picture segments of one side, with what the trained recognizer says about them."""
    stored = read_bank(folder, side, "trunk", "glimpse", "label", "source")
    tail = Tail(network.recognizers["rgb"].net)
    features = features_of(tail, stored.pop("trunk"))
    return Bank(features=features, logits=tail.fc(features), **stored)


@torch.no_grad()
def sound_bank(network: AdaMML, maker: SoundMaker, preset: EverydayPreset, *, test: bool) -> Bank:
    """Sound windows with what the trained recognizer says about them, about a fifth of them of nothing."""
    rng = np.random.default_rng(8 if test else 7)
    windows: list[tuple[int, int]] = []  # label, number of the recording among its class
    if test:
        for label in sorted(maker.by_label):
            if label != OTHER:
                count = len(maker.by_label[label])
                windows += [(label, k) for k in range(count) for _ in range(preset.banks.test_windows)]
        windows += [(OTHER, -1)] * TEST_NOTHING
    else:
        for index in range(preset.banks.sounds):
            label = OTHER if rng.random() < OTHER_SHARE else index % network.num_classes
            windows.append((label, -1 if label == OTHER else int(rng.integers(len(maker.by_label[label])))))
    recognizer = network.recognizers["audio"]
    rows = []
    for label, number in windows:
        sound = maker.window(label, rng, augmented=not test, recording=None if label == OTHER else number)
        rows.append(recognizer.features(log_spectrogram(sound)[None])[0])
    features = torch.stack(rows)
    return Bank(
        glimpse=features.clone(),  # the policy's glimpse has the recognizer's backbone, see `share_backbone`
        features=features,
        logits=recognizer.classify(features),
        label=torch.tensor([label for label, _ in windows]),
        source=torch.tensor([number for _, number in windows]),
    )


def _some(stills: TrunkBank, moving: TrunkBank) -> TrunkBank:
    """Stills and moving segments, every so many, half and half."""
    parts = [(bank, -(-len(bank) * 2 // PROBE_ENTRIES)) for bank in (stills, moving)]
    return TrunkBank(
        trunk=torch.cat([bank.trunk[::step] for bank, step in parts]),
        label=torch.cat([bank.label[::step] for bank, step in parts]),
    )
