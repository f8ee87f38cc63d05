"""One clip to its rows. The same worker serves every engine; it holds the model, and no error of a clip stops it."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

from adamml.batch.archive import ArchiveClip
from adamml.batch.settings import BatchSettings
from adamml.batch.tables import Outcome, analyzed, failed
from adamml.recognizer import Recognizer

DIED = "WorkerDiedError"
TRIES = 2


@dataclass(frozen=True, kw_only=True)
class WorkerConfig:
    """What a worker needs to begin; it travels to other processes and machines, so `load` must pickle."""

    load: Callable[[], Recognizer]
    settings: BatchSettings


class Worker:
    """Loads the model once; called with a clip, it answers with what came of it."""

    def __init__(self, recipe: WorkerConfig) -> None:
        import torch

        torch.set_num_threads(recipe.settings.threads)
        self._recognizer, self._settings = recipe.load(), recipe.settings
        torch.set_num_threads(recipe.settings.threads)  # whatever loading did

    def __call__(self, clip: ArchiveClip) -> Outcome:
        asked, began, cpu = self._settings, time.perf_counter(), _cpu_seconds()
        try:
            analysis = self._recognizer.analyze(
                clip.file, asked.policy, asked.segments, asked.profile, start=clip.start, end=clip.end
            )
        except Exception as error:  # one bad clip never stops the rest; its row names the error
            return failed(clip, type(error).__name__, str(error))
        return analyzed(clip, analysis, wall=time.perf_counter() - began, cpu=_cpu_seconds() - cpu)


def died(clip: ArchiveClip) -> Outcome:
    """A clip whose worker ended without an answer, again and again."""
    return failed(clip, DIED, f"The process that analyzed this clip ended without an answer, {TRIES} times.")


def _cpu_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)
