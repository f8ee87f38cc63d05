"""Stage 1, RGB: the last stage of ResNet-50 and its classifier, on the bank of cached trunk outputs.

python -m adamml.training.train_rgb --bank BANK --pretrained DIR --out rgb.pt
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adamml.nn import AdaMML
from adamml.training.data.sources import OTHER
from adamml.training.picture_bank import load_imagenet

BATCH = 32
CLASSIFIER_LR, STAGE_LR = 2e-3, 1e-3


def read_bank(folder: Path, side: str, *names: str) -> dict[str, Tensor]:
    """The named arrays of all shards of one side, concatenated."""
    shards = [np.load(path) for path in sorted(folder.glob(f"{side}-???.npz"))]
    if not shards:
        raise FileNotFoundError(f"{folder} holds no {side} shards")
    return {name: torch.from_numpy(np.concatenate([shard[name] for shard in shards])) for name in names}


def soft_targets(labels: Tensor, classes: int) -> Tensor:
    """(N,) -> (N, K): smoothed one-hot; nothing (`OTHER`) means "any class is as likely"."""
    one_hot = F.one_hot(labels.clamp(min=0), classes).float() * 0.95 + 0.05 / classes
    return torch.where((labels == OTHER)[:, None], torch.full_like(one_hot, 1 / classes), one_hot)


class Tail(nn.Module):
    """What comes after the cached trunk: (N, 1024, 14, 14) -> logits (N, K)."""

    def __init__(self, resnet: nn.Module) -> None:
        super().__init__()
        self.layer4, self.fc = resnet.layer4, resnet.fc

    def features(self, trunk: Tensor) -> Tensor:
        return self.layer4(trunk).mean((2, 3))

    def forward(self, trunk: Tensor) -> Tensor:
        return self.fc(self.features(trunk))


@torch.no_grad()
def features_of(tail: Tail, trunk: Tensor) -> Tensor:
    """(N, 2048) in evaluation mode."""
    tail.eval()
    return torch.cat([tail.features(part.float()) for part in trunk.split(BATCH)])


def measure(tail: Tail, tests: dict[str, dict[str, Tensor]]) -> dict[str, float]:
    """Top-1 in percent of each test set, over what belongs to a class, and of its weakest class."""
    scores = {}
    for name, test in tests.items():
        logits = tail.fc(features_of(tail, test["trunk"])).detach()
        right = (logits.argmax(1) == test["label"]).float()
        known = test["label"] != OTHER
        per_class = [float(right[test["label"] == k].mean()) for k in test["label"][known].unique()]
        scores[name] = 100 * float(right[known].mean())
        scores[f"{name}_count"] = int(known.sum())
        scores[f"{name}_weakest_class"] = 100 * min(per_class)
    return scores


def probe(tail: Tail, train: dict[str, Tensor], classes: int) -> None:
    """Fit the classifier alone on fixed features, to convergence."""
    x, y = features_of(tail, train["trunk"]), soft_targets(train["label"], classes)
    optimiser = torch.optim.AdamW(tail.fc.parameters(), lr=1e-2, weight_decay=0.05)
    for step in range(400):
        optimiser.param_groups[0]["lr"] = 1e-2 * (1 - step / 400)
        loss = F.cross_entropy(tail.fc(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bank", type=Path, required=True)
    parser.add_argument("--pretrained", type=Path, required=True, help="folder of the ImageNet weights")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--classes", type=int, default=17)
    parser.add_argument("--epochs", type=int, default=4, help="of the last stage; 0 trains the classifier alone")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    network = AdaMML(args.classes)
    load_imagenet(network, args.pretrained)
    tail = Tail(network.recognizers["rgb"].net).to(memory_format=torch.channels_last)
    moving, stills = (read_bank(args.bank, side, "trunk", "label") for side in ("train", "still-train"))
    train = {name: torch.cat((moving[name], stills[name])) for name in moving}
    del moving, stills
    tests = {
        "segments": read_bank(args.bank, "test", "trunk", "label"),
        "photos": read_bank(args.bank, "still-test", "trunk", "label"),
    }
    probe(tail, train, args.classes)
    print(json.dumps({"probe": measure(tail, tests)}), flush=True)

    count = len(train["label"])
    total = args.epochs * (count // BATCH)
    groups = [
        {"params": list(tail.layer4.parameters()), "lr": STAGE_LR / 10},
        {"params": list(tail.fc.parameters()), "lr": CLASSIFIER_LR / 10},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.05)
    began, step = time.time(), 0
    for epoch in range(args.epochs):
        order = torch.randperm(count)
        for picked in order[: count // BATCH * BATCH].split(BATCH):
            tail.eval()  # batch-norm statistics stay as measured on photographs
            for group, peak in zip(optimiser.param_groups, (STAGE_LR, CLASSIFIER_LR), strict=True):
                group["lr"] = peak / 10 * min(1.0, step / 20) * (1 - step / total)
            x, y = train["trunk"][picked].float(), soft_targets(train["label"][picked], args.classes)
            if torch.rand(()) < 0.5:
                x = x.flip(3)
            if torch.rand(()) < 0.5:  # mixup, between feature maps
                share = float(np.random.default_rng(step).beta(0.4, 0.4))
                mixed = torch.randperm(len(x))
                x, y = share * x + (1 - share) * x[mixed], share * y + (1 - share) * y[mixed]
            loss = F.cross_entropy(tail(x), y)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            step += 1
            if step % 20 == 0:
                left = (time.time() - began) / step * (total - step)
                print(f"step {step}/{total} loss {float(loss.detach()):.3f} left {left / 60:.1f} min", flush=True)
        scores = measure(tail, tests)
        print(json.dumps({"epoch": epoch + 1} | scores), flush=True)
        torch.save({"state_dict": network.recognizers["rgb"].state_dict(), "scores": scores}, args.out)


if __name__ == "__main__":
    main()
