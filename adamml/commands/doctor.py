"""`adamml doctor`: versions, device and model, and what is missing."""

import argparse
import sys

from adamml import __version__


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("doctor", help="show versions, device and model, and what is missing")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from importlib.metadata import PackageNotFoundError, version

    missing = 0
    print(f"adamml       {__version__}")
    print(f"python       {sys.version.split()[0]}")
    for package in (
        "torch",
        "torchvision",
        "torchaudio",
        "av",
        "gradio",
        "plotly",
        "moviepy",
        "matplotlib",
        "safetensors",
    ):
        try:
            print(f"{package:<12} {version(package)}")
        except PackageNotFoundError:
            missing += 1
            print(f"{package:<12} MISSING: pip install -r requirements.txt")
    if missing:
        return 1
    return _model()


def _model() -> int:
    import torch

    from adamml.checkpoint import CheckpointError, load_model
    from adamml.hub import resolve
    from adamml.media import PROFILES

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none (the CPU is used in any case)"
    print(f"{'threads':<12} {torch.get_num_threads()}\n{'gpu':<12} {gpu}")
    for name, limits in PROFILES.items():
        print(
            f"{'limits':<12} {name}: {limits.max_bytes / 1e6:.0f} MB, {limits.max_seconds:.0f} s, "
            f"{limits.max_width} x {limits.max_height}, {limits.max_frames} frames, {limits.max_streams} streams, "
            f"{limits.max_segments} segments"
        )
    try:
        card = load_model(resolve()).card
    except CheckpointError as error:
        print(f"{'model':<12} MISSING: {error}")
        return 1
    print(f"{'model':<12} {card.name} {card.version}, {len(card.classes)} classes, {card.licence}")
    print("nothing is missing")
    return 0
