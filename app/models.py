"""The models that visitors choose from, and their recognizers: loaded when they are asked for, a few in memory at most.

A recognizer takes some hundred megabytes, and every open clip holds on to its own. So when the least recently used one
goes, whoever keeps clips open is told (`dropped`) and closes those of that model.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable

import adamml

MAX_LOADED = 2
_log = logging.getLogger(__name__)


class Models:
    """All models of this process. Safe to share between threads.

    Args:
        default: the name of the model that serves unless another is chosen.
        dropped: is told the name of a model that left the memory.
    """

    def __init__(self, default: str, dropped: Callable[[str], None]) -> None:
        self._default, self._dropped = default, dropped
        self._loaded: OrderedDict[str, adamml.Recognizer] = OrderedDict()  # the last one was used last
        self._given: dict[str, adamml.Recognizer] = {}
        self._cards: dict[str, adamml.ModelCard] | None = None
        self._lock, self._loading = threading.Lock(), threading.Lock()

    def serve(self, *given: adamml.Recognizer) -> None:
        """Serve these, the first by default, instead of what is installed."""
        self._given = {recognizer.card.name: recognizer for recognizer in given}

    def cards(self) -> dict[str, adamml.ModelCard]:
        """Name -> what the model says of itself, the default first. Read once; no weights are loaded."""
        if self._given:
            return {name: recognizer.card for name, recognizer in self._given.items()}
        if self._cards is None:
            try:
                folder = adamml.resolve(self._default)  # fetched now, if that is what it takes
            except adamml.CheckpointError:  # names our files, no visitor's
                _log.exception("the model cannot be used")
                return {model.name: model.card for model in adamml.installed_models()}
            installed = adamml.installed_models()
            known = {model.where.resolve(): model.name for model in installed}
            self._default = known.get(folder.resolve(), self._default)  # a path, or one in place of what was asked for
            cards = {model.name: model.card for model in installed}
            self._cards = {self._default: adamml.card_of(self._default)} | cards
        return self._cards

    def name(self, wanted: str | None) -> str:
        """The name of the model that answers for this one: itself, or the default where it is none or unknown."""
        cards = self.cards()
        return wanted if wanted in cards else next(iter(cards), self._default)

    def card(self, wanted: str | None = None) -> adamml.ModelCard | None:
        """What a model says of itself, whether or not its weights are loaded; None when there is no model at all."""
        return self.cards().get(self.name(wanted))

    def recognizer(self, wanted: str | None = None) -> adamml.Recognizer:
        """A model's recognizer; the first call loads it, which takes seconds.

        Raises:
            CheckpointError: when it is missing or damaged.
        """
        name = self.name(wanted)
        if name in self._given:
            return self._given[name]
        if (ready := self._remembered(name)) is not None:
            return ready
        with self._loading:  # one at a time; whoever needs a loaded one does not wait here
            if (ready := self._remembered(name)) is not None:
                return ready
            ready = adamml.Recognizer.load(name)
            with self._lock:
                self._loaded[name] = ready
                late = [self._loaded.popitem(last=False)[0] for _ in range(len(self._loaded) - MAX_LOADED)]
        for each in late:
            self._dropped(each)
        return ready

    def _remembered(self, name: str) -> adamml.Recognizer | None:
        with self._lock:
            if name in self._loaded:
                self._loaded.move_to_end(name)
            return self._loaded.get(name)
