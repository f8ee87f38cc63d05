"""What may be known about a clip, computed only when asked for, remembered, and metered.

`ClipMemory` belongs to a session: it computes each thing once and keeps small results (logits, glimpses) for good and
large ones (frames) only while their stretch of the clip is being worked on. `Evidence` is one policy's view of it: it
notes what the policy used, so that each policy is charged for exactly that, whoever had it computed first.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from adamml.analysis import Seconds
from adamml.cost import Runs
from adamml.engine import Engine
from adamml.media import Clip, log_spectrogram

Result = TypeVar("Result")
Key = tuple[str, int]  # what, segment
TRACK: Key = ("track", -1)  # the sound track belongs to the whole clip
LARGE = ("frames", "spectrogram")


class PolicyMissingError(ValueError):
    """A policy was asked for that the loaded model does not have."""


class ClipMemory:
    """Computes and remembers. Every entry keeps the seconds that it took when it was first computed."""

    def __init__(self, clip: Clip, engine: Engine) -> None:
        self.clip, self.engine = clip, engine
        self.seconds: dict[Key, float] = {}
        self._values: dict[Key, Any] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._values

    def __getitem__(self, key: Key) -> Any:
        return self._values[key]

    def compute(self, key: Key, work: Callable[[], Any]) -> Any:
        """The remembered value, or the result of `work`, timed."""
        if key not in self._values:
            began = time.perf_counter()
            with torch.inference_mode():
                value = work()
            self.put(key, value, time.perf_counter() - began)
        return self._values[key]

    def put(self, key: Key, value: Any, seconds: float) -> None:
        self._values[key] = value
        self.seconds.setdefault(key, seconds)

    def drop_large(self) -> None:
        """Forget frames and spectrograms; what was concluded from them is small and is kept."""
        for key in [key for key in self._values if key[0] in LARGE]:
            del self._values[key]


class Evidence:
    """A policy's lazy view of a clip. Segment numbers in, tensors out; nothing unasked is decoded or computed."""

    def __init__(self, memory: ClipMemory) -> None:
        self._memory = memory
        self._used: set[Key] = set()
        self._decider = "adamml"
        self._steps = {"decide": 0, "judge": 0}
        self._step_seconds = {"decide": 0.0, "judge": 0.0}

    @property
    def segments(self) -> int:
        """How many there are in the clip."""
        return len(self._memory.clip.segments)

    @property
    def classes(self) -> int:
        """K of the recognisers."""
        return self._memory.engine.network.num_classes

    @property
    def rgb_weight(self) -> Tensor:
        """(1,): what picture weighs against sound when both are fused."""
        return self._memory.engine.network.rgb_weight.detach()

    def available(self, segment: int, modality: str) -> bool:
        """Whether the clip has this modality there. Asking about sound decodes the sound track, and is charged."""
        clip = self._memory.clip
        if modality == "rgb":
            return clip.has_picture(clip.segments[segment])
        if clip.info.audio is None:
            return False
        self._used.add(TRACK)
        self._memory.compute(TRACK, lambda: clip.silent)
        return clip.has_sound(clip.segments[segment])

    def knows_sound(self) -> bool:
        """Whether anything was asked about the sound track through this view."""
        return TRACK in self._used

    def decode_frames(self, segments: Iterable[int], purpose: str) -> None:
        """Fetch the frames of several segments in one pass over the file.

        Segments whose frames are there already, or whose result for `purpose` ("features_rgb" or "glimpse_rgb") is
        remembered, are left out.
        """
        clip, memory = self._memory.clip, self._memory
        wanted = [clip.segments[s] for s in segments if ("frames", s) not in memory and (purpose, s) not in memory]
        began = time.perf_counter()
        decoded = clip.frames([segment for segment in wanted if clip.has_picture(segment)])
        share = (time.perf_counter() - began) / max(1, len(decoded))
        for index, pixels in decoded.items():
            self._memory.put(("frames", index), pixels, share)

    def frames(self, segment: int) -> Tensor:
        """(8, 224, 224, 3) uint8 RGB."""
        self._used.add(("frames", segment))
        self.decode_frames([segment], "frames")
        return torch.from_numpy(self._memory[("frames", segment)])

    def sound(self, segment: int) -> Tensor:
        """(256, 256) log spectrogram."""
        clip = self._memory.clip
        self._used |= {TRACK, ("spectrogram", segment)}
        self._memory.compute(TRACK, lambda: clip.silent)
        window = clip.segments[segment]
        return self._memory.compute(("spectrogram", segment), lambda: log_spectrogram(clip.window(window)))

    def glimpse(self, segment: int, modality: str) -> Tensor:
        """(1280,) features of the policy's own small network; a constant where the modality is missing."""
        engine = self._memory.engine
        network = engine.glimpse_rgb if modality == "rgb" else engine.glimpse_audio
        if not self.available(segment, modality):
            return network(None)
        return self._run(f"glimpse_{modality}", segment, modality, network)

    def features(self, segment: int, modality: str) -> Tensor:
        """(2048,) for "rgb" or (1280,) for "audio", of the recogniser. This is what skipping saves."""
        engine = self._memory.engine
        network = engine.rgb_features if modality == "rgb" else engine.audio_features
        return self._run(f"features_{modality}", segment, modality, network)

    def modality_logits(self, segment: int, modality: str) -> Tensor:
        """(K,) of the recogniser."""
        features = self.features(segment, modality)
        self._used.add((modality, segment))
        classify = self._memory.engine.classify
        return self._memory.compute((modality, segment), lambda: classify(modality, features))

    def _run(self, what: str, segment: int, modality: str, network: Callable[[Tensor], Tensor]) -> Tensor:
        key = (what, segment)
        # A result that is remembered is charged like one that is computed, its input included.
        self._used |= {key, ("frames", segment)} if modality == "rgb" else {key, ("spectrogram", segment), TRACK}
        if key not in self._memory:
            observed = self.frames(segment) if modality == "rgb" else self.sound(segment)
            self._memory.compute(key, lambda: network(observed))
        return self._memory[key]

    def decider(self, name: str) -> nn.Module:
        """The network of a learned policy, whose steps `decide` and `judge` then meter.

        Raises:
            PolicyMissingError: when this model comes without it.
        """
        self._decider = name
        try:
            return self._memory.engine.deciders[name]
        except KeyError:
            raise PolicyMissingError(f"this model comes without the policy {name!r}") from None

    def decide(self, step: Callable[[], Result]) -> Result:
        """One step of the decider, counted and timed."""
        return self._metered("decide", step)

    def judge(self, step: Callable[[], Result]) -> Result:
        """One step of a decider that also names the class (LiteEval's fine LSTM), counted and timed as fusion."""
        return self._metered("judge", step)

    def _metered(self, kind: str, step: Callable[[], Result]) -> Result:
        began = time.perf_counter()
        with torch.inference_mode():
            result = step()
        self._steps[kind] += 1
        self._step_seconds[kind] += time.perf_counter() - began
        return result

    def runs(self) -> Runs:
        """How often each part was used through this view."""

        def count(what: str) -> int:
            return sum(key[0] == what for key in self._used)

        return Runs(
            rgb=count("rgb"),
            audio=count("audio"),
            glimpse_rgb=count("glimpse_rgb"),
            glimpse_audio=count("glimpse_audio"),
            decider=self._decider,
            decide=self._steps["decide"],
            judge=self._steps["judge"],
            fuse=0
            if self._steps["judge"]
            else len({segment for what, segment in self._used if what in ("rgb", "audio")}),
        )

    def measured(self, fusion: float) -> Seconds:
        """Seconds of everything used through this view, as measured when it was computed."""

        def spent(*kinds: str) -> float:
            return round(sum(self._memory.seconds[key] for key in self._used if key[0] in kinds) + 0.0, 6)

        return Seconds(
            decode=spent("frames", "track", "spectrogram"),
            decide=spent("glimpse_rgb", "glimpse_audio") + round(self._step_seconds["decide"], 6),
            rgb=spent("features_rgb", "rgb"),
            audio=spent("features_audio", "audio"),
            fusion=round(fusion + self._step_seconds["judge"], 6),
        )
