"""A model as a folder of ONNX graphs, for programs without this package: every network, and how to feed it.

    features_rgb.onnx, ...   one graph per network of `adamml.engine.exported_networks`, weights included, float32
    networks.json            what each takes and gives, how a clip becomes that, and how answers are joined

What was written is read back, run by ONNX Runtime, and compared with the model's own numbers.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from adamml.engine.exported_networks import ExportedNetwork, exported_networks
from adamml.engine.onnx_export import as_onnx, as_session
from adamml.files import check_folder, write_all
from adamml.inputs import ClipInput, FrontEnd
from adamml.nn import AdaMML

FORMAT = 1
DESCRIPTION = "networks.json"
TOLERANCE = 1e-3  # of the largest value of an output; float32 in another order of sums differs by some 1e-6
FRONT_ENDS_IN_WORDS: dict[FrontEnd, str] = {  # of `adamml.media.front_ends`, for who computes them elsewhere
    "log_spectrogram": "STFT in float64: n_fft 511, Hann window 240, hop 120, zeros beyond the window's ends; "
    "log(|X|^2 + 1e-6); (256, 256), low frequencies first",
    "log_mel": "pre-emphasis 0.97; STFT: n_fft 1024, symmetric Hann window 800, hop 320, mirrored at the ends; 128 "
    "Kaldi mel bands from 0 to 15 kHz; (log(x + 1e-5) + 4.5) / 5; (128, 128), low bands first",
}


class OnnxExportError(ValueError):
    """A network cannot be expressed, or its graph does not give the model's numbers. Says which one."""


def write_onnx(
    network: AdaMML,
    deciders: Mapping[str, nn.Module],
    folder: Path,
    about: Mapping[str, Any],
    say: Callable[[str], object] = lambda line: None,
) -> Path:
    """Write every network of a model and their description; returns the folder.

    Args:
        network, deciders: of the model, in evaluation mode.
        folder: is made where there is none; files of the same names are replaced.
        about: what the description says of the model beside its networks and inputs.
        say: takes a line for each network.

    Raises:
        OnnxExportError: when a graph cannot be made, or differs from the model; nothing that was written stays.
        OSError: when the folder cannot be written.
    """
    networks = list(exported_networks(network, deciders))
    check_folder(folder, [DESCRIPTION, *(f"{each.name}.onnx" for each in networks)])
    folder.mkdir(parents=True, exist_ok=True)
    written, described = [], {}
    try:
        for each in networks:
            path = folder / f"{each.name}.onnx"
            graph = _graph(each)
            written.append(path)
            write_all({path: graph})
            difference = _difference(each, path)
            described[each.name] = _described(each, path.name, graph, difference)
            say(f"{path.name}  {len(graph) / 1e6:.1f} MB, differs by at most {difference:.0e} of its largest value")
        description = {"format": FORMAT, **about, "input": _input(network.kind.input), "networks": described}
        write_all({folder / DESCRIPTION: json.dumps(description, indent=2, ensure_ascii=False) + "\n"})
    except OnnxExportError:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return folder


def _graph(each: ExportedNetwork) -> bytes:
    try:
        return as_onnx(each.module, *each.inputs.values(), inputs=list(each.inputs), outputs=each.outputs)
    except Exception as error:  # whatever the exporter raises
        raise OnnxExportError(f"{each.name} cannot be written as ONNX: {_first_line(error)}") from error


def _difference(each: ExportedNetwork, path: Path) -> float:
    """The largest difference between file and model, as a share of the output's largest value.

    Raises:
        OnnxExportError: when it is too large, or the file cannot be run.
    """
    inputs = {name: _other(value) for name, value in each.inputs.items()}
    with torch.inference_mode():
        found = each.module(*inputs.values())
    wanted: tuple[Tensor, ...] = (found,) if isinstance(found, Tensor) else tuple(found)
    try:
        session = as_session(path.read_bytes(), 1)
        given = session.run(list(each.outputs), {name: value.numpy() for name, value in inputs.items()})
    except Exception as error:  # whatever ONNX Runtime raises
        raise OnnxExportError(f"{path.name} cannot be run: {_first_line(error)}") from error
    largest = 0.0
    for name, ours, theirs in zip(each.outputs, wanted, map(torch.from_numpy, given), strict=True):
        if ours.shape != theirs.shape:
            raise OnnxExportError(f"{path.name}: {name} has the shape {tuple(theirs.shape)}, not {tuple(ours.shape)}")
        share = float((ours - theirs).abs().max() / ours.abs().max().clamp(min=1e-9))
        if not share <= TOLERANCE:  # not a number is no agreement
            raise OnnxExportError(
                f"{path.name}: {name} differs from the model by {share:.1e} of its largest value; "
                f"at most {TOLERANCE:.0e} is accepted"
            )
        largest = max(largest, share)
    return largest


def _other(value: Tensor) -> Tensor:
    """Not what the graph was traced with: what the tracer took for a constant would go unnoticed."""
    return (
        (255 - value if value.dtype == torch.uint8 else 0.9 * value).flip(-1, 1 if value.ndim > 2 else 0).contiguous()
    )


def _described(each: ExportedNetwork, file: str, graph: bytes, difference: float) -> dict[str, Any]:
    return {
        "file": file,
        "sha256": hashlib.sha256(graph).hexdigest(),
        "about": each.about,
        "inputs": [
            {"name": name, "shape": list(value.shape), "type": str(value.dtype).removeprefix("torch.")}
            for name, value in each.inputs.items()
        ],
        "outputs": list(each.outputs),
        "difference": float(f"{difference:.1e}"),
    }


def _input(given: ClipInput) -> dict[str, Any]:
    picture, sound = given.picture, given.sound
    return {
        "segments": "spread evenly over the clip; sampled by time, whatever the frame rate",
        "picture": asdict(picture)
        | {
            "shape": list(picture.shape),
            "about": f"{picture.frames} RGB frames, {picture.spacing:.4f} s apart; the short side scaled to "
            f"{picture.short_side} pixels, the middle {picture.crop} x {picture.crop} taken; (1, T, H, W, 3) uint8. "
            "Mean and standard deviation, and the glimpse's choice of frames and their shrinking, are in the graphs",
        },
        "sound": asdict(sound)
        | {
            "about": f"{sound.samples} mono samples at {sound.sample_rate} Hz around the segment's middle, shifted "
            f"inwards at the clip's ends; then {FRONT_ENDS_IN_WORDS[sound.front_end]}; (1, F, steps) float32",
        },
    }


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
