"""One segment from near: what the recognizers were given, what it takes to run them, and where they found evidence."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from adamml.engine import Engine, normalize
from adamml.inference.feature_cache import FeatureCache
from adamml.inference.feature_view import FeatureView
from adamml.media.images import heatmap_png, jpeg, spectrogram_png
from adamml.nn.cost import CostModel, Runs
from adamml.nn.gradcam import class_map
from adamml.results.analysis import Macs, Seconds

FRAME_SIDE = 144
MOST_FRAMES = 8


@dataclass(frozen=True, kw_only=True)
class SegmentDetail:
    """What a person can see and hear of a segment.

    Attributes:
        frames: what the recognizer sees, as JPEG: all its frames, or eight of many; empty without picture.
        frame_times: seconds from the clip's start, one per frame.
        spectrogram: PNG, time to the right, frequency upwards; None without sound.
        sound_span: seconds from the clip's start that the spectrogram covers.
        top_hertz: frequency at the spectrogram's upper edge.
        macs: what running each recognizer here takes (counted, whether or not it ran).
        seconds: measured so far for this segment, by part.
        spotlights: modality -> PNG that darkens what did not matter for a class; empty unless asked for.
    """

    segment: int
    frames: tuple[bytes, ...]
    frame_times: tuple[float, ...]
    spectrogram: bytes | None
    sound_span: tuple[float, float]
    top_hertz: float
    macs: Macs
    seconds: Seconds
    spotlights: Mapping[str, bytes]


def build_segment_detail(
    memory: FeatureCache, cost: CostModel, segment: int, explain: Mapping[str, int]
) -> SegmentDetail:
    """Fetch one segment's frames and sound.

    Args:
        explain: modality -> class number; a heatmap is made for each.
    """
    evidence, place = FeatureView(memory), memory.clip.segments[segment]
    frames = evidence.frames(segment) if evidence.available(segment, "rgb") else None  # T, H, W, 3
    sound = evidence.sound(segment) if evidence.available(segment, "audio") else None  # F, T
    given = memory.clip.given.sound
    heard, begin = memory.clip.info.audio, 0.0
    if heard is not None:  # as `sound_window` does: shifted inwards at the track's ends
        begin = max(heard.start, min(place.sound_center - given.seconds / 2, heard.end - given.seconds))
    shown = range(0, len(place.frame_times), max(1, len(place.frame_times) // MOST_FRAMES))
    return SegmentDetail(
        segment=segment,
        frames=() if frames is None else tuple(jpeg(frames[k].numpy(), FRAME_SIDE) for k in shown),
        frame_times=() if frames is None else tuple(place.frame_times[k] for k in shown),
        spectrogram=None if sound is None else spectrogram_png(sound.numpy(), given),
        sound_span=(begin, begin + given.seconds),
        top_hertz=given.top_hertz,
        macs=cost.full(Runs(rgb=frames is not None, audio=sound is not None)),
        seconds=_spent(memory, segment),
        spotlights=_spotlights(memory.engine, frames, sound, explain),
    )


def _spotlights(
    engine: Engine, frames: torch.Tensor | None, sound: torch.Tensor | None, explain: Mapping[str, int]
) -> dict[str, bytes]:
    lights, network = {}, engine.network
    if "rgb" in explain and frames is not None:
        normalized = normalize(frames, network.kind.input.picture)
        lights["rgb"] = heatmap_png(class_map(network.recognizers["rgb"], normalized, explain["rgb"]).numpy())
    if "audio" in explain and sound is not None:
        heat = class_map(network.recognizers["audio"], sound, explain["audio"])
        lights["audio"] = heatmap_png(heat.flip(0).numpy(), side=256)  # low frequencies to the bottom
    return lights


def _spent(memory: FeatureCache, segment: int) -> Seconds:
    def of(*kinds: str) -> float:
        return round(sum(memory.seconds.get((kind, segment), 0.0) for kind in kinds), 6)

    return Seconds(
        decode=of("frames", "spectrogram"),
        decide=of("glimpse_rgb", "glimpse_audio"),
        rgb=of("features_rgb", "rgb"),
        audio=of("features_audio", "audio"),
    )
