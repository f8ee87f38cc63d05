"""Stages 2 and 3 on cached features: fusion weight, joint layers, LSTM and heads, on clips composed from banks.

    python -m adamml.training.train_policy --data DATA --bank BANK --pretrained DIR --rgb rgb.pt --audio audio.pt \\
        --out checkpoints/everyday-av

Decisions only multiply what the recognisers said, so with the recognisers frozen their logits are computed once per
bank segment, and a clip is a list of bank segments: thousands of clips a minute train the policy on two cores.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional as F

from adamml.checkpoint import ModelCard, save_model
from adamml.cost import CostModel, Runs
from adamml.media.spectrogram import SILENCE, log_spectrogram
from adamml.nn import AdaMML, fuse, gumbel_softmax_decisions, policy_penalty
from adamml.nn.fusion import FusionRule
from adamml.nn.gumbel import temperature_at
from adamml.training.data.sounds import SoundMaker
from adamml.training.data.sources import OTHER, read_sources
from adamml.training.picture_bank import OTHER_SHARE, load_imagenet
from adamml.training.train_rgb import Tail, features_of, read_bank

SEGMENTS = 10
SPAN_KINDS = {"both": 1 / 6, "picture": 1 / 3, "sound": 1 / 3, "neither": 1 / 6}
SHARPNESS = 2.0  # of clip logits in training: a few good cells of ten are then enough to be sure
MODALITY_DROPOUT = 0.1  # share of clips that lose their picture, and the same again their sound


@dataclass(frozen=True, kw_only=True)
class Bank:
    """Segments of one modality by label: what the policy glimpses and what the recogniser says."""

    glimpse: Tensor  # N, 1280
    logits: Tensor  # N, K
    label: Tensor  # N

    def by_label(self) -> dict[int, np.ndarray]:
        return {int(k): np.flatnonzero((self.label == k).numpy()) for k in self.label.unique()}


def remembered(path: Path, make: Callable[[], Bank]) -> Bank:
    """A bank from its file, or made now and kept there for the next run."""
    if not path.exists():
        bank = make()
        np.savez(path, glimpse=bank.glimpse.numpy(), logits=bank.logits.numpy(), label=bank.label.numpy())
    stored = np.load(path)
    return Bank(**{name: torch.from_numpy(stored[name]) for name in stored.files})


@torch.no_grad()
def sound_bank(network: AdaMML, maker: SoundMaker, count: int, seed: int, *, worn: bool) -> Bank:
    """Sound windows, a fifth of them of nothing, with what the trained recogniser says about them."""
    rng = np.random.default_rng(seed)
    glimpses, labels = [], []
    for index in range(count):
        label = OTHER if rng.random() < OTHER_SHARE else index % network.num_classes
        # The policy's glimpse has the recogniser's weights, see main(): its features serve both.
        glimpses.append(network.policy.audio(log_spectrogram(maker.window(label, rng, worn=worn))[None])[0])
        labels.append(label)
    glimpse = torch.stack(glimpses)
    logits = network.recognizers["audio"].net.classifier(glimpse)
    return Bank(glimpse=glimpse, logits=logits, label=torch.tensor(labels))


@torch.no_grad()
def picture_bank(folder: Path, side: str, network: AdaMML) -> Bank:
    """The cached picture segments of one side, with what the trained recogniser says about them."""
    stored = read_bank(folder, side, "trunk", "glimpse", "label")
    tail = Tail(network.recognizers["rgb"].net)
    logits = tail.fc(features_of(tail, stored["trunk"]))
    return Bank(glimpse=stored["glimpse"], logits=logits, label=stored["label"])


@dataclass(frozen=True, kw_only=True)
class Clips:
    """A batch of composed clips."""

    glimpse: dict[str, Tensor]  # modality -> B, S, 1280
    logits: dict[str, Tensor]  # modality -> B, S, K
    present: Tensor  # B, M: 0 where the clip lacks the modality altogether
    useful: Tensor  # B, S, M: 1 where the cell says something of the class
    label: Tensor  # B


def compose(
    banks: dict[str, Bank],
    missing: dict[str, Tensor],
    count: int,
    rng: np.random.Generator,
    *,
    dropout: float,
) -> Clips:
    """Clips by the contract: every second independently both, picture, sound or neither, at least one not neither.

    1 to 3 photographs and one recording per clip cannot be told apart in a bank; entries are drawn by class.
    """
    places = {m: bank.by_label() for m, bank in banks.items()}
    classes = [k for k in places["rgb"] if k != OTHER]
    label = rng.choice(classes, count)
    kinds = rng.choice(4, (count, SEGMENTS), p=list(SPAN_KINDS.values()))
    for row in np.flatnonzero((kinds == 3).all(1)):
        kinds[row, rng.integers(SEGMENTS)] = rng.integers(3)
    useful = np.stack([(kinds == 0) | (kinds == 1), (kinds == 0) | (kinds == 2)], -1)
    present = np.ones((count, 2), np.float32)
    lost = rng.random(count)
    present[lost < dropout, 0] = 0
    present[(lost >= dropout) & (lost < 2 * dropout), 1] = 0
    glimpse, logits = {}, {}
    for i, m in enumerate(("rgb", "audio")):
        rows = np.empty((count, SEGMENTS), int)
        for b in range(count):
            of_class, of_nothing = places[m][int(label[b])], places[m][OTHER]
            rows[b] = np.where(useful[b, :, i], rng.choice(of_class, SEGMENTS), rng.choice(of_nothing, SEGMENTS))
        here = torch.from_numpy(present[:, i, None, None])
        glimpse[m] = torch.where(here > 0, banks[m].glimpse[rows], missing[m])
        logits[m] = banks[m].logits[rows]
    return Clips(
        glimpse=glimpse,
        logits=logits,
        present=torch.from_numpy(present),
        useful=torch.from_numpy(useful).float() * torch.from_numpy(present)[:, None],
        label=torch.from_numpy(label),
    )


def fused(network: AdaMML, clips: Clips, decisions: Tensor, rule: FusionRule = "renormalised") -> Tensor:
    """Clip logits (B, K) for decisions (B, S, M)."""
    return fuse(clips.logits["rgb"], clips.logits["audio"], decisions, network.rgb_weight, rule)[1]


def policy_loss(network: AdaMML, clips: Clips, decisions: Tensor, cost_weights: tuple[float, ...]) -> Tensor:
    """Cross entropy and the cost of what was used (Sec. 3.3).

    The published fusion rule rewards every informative cell that is added. Renormalised, a cell that stands alone
    weighs 1 however it was chosen, and an empty clip has no gradient: the policy would learn to choose nothing.
    """
    clip_logits = SHARPNESS * fused(network, clips, decisions, "published")
    penalty = policy_penalty(decisions, clip_logits, clips.label, cost_weights=cost_weights)
    return F.cross_entropy(clip_logits, clips.label) + penalty


@torch.inference_mode()
def evaluate(network: AdaMML, clips: Clips, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """Accuracy in percent, selection rates and MACs of every policy on the same clips."""
    policy_logits = network.policy.from_features(clips.glimpse["rgb"], clips.glimpse["audio"])
    chosen = policy_logits.argmax(-1).float() * clips.present[:, None]
    probability = policy_logits.softmax(-1)[..., 1]
    best = (probability * clips.present[:, None]).flatten(1).argmax(1)  # the last resort of an empty clip
    empty = chosen.flatten(1).sum(1) == 0
    chosen.flatten(1)[empty, best[empty]] = 1
    ones = torch.ones_like(chosen)
    rates = chosen.mean((0, 1))
    coin = torch.from_numpy(rng.random(chosen.shape) < rates.numpy()).float()
    cost = CostModel.of(network)
    table = {}
    for name, decisions in {
        "rgb": ones * torch.tensor([1.0, 0.0]),
        "audio": ones * torch.tensor([0.0, 1.0]),
        "all": ones,
        "adamml": chosen,
        "random": coin,
    }.items():
        logits = fused(network, clips, decisions)
        glances = SEGMENTS if name == "adamml" else 0
        per_clip = decisions.sum((0, 1)) / len(clips.label)
        macs = cost.full(Runs(glimpse_rgb=glances, glimpse_audio=glances, decide=glances))
        looking, listening = cost.full(Runs(rgb=1)).rgb, cost.full(Runs(audio=1)).audio
        total = macs.total + float(per_clip[0]) * looking + float(per_clip[1]) * listening
        table[name] = {
            "accuracy": 100 * float((logits.argmax(1) == clips.label).float().mean()),
            "rgb_rate": 100 * float(decisions[..., 0].mean()),
            "audio_rate": 100 * float(decisions[..., 1].mean()),
            "gmacs": total / 1e9,
        }
    for i, m in enumerate(("rgb", "audio")):
        truth, score = clips.useful[..., i].flatten(), probability[..., i].flatten()
        table["adamml"][f"{m}_cell_auroc"] = float(roc_auc_score(truth, score))
        table["adamml"][f"{m}_useless_share"] = 100 * float(
            1 - (chosen * clips.useful)[..., i].sum() / chosen[..., i].sum()
        )
    return table


def train_fusion(network: AdaMML, clips: Clips) -> None:
    """The weight of RGB against audio, by cross entropy with everything on."""
    network.rgb_weight.requires_grad_(True)
    optimiser = torch.optim.Adam([network.rgb_weight], lr=0.02)
    everything = torch.ones(len(clips.label), SEGMENTS, 2)
    for _ in range(100):
        loss = F.cross_entropy(fused(network, clips, everything), clips.label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bank", type=Path, required=True)
    parser.add_argument("--pretrained", type=Path, required=True, help="folder of the ImageNet weights")
    parser.add_argument("--rgb", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sounds", type=int, default=2500, help="size of the training sound bank")
    parser.add_argument("--epochs", type=int, default=30, help="of 20 batches of 96 clips")
    parser.add_argument("--lr", type=float, default=5e-4)
    parser.add_argument("--lambda-rgb", type=float, default=1.0)
    parser.add_argument("--lambda-audio", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    sources = read_sources(args.data)
    network = AdaMML(len(sources.classes), fusion="renormalised").eval().requires_grad_(False)
    load_imagenet(network, args.pretrained)
    trained_rgb, trained_audio = (torch.load(p, weights_only=True) for p in (args.rgb, args.audio))
    network.recognizers["rgb"].load_state_dict(trained_rgb["state_dict"])
    network.recognizers["audio"].load_state_dict(trained_audio["state_dict"])
    # The policy listens with the trained recogniser's backbone and looks with ImageNet's.
    network.policy.audio.features.load_state_dict(network.recognizers["audio"].net.features.state_dict())

    banks = {}
    for side in ("train", "test"):
        test = side == "test"
        count, seed = (1000, 8) if test else (args.sounds, 7)
        maker = SoundMaker(sources.sounds, test=test)
        banks[side] = {
            "rgb": remembered(args.bank / f"pictures-{side}.npz", partial(picture_bank, args.bank, side, network)),
            "audio": remembered(
                args.bank / f"sounds-{side}.npz", partial(sound_bank, network, maker, count, seed, worn=not test)
            ),
        }
    with torch.inference_mode():
        missing = {
            "rgb": network.policy.rgb(torch.zeros(1, 4, 3, 160, 160)),
            "audio": network.policy.audio(torch.full((1, 256, 256), SILENCE)),
        }
    missing = {m: value.clone() for m, value in missing.items()}
    rng = np.random.default_rng(args.seed)
    train_fusion(network, compose(banks["train"], missing, 2000, rng, dropout=0.0))

    policy = network.policy
    learned = [*policy.joint.parameters(), *policy.lstm.parameters(), *policy.heads.parameters(), network.rgb_weight]
    for parameter in learned:
        parameter.requires_grad_(True)
    with torch.no_grad():
        for head in policy.heads:
            head.bias.copy_(torch.tensor([0.0, 1.0]))  # begin by using most of what there is
    optimiser = torch.optim.Adam(learned, lr=args.lr)
    noise = torch.Generator().manual_seed(args.seed)
    weights = (args.lambda_rgb, args.lambda_audio)
    test_clips = compose(banks["test"], missing, 2000, np.random.default_rng(99), dropout=0.0)
    for epoch in range(args.epochs):
        temperature = temperature_at(20 * epoch // args.epochs)  # the published 20 epochs, however long ours are
        for group in optimiser.param_groups:
            group["lr"] = args.lr * (1 - epoch / args.epochs)
        losses = []
        for _ in range(20):
            clips = compose(banks["train"], missing, 96, rng, dropout=MODALITY_DROPOUT)
            policy_logits = policy.from_features(clips.glimpse["rgb"], clips.glimpse["audio"])
            decisions = gumbel_softmax_decisions(policy_logits, temperature, noise) * clips.present[:, None]
            loss = policy_loss(network, clips, decisions, weights)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learned, 1.0)
            optimiser.step()
            losses.append(float(loss.detach()))
        if epoch % 3 == 2 or epoch == args.epochs - 1:
            row = evaluate(network, test_clips, np.random.default_rng(5))["adamml"]
            print(epoch + 1, round(float(np.mean(losses)), 3), {k: round(v, 2) for k, v in row.items()}, flush=True)

    table = evaluate(network, test_clips, np.random.default_rng(5))
    print(json.dumps(table, indent=1))
    facts = {
        "recipe": {
            "rgb": "ResNet-50 from ImageNet; last stage and classifier trained on photographs under moving crops",
            "audio": "MobileNetV2 from ImageNet, all layers trained on 1.28 s windows",
            "policy": "joint layers, LSTM and heads trained with Gumbel-Softmax and the cost loss on composed clips",
            "lambda": list(weights),
            "rgb_weight": float(network.rgb_weight.detach()),
            "seed": args.seed,
        },
        "measured": {
            "split": "by source, about 15 % kept for measuring",
            "photo_segments_top1": trained_rgb["scores"],
            "sounds_top1": trained_audio["scores"],
            "composed_clips": {"clips": 2000, "from": "banks of test segments", "rows": table},
        },
    }
    card = ModelCard(
        name="everyday-av",
        version="0.1",
        classes=sources.classes,
        licence="CC BY-NC 4.0",
        trained="photographs and sound recordings of 17 everyday classes, composed into clips; no real video",
        facts=facts,
    )
    save_model(args.out, network, card)
    print(f"written to {args.out}")


if __name__ == "__main__":
    main()
