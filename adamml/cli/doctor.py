"""`adamml doctor`: versions, device, limits on clips and model, and what is missing."""

import argparse
import sys

from adamml.cli.common import how_to_install
from adamml.version import __version__

PACKAGES = {  # package -> the extra that it belongs to; "" for what analyzing takes
    **dict.fromkeys(("torch", "torchaudio", "av", "onnxruntime", "openvino", "safetensors"), ""),
    **{"gradio": "app", "plotly": "app", "moviepy": "export", "matplotlib": "export"},
}


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("doctor", help="show versions, device and model, and what is missing")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from importlib.metadata import PackageNotFoundError, version

    missing = 0
    print(f"adamml       {__version__}")
    print(f"python       {sys.version.split()[0]}")
    for package, extra in PACKAGES.items():
        try:
            print(f"{package:<12} {version(package)}")
        except PackageNotFoundError:
            missing += not extra
            print(f"{package:<12} " + (f"not here: {how_to_install(extra)}" if extra else "MISSING"))
    if missing:
        return 1
    return _limits() or _model()


def _limits() -> int:
    from adamml.media import PROFILES, SettingsError

    try:
        profiles = list(PROFILES.values())
    except SettingsError as error:
        print(f"{'limits':<12} WRONG: {error}")
        return 1
    for limits in profiles:
        print(
            f"{'limits':<12} {limits.profile}: {limits.max_bytes / 1e6:,.0f} MB, {limits.max_seconds:,.0f} s, "
            f"{limits.max_width} x {limits.max_height}, {limits.max_fps:.0f} frames/s, {limits.max_frames:,} frames, "
            f"{limits.max_streams} streams, {limits.max_segments} segments"
        )
    return _decoding()


def _decoding() -> int:
    """Whether a decoder can be started, and what it may take."""
    import time

    from adamml.media import DecoderError, settings_for
    from adamml.media.forkserver import CAN_ISOLATE, fork_server

    limits = settings_for("public")
    if not (limits.isolated and CAN_ISOLATE):
        print(f"{'decoding':<12} in this process: a clip that crashes the decoder takes everything with it")
        return 0
    try:
        fork_server.open()
        number, connection = fork_server.start()  # the first one also waits for the fork server
        fork_server.end(number)
        connection.close()
        began = time.perf_counter()
        number, connection = fork_server.start()
        took = time.perf_counter() - began
        fork_server.end(number)
        connection.close()
    except (DecoderError, OSError) as error:
        print(f"{'decoding':<12} IMPOSSIBLE: {error}")
        return 1
    print(
        f"{'decoding':<12} a process per clip, started in {1000 * took:.0f} ms; {limits.max_memory / 1e9:.1f} GB each, "
        f"up to {limits.max_wait:.0f} s per request"
    )
    return 0


def _model() -> int:
    import torch

    from adamml.engine.backend_choice import ON_CPU
    from adamml.engine.backend_timing import known
    from adamml.weights.checkpoint import CheckpointError, load_model
    from adamml.weights.model_lookup import resolve

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none (the CPU is used in any case)"
    print(f"{'threads':<12} {torch.get_num_threads()}\n{'gpu':<12} {gpu}")
    try:
        model = load_model(resolve())
    except CheckpointError as error:
        print(f"{'model':<12} MISSING: {error}")
        return 1
    card, found = model.card, known(model.network, sorted(ON_CPU))
    print(f"{'backend':<12} {found or 'found out when this model first runs: the faster of ' + ' and '.join(ON_CPU)}")
    print(f"{'model':<12} {card.name} {card.version}, {len(card.classes)} classes, {card.licence}")
    print("nothing is missing")
    return 0
