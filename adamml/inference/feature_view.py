"""What may be known about a clip, computed only when asked for, and charged to who asked.

`FeatureView` is one policy's view of a session's memory: it notes what the policy used, so that each policy is charged
for exactly that, whoever had it computed first. Asked for several segments at once, it takes frames as the decoder
delivers them and computes meanwhile. Seconds are explained at `adamml.results.analysis.Seconds`.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain, islice
from typing import TypeVar

import torch
from torch import Tensor, nn

from adamml.inference.feature_cache import FeatureCache, Key
from adamml.media import FRONT_ENDS
from adamml.nn import MODALITIES
from adamml.nn.cost import Runs
from adamml.nn.fusion import FusionRule
from adamml.nn.running_fusion import RunningFusion
from adamml.results.analysis import Seconds

Result = TypeVar("Result")
TRACK: Key = ("track", -1)  # the sound track belongs to the whole clip


class PolicyMissingError(ValueError):
    """A policy was asked for that the loaded model does not have."""


class FeatureView:
    """A policy's lazy view of a clip. Segment numbers in, tensors out; nothing unasked is decoded or computed.

    Args:
        fusion: the rule that the answer is joined by; the model's own when left out.
        temperature: of the clip's scores under this policy.
    """

    def __init__(self, memory: FeatureCache, fusion: FusionRule | None = None, temperature: float = 1.0) -> None:
        self._memory = memory
        self._fusion, self.temperature = fusion or memory.engine.network.kind.fusion, temperature
        self._used: set[Key] = set()
        self._decider = "adamml"
        self._steps = {"decide": 0, "judge": 0}
        self._step_seconds = {"decide": 0.0, "judge": 0.0}

    @contextmanager
    def of_piece(self, memory: FeatureCache) -> Iterator[None]:
        """A view of the next piece of a live clip, and of nothing afterwards; what was used before is charged no more.

        Whatever is at work on this view goes on.
        """
        self._memory = memory
        self._used.clear()
        self._steps, self._step_seconds = {"decide": 0, "judge": 0}, {"decide": 0.0, "judge": 0.0}
        try:
            yield
        finally:
            del self._memory

    @property
    def segments(self) -> int:
        """How many there are in the clip."""
        return len(self._memory.clip.segments)

    @property
    def classes(self) -> int:
        """K of the recognizers."""
        return self._memory.engine.network.num_classes

    @property
    def rgb_weight(self) -> Tensor:
        """(1,): what picture weighs against sound when both are fused."""
        return self._memory.engine.network.rgb_weight.detach()

    def nothing_so_far(self) -> RunningFusion:
        """An answer to add cells to."""
        return RunningFusion(self.classes, self.rgb_weight, self._fusion)

    def feature_dim(self, modality: str) -> int:
        """D of a recognizer's features."""
        return self._memory.engine.network.kind.spec(modality).feature_dim

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

    def frames(self, segment: int) -> Tensor:
        """(T, H, W, 3) uint8 RGB."""
        self._used.add(("frames", segment))
        return next(self._frames([segment]))

    def sound(self, segment: int) -> Tensor:
        """(F, steps), as the model's front end gives it."""
        clip = self._memory.clip
        self._used |= {TRACK, ("spectrogram", segment)}
        self._memory.compute(TRACK, lambda: clip.silent)
        window, front_end = clip.segments[segment], FRONT_ENDS[clip.given.sound.front_end]
        return self._memory.compute(("spectrogram", segment), lambda: front_end(clip.window(window)))

    def glimpses(self, segments: Sequence[int]) -> Generator[tuple[Tensor, Tensor], None, None]:
        """What the policy is given of picture and sound, (D,) each, of segment after segment.

        Where a modality is missing, its place is taken by a constant. The picture is decoded in one pass, and its
        beginning while the sound is decoded.
        """
        engine = self._memory.engine
        missing = {m: engine.missing_glimpse(m) for m in MODALITIES}
        visible = [s for s in segments if self.available(s, "rgb")]
        with ThreadPoolExecutor(1) as aside, closing(self._computed(engine.glimpse_part("rgb"), visible)) as seen:
            listening = aside.submit(lambda: [s for s in segments if self.available(s, "audio")])
            pictures = chain(list(islice(seen, 1)), seen)
            audible = listening.result()
            with closing(self._computed(engine.glimpse_part("audio"), audible)) as heard:
                with_picture, with_sound = set(visible), set(audible)
                for s in segments:
                    yield (
                        next(pictures) if s in with_picture else missing["rgb"],
                        next(heard) if s in with_sound else missing["audio"],
                    )

    def glimpse(self, segment: int, modality: str) -> Tensor:
        """(D,) of one modality in one segment, as `glimpses` gives it."""
        if not self.available(segment, modality):
            return self._memory.engine.missing_glimpse(modality)
        return next(self.glimpses_of([segment], modality))

    def glimpses_of(self, segments: Sequence[int], modality: str) -> Generator[Tensor, None, None]:
        """(D,) of segment after segment, all of which have the modality."""
        return self._computed(self._memory.engine.glimpse_part(modality), segments)

    def features_of(self, segments: Sequence[int], modality: str) -> Generator[Tensor, None, None]:
        """(D,) of the recognizer, of segment after segment, all of which have the modality."""
        return self._computed(f"features_{modality}", segments)

    def features(self, segment: int, modality: str) -> Tensor:
        """(D,) of the recognizer. This is what skipping saves."""
        return next(self.features_of([segment], modality))

    def modality_logits(self, segment: int, modality: str) -> Tensor:
        """(K,) of the recognizer."""
        return next(self.logits([segment], modality))

    def logits(self, segments: Sequence[int], modality: str) -> Generator[Tensor, None, None]:
        """(K,) of the recognizer, of segment after segment. A picture is decoded while those before are looked at."""
        classify = self._memory.engine.classify
        with closing(self._computed(f"features_{modality}", segments)) as features:
            for segment, features_D in zip(segments, features, strict=True):
                self._used.add((modality, segment))
                yield self._memory.compute((modality, segment), partial(classify, modality, features_D))

    def heard(self, segments: Sequence[int]) -> dict[int, Tensor]:
        """Scores (527,) of the sounds by segment, where the audio recognizer names sounds and has run anyway."""
        memory = self._memory
        if not memory.engine.network.kind.audio.names_sounds:
            return {}
        return {
            s: memory.compute(("sounds", s), partial(memory.engine.sounds, memory["features_audio", s]))
            for s in segments
            if ("features_audio", s) in self._used
        }

    def _computed(self, part: str, segments: Sequence[int]) -> Generator[Tensor, None, None]:
        """What a part of the engine says of segment after segment; only what is not remembered is run."""
        memory, rgb = self._memory, part.endswith("rgb")
        missing = [s for s in segments if (part, s) not in memory]
        run = set(missing)
        with (
            closing(self._frames(missing) if rgb else self._sounds(missing)) as observed,
            closing(memory.engine.many(part, observed, len(missing))) as results,
        ):
            for s in segments:
                # A result that is remembered is charged like one that is computed, its input included.
                self._used |= {(part, s), ("frames", s)} if rgb else {(part, s), ("spectrogram", s), TRACK}
                if s in run:
                    memory.put((part, s), *next(results))
                yield memory[(part, s)]

    def _frames(self, segments: Sequence[int]) -> Generator[Tensor, None, None]:
        """(T, H, W, 3) uint8 of segment after segment, in one pass over the file, as they are decoded."""
        memory, clip = self._memory, self._memory.clip
        missing = [s for s in segments if ("frames", s) not in memory]
        decode = set(missing)
        with closing(clip.stream([clip.segments[s] for s in missing])) as decoded:
            for s in segments:
                if s in decode:
                    began = time.perf_counter()
                    index, pixels = next(decoded)
                    assert index == s, "the decoder delivers in order"
                    memory.put(("frames", s), pixels, time.perf_counter() - began)
                yield torch.from_numpy(memory[("frames", s)])

    def _sounds(self, segments: Iterable[int]) -> Generator[Tensor, None, None]:
        """(F, steps) of segment after segment."""
        for s in segments:
            yield self.sound(s)

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
        result, seconds = self._memory.engine.decide(step)
        self._steps[kind] += 1
        self._step_seconds[kind] += seconds
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
            features_rgb=count("features_rgb"),
            features_audio=count("features_audio"),
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
