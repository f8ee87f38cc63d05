"""Kinetics made ready for training: lists and a folder of clips in, a manifest and a report out.

    OUT/manifest.csv    what training and evaluation read
    OUT/report.json     what is missing, broken, there twice; report.md: the same by class, for people
    OUT/clips/<class>/  parts cut out of whole videos; trimmed clips stay where they are
    OUT/journal.jsonl   one line per clip that was looked over

A run that was stopped goes on from the journal: a clip whose file has not changed since is not looked over again.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from adamml.datasets.cut import CutError, cut
from adamml.datasets.inspect_clip import CRASHED, Inspection, inspect, same_files
from adamml.datasets.journal import Journal, Ready, Work
from adamml.datasets.kinetics import Folder, ListedClip, balanced, read_lists, straddling_ids
from adamml.datasets.kinetics_report import ClassCounts, KineticsReport
from adamml.datasets.manifest import SPLITS, ClipEntry, ManifestError, write_manifest
from adamml.datasets.process_pool import in_processes
from adamml.files import check_folder, write_all
from adamml.media import ClipError, probe, settings_for

ORIGINAL_SUBSET = {"train": 2521, "test": 1462}  # clips of all 400 classes, as the project had that this one grew from
TRIMMED_SLACK_S = 1.0  # a file that is no longer than its clip by this much is the clip
LEAST_S = 1.0  # of a part that is cut out of a video which ends early
REPORTS, MANIFEST, JOURNAL = ("report.json", "report.md"), "manifest.csv", "journal.jsonl"
Say = Callable[[str], None]


def prepare_kinetics(
    tables: Sequence[Path],
    clips: Path,
    out: Path,
    *,
    classes: Collection[str] | None = None,
    train: int | None = None,
    test: int | None = None,
    seed: int = 0,
    workers: int = 1,
    say: Say = print,
) -> KineticsReport:
    """Find, cut, look over and list the clips of the lists, or of a seeded, class-balanced subset of them.

    Args:
        tables: official lists (CSV).
        clips: the folder of clips, see `adamml.datasets.kinetics`.
        out: the folder that is written.
        classes: names; None for all.
        train, test: clips of each side, spread evenly over the classes; None for all, 0 for none. What turns out to
            be broken is replaced by the next of its class.
        workers: processes.
        say: called with lines that tell how far it is.

    Raises:
        ManifestError: when a list or the folder cannot be used, or nothing in the folder can.
        OSError: when `out` cannot be written.
    """
    rows = read_lists(tables, classes)
    folder = Folder(clips)
    paths = [folder.path_of(row) for row in rows]
    straddling, parts = straddling_ids(rows), Counter(row.identity for row in rows)
    asked = {"train": train, "test": test}
    unusable = {
        place
        for place, row in enumerate(rows)
        if paths[place] is None or (row.split == "train" and row.identity in straddling)
    }
    check_folder(out, (*REPORTS, MANIFEST, JOURNAL), inputs=[*tables, *(path for path in paths if path is not None)])
    out.mkdir(parents=True, exist_ok=True)
    journal = Journal(out / JOURNAL)
    ready: dict[int, Ready] = {}
    copies: dict[int, int] = {}
    while True:  # until nothing chosen turns out to be unusable
        chosen = [place for split, number in asked.items() for place in balanced(rows, split, unusable, number, seed)]
        work = {
            place: Work(
                row=(row := rows[place]),
                source=path,
                target=out / "clips" / _folder_name(row) / row.name,
                several=parts[row.identity] > 1,
            )
            for place in chosen
            if place not in ready and (path := paths[place]) is not None
        }
        ready |= _looked_over(work, journal, workers, say)
        broken = {place for place in chosen if ready[place].found.fault}
        twice = _copies(rows, {place: ready[place].found.sha256 for place in chosen if place not in broken})
        copies |= twice
        unusable |= broken | set(twice)
        if not broken and not twice:
            break
    chosen.sort()
    broken = {place for place, done in ready.items() if done.found.fault}
    left_out = folder.left_out(paths, rows)
    report = replace(_report(rows, paths, chosen, ready, broken, copies, asked, straddling), left_out=left_out)
    texts = (report.to_json(), f"{report.table()}\n```\n{report}\n```\n")
    write_all({out / name: text for name, text in zip(REPORTS, texts, strict=True)}, inputs=tables)
    if not chosen:
        why = "; ".join(f"{name}: {fault}" for name, fault in list(report.broken.items())[:1])
        raise ManifestError(
            f"none of the {len(rows)} clips listed can be used from {str(clips)!r}"
            + (f" ({why})" if why else f"; they should be named like {rows[0].name}.mp4")
        )
    write_manifest(
        out / MANIFEST,
        [
            ClipEntry(path=Path(ready[place].path), label=row.label, split=row.split, group=row.identity)
            for place in chosen
            for row in [rows[place]]
        ],
    )
    return report


def _folder_name(row: ListedClip) -> str:
    return re.sub(r"[^\w (),'-]", "_", row.label)


def _copies(rows: Sequence[ListedClip], checksums: Mapping[int, str]) -> dict[int, int]:
    """Clip -> the one with the same bytes that stays: one of the test side if there is any, else the first listed."""
    found: dict[int, int] = {}
    for places in same_files(checksums):
        kept = min(places, key=lambda place: (rows[place].split != "test", place))
        found |= {place: kept for place in places if place != kept}
    return found


def _looked_over(work: Mapping[int, Work], journal: Journal, workers: int, say: Say) -> dict[int, Ready]:
    known = {place: done for place, job in work.items() if (done := journal.known(job)) is not None}
    todo = [place for place in work if place not in known]
    began = time.monotonic()
    results = in_processes(_make_ready, [work[place] for place in todo], workers)
    for count, (number, ready) in enumerate(results, start=1):
        place = todo[number]
        job = work[place]
        known[place] = ready or Ready(path=str(job.source), found=Inspection(fault=CRASHED))
        journal.note(job, known[place])
        left = int((time.monotonic() - began) / count * (len(todo) - count))
        say(f"{count} of {len(todo)} clips looked over, {timedelta(seconds=left)} left")
    return known


def _make_ready(job: Work) -> Ready:
    """Cut the clip out where its file is longer than it, and look it over. Faults are part of the result."""
    row = job.row
    path, way = job.source, ""
    try:
        if job.source.stem == row.identity:
            info = probe(job.source, settings_for("local"))
            if info.duration > row.end - row.start + TRIMMED_SLACK_S:
                if info.duration < row.start + LEAST_S:
                    raise CutError(f"it ends at {info.duration:.0f} s, before the part from {row.start:.0f} s on")
                path, way = cut(job.source, job.target, row.start, row.end - row.start, info)
            elif job.several:
                raise CutError("it is too short to be the whole video, and could be any of the parts listed of it")
    except (ClipError, CutError, OSError) as error:
        return Ready(path=str(path), found=Inspection(fault=str(error)))
    return Ready(path=str(path.absolute()), way=way, found=inspect(path))


def _report(
    rows: Sequence[ListedClip],
    paths: Sequence[Path | None],
    chosen: Sequence[int],
    ready: Mapping[int, Ready],
    broken: Collection[int],
    copies: Mapping[int, int],
    asked: Mapping[str, int | None],
    straddling: Collection[str],
) -> KineticsReport:
    listed = [place for place, row in enumerate(rows) if asked[row.split] != 0]
    missing = [place for place in listed if paths[place] is None]
    places = {
        "listed": listed,
        **{split: [place for place in chosen if rows[place].split == split] for split in SPLITS},
        "missing": missing,
        "broken": broken,
        "duplicate": copies,
        "silent": [place for place in chosen if not ready[place].found.sound],
    }
    counts = {column: Counter(rows[place].label for place in found) for column, found in places.items()}
    labels = sorted({row.label for row in rows})
    return KineticsReport(
        classes={label: ClassCounts(**{column: of[label] for column, of in counts.items()}) for label in labels},
        asked={split: number for split, number in asked.items() if number is not None},
        missing=[rows[place].name for place in missing],
        broken={rows[place].name: ready[place].found.fault for place in sorted(broken)},
        duplicates={rows[place].name: rows[kept].name for place, kept in sorted(copies.items())},
        straddling=sorted(straddling),
        cut=dict(Counter(ready[place].way for place in chosen if ready[place].way)),
    )
