"""A whole archive into one data set: what is missing is analyzed, by whichever engine, and kept."""

import json
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from adamml.batch import local_processes, ray_cluster
from adamml.batch.archive import ArchiveClip, BatchError, list_archive
from adamml.batch.progress import Progress, format_duration
from adamml.batch.store import LOCK_FILE, SAVE_SECONDS, SETTINGS_FILE, Store
from adamml.batch.worker import WorkerConfig
from adamml.datasets.find_clips import LeftOut
from adamml.files import check_folder, write_whole

ENGINES = ("local", "ray")
LEFT_OUT_FILE = "left_out.json"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a run did, and what the data set holds after it.

    Attributes:
        folder: of the data set.
        clips: in it, of this archive.
        errors: kind of error -> how many clips of this run have it.
        before: clips that were done when the run began; failed_before: of them, how many had failed.
        analyzed: clips of this run, errors included.
        seconds: that the run took, by the clock; video_seconds: that the clips last.
        gone: clips in the data set that are no longer in the archive.
        bytes: of the data set.
        left_out: files of the archive that are no clips, by reason; all are named in `left_out.json`.
    """

    folder: Path
    clips: int
    before: int
    failed_before: int
    analyzed: int
    errors: dict[str, int] = field(default_factory=dict)
    seconds: float
    video_seconds: float
    gone: int
    bytes: int
    left_out: LeftOut = field(default_factory=LeftOut)

    def __str__(self) -> str:
        failed = sum(self.errors.values())
        lines = [
            f"{self.folder}: {self.clips} clips, {self.clips - failed - self.failed_before} analyzed, "
            f"{failed + self.failed_before} failed; {self.bytes / 1e6:.3g} MB",
        ]
        if self.analyzed:
            lines.append(
                f"this run  {self.analyzed} clips in {format_duration(self.seconds)}: "
                f"{self.analyzed / self.seconds:.2f} clips/s, {self.video_seconds / self.seconds:.1f} s of video per s"
            )
        if self.before:
            lines.append(f"earlier   {self.before} clips, not analyzed again")
        lines += [f"failed    {count} {kind}" for kind, count in sorted(self.errors.items())]
        if self.failed_before:
            lines.append(f"failed    {self.failed_before} earlier (--retry-failed tries them again)")
        lines += self.left_out.lines()
        if self.gone:
            lines.append(f"note      {self.gone} clips of the data set are no longer there; their rows were kept")
        return "\n".join(lines)


def run_batch(
    source: Path,
    out: Path,
    recipe: WorkerConfig,
    *,
    engine: str = "local",
    workers: int | None = None,
    retry_failed: bool = False,
    stream: TextIO | None = sys.stderr,
    save_seconds: float = SAVE_SECONDS,
) -> Summary:
    """Analyze what is missing.

    Args:
        source: a folder of clips, or a manifest (see `adamml.datasets.manifest`).
        out: folder of the data set; begun, or gone on with.
        recipe: how to analyze.
        engine: "local" or "ray".
        workers: processes or actors; as many as the cores allow unless given.
        retry_failed: analyze clips again that failed before.
        stream: for progress; None for none.
        save_seconds: how often shards are written.

    Raises:
        BatchError: for a source, a folder or an engine that cannot be used.
        ManifestError: for a manifest that cannot be read.
        KeyboardInterrupt: when it was interrupted; what was analyzed by then is written.
    """
    if engine not in ENGINES:
        raise BatchError(f"engine must be one of {', '.join(ENGINES)}, not {engine!r}")
    if workers is not None and workers < 1:
        raise BatchError(f"at least one worker is needed, not {workers}")
    archive = list_archive(source)
    read = [source, *(clip.file for clip in archive.clips)]
    check_folder(out, (SETTINGS_FILE, LOCK_FILE, LEFT_OUT_FILE), inputs=read)
    with Store(out, recipe.settings, source, len(archive.clips), save_seconds=save_seconds) as store:
        write_whole(out / LEFT_OUT_FILE, json.dumps(archive.left_out.by_name(), indent=2) + "\n", inputs=[source])
        done = store.done()

        def is_done(clip: ArchiveClip) -> bool:
            size, modified, ok = done.get(clip.clip, (None, None, False))
            same = clip.clip in done and (size, modified) == (clip.size, clip.modified)
            return same and (ok or not retry_failed)

        missing = sorted((clip for clip in archive.clips if not is_done(clip)), key=store.place)
        before = [clip.clip for clip in archive.clips if is_done(clip)]
        progress, errors = Progress(len(archive.clips), len(before), stream), Counter[str]()
        work = ray_cluster.outcomes if engine == "ray" else local_processes.outcomes
        if missing:
            with closing(work(missing, recipe, workers)) as outcomes:
                try:
                    for outcome in outcomes:
                        store.add(outcome)
                        progress.add(outcome)
                        if not outcome.ok:
                            errors[outcome.row["error_type"]] += 1
                finally:
                    progress.end()
                    store.save()  # before the engine is closed, which may take seconds
        names = {clip.clip for clip in archive.clips}
        return Summary(
            folder=out,
            clips=len(archive.clips),
            before=len(before),
            failed_before=sum(not done[name][2] for name in before),
            analyzed=progress.clips,
            errors=dict(errors),
            seconds=progress.elapsed,
            video_seconds=progress.video_seconds,
            gone=len(done.keys() - names),
            bytes=store.size(),
            left_out=archive.left_out,
        )
