"""The one interface to the networks: one segment, or many in a row, whatever runs them.

A segment's result never depends on which others are computed with it or were before: a backend always runs batches of
one fixed size, which on a CPU is one, and a batch that is not full is filled up.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

from adamml.engine.submodules import missing_glimpse
from adamml.engine.threads import OneCore
from adamml.nn import MODALITIES, AdaMML

Result = TypeVar("Result")


class Backend(Protocol):
    """What runs the parts of `adamml.engine.submodules`."""

    name: str
    precision: str  # of the large part: "float32", "bfloat16" or "float16"; features are float32 whatever it is
    batch: int  # segments that one call takes, exactly
    preparation: float  # seconds that were spent on what later loads find ready made

    def concurrency(self, part: str) -> int:
        """How many calls at once are worth their while."""
        ...

    def multithreaded(self, part: str) -> bool:
        """Whether a call that has nothing beside it is quicker by taking the cores that the other lanes leave."""
        ...

    def in_own_threads(self, part: str) -> bool:
        """Whether a call is computed elsewhere than in the thread that makes it."""
        ...

    def run(self, part: str, inputs: Tensor, *, exclusive: bool) -> Tensor:
        """(batch, ...) -> (batch, D) float32 on the CPU; `exclusive` when no call runs beside it.

        The result is the same to the bit either way. Safe to call from several threads.
        """
        ...


class Computed(NamedTuple):
    """Features (D,) of one segment, and the seconds that they took."""

    features: Tensor
    seconds: float


class Engine:
    """A model's networks, ready to run. Safe to share between threads.

    Args:
        network: in evaluation mode; stays as it is. Classifiers are taken from it, and Grad-CAM reads it.
        deciders: networks of policies by name; the network's own is there as "adamml".
        backend: runs the parts.
        missing: what the policy is given in place of a modality that is not there, where that is known already.
    """

    def __init__(
        self,
        network: AdaMML,
        deciders: Mapping[str, nn.Module],
        backend: Backend,
        missing: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.network, self.backend = network, backend
        self.deciders: dict[str, nn.Module] = {"adamml": network.policy} | dict(deciders)
        self._news = self.preparation
        self._one_core = OneCore()
        self._missing = missing or {m: missing_glimpse(network, m) for m in MODALITIES}

    @property
    def preparation(self) -> str:
        """A sentence on what loading had to do that happens only once on a machine; empty when nothing was."""
        seconds = self.backend.preparation
        return f"Prepared the networks for this machine, once: {seconds:.0f} s" if seconds else ""

    def pop_message(self) -> str:
        """`preparation` when asked first, empty from then on."""
        news, self._news = self._news, ""
        return news

    def run(self, part: str, observed: Tensor) -> Computed:
        """A part on one segment, without a batch axis; shapes are in `adamml.engine.submodules`."""
        return self._batch(part, [observed])[0]

    def many(self, part: str, observed: Iterable[Tensor], most: int | None = None) -> Generator[Computed, None, None]:
        """A part on segment after segment, in order; `most` is how many there are at most, where that is known.

        Inputs are taken as they come: while the next one is waited for, those before are computed, a few at once
        where that pays. What is left over at the end, fewer than there are lanes, runs one after the other on all
        cores, where the part can use them. Closing the iterator stops it.
        """
        coming = iter(observed)
        yield from self._side_by_side(part, islice(coming, self._abreast(part, most)))
        while group := list(islice(coming, self.backend.batch)):
            yield from self._batch(part, group)

    def _abreast(self, part: str, most: int | None) -> int | None:
        """How many of at most `most` segments run side by side; None for all of them."""
        concurrency = self.backend.concurrency(part)
        if concurrency == 1 or most == 1:
            return 0
        if most is None or not self.backend.multithreaded(part):
            return None
        return most - most % (concurrency * self.backend.batch)

    def _side_by_side(self, part: str, coming: Iterator[Tensor]) -> Generator[Computed, None, None]:
        concurrency = self.backend.concurrency(part)
        pool, ahead = ThreadPoolExecutor(concurrency, thread_name_prefix=part), deque[Future[list[Computed]]]()
        try:
            while group := list(islice(coming, self.backend.batch)):
                ahead.append(pool.submit(self._batch, part, group, concurrency))
                if len(ahead) > concurrency:
                    yield from ahead.popleft().result()
            while ahead:
                yield from ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def missing_glimpse(self, modality: str) -> Tensor:
        """(D,): what the policy is given in place of a modality that is not there."""
        return self._missing[modality]

    def glimpse_part(self, modality: str) -> str:
        """The part whose features the policy is given: the recognizer itself where it is shared."""
        return f"features_{modality}" if modality in self.network.shared else f"glimpse_{modality}"

    def sounds(self, features_D: Tensor) -> Tensor:
        """An audio recognizer's features -> scores of the sounds that it can name (527,), from 0 to 1."""
        recognizer = self.network.recognizers["audio"]
        return self._one_core.run(lambda: recognizer.sounds(features_D[None])[0].sigmoid())[0]

    def decide(self, step: Callable[[], Result]) -> tuple[Result, float]:
        """A step of a decider, and the seconds that it took."""
        return self._one_core.run(step)

    def classify(self, modality: str, features_D: Tensor) -> Tensor:
        """A recognizer's features -> its logits (K,)."""
        return self._one_core.run(lambda: self.network.recognizers[modality].classify(features_D[None])[0])[0]

    def _batch(self, part: str, group: list[Tensor], concurrency: int = 1) -> list[Computed]:
        """One call; `concurrency` of them run side by side, each on one core."""
        size = self.backend.batch
        filled = group + [group[0]] * (size - len(group))
        full = torch.stack(filled) if size > 1 else group[0][None]  # a single one is not copied
        # Side by side, a call also waits for cores that others have: what it took is what it computed, and of what
        # all of them take together it is given its part. So seconds add up to about what a person waits. What is
        # computed in other threads can only be told by the clock on the wall.
        alone = concurrency == 1 or self.backend.in_own_threads(part)
        clock = time.perf_counter if alone else time.thread_time
        began = clock()
        features_BD = self.backend.run(part, full, exclusive=concurrency == 1)
        share = (clock() - began) / concurrency / len(group)
        return [Computed(row, share) for row in features_BD[: len(group)]]
