"""A recognizer over a manifest: every policy on every clip, each clip opened once, killed runs resumed.

All policies share the clip's session, so what one computed the next reuses; `Analysis.seconds` charges each policy for
all that it used all the same. `random` goes last, in a second pass over the clips: it tosses its coins at the rates
that AdaMML turned out to have, because a random policy is a fair rival only when it spends as much.

Written to the output folder: `records.jsonl`, one line per clip and policy, and `settings.json`, which says what they
were made with, so that results of two models are never mixed.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from adamml.evaluation import metrics
from adamml.evaluation.records import ClipRecord, RecordLog, record_of, truth_of_spans
from adamml.evaluation.table import Table, summarize
from adamml.files import check_folder, write_whole
from adamml.inputs import MODALITIES
from adamml.media import ClipError
from adamml.policies import Policy, RandomPolicy, get_policy
from adamml.recognizer import Recognizer

RECORDS_FILE, SETTINGS_FILE = "records.jsonl", "settings.json"
LEARNED, RANDOM = "adamml", "random"
Progress = Callable[[str], None]


class EvaluationError(ValueError):
    """An evaluation that cannot be run. The message says what to do."""


class Entry(Protocol):
    """One line of a manifest, as far as an evaluation needs it.

    path: of the file; start, end: seconds of the file that are the clip, None for all of it; label: a class name;
    cells: one letter per second of the clip (see `records.truth_of_spans`), or None.
    """

    @property
    def path(self) -> Path: ...
    @property
    def start(self) -> float | None: ...
    @property
    def end(self) -> float | None: ...
    @property
    def label(self) -> str: ...
    @property
    def cells(self) -> str | None: ...


@dataclass(frozen=True, kw_only=True)
class _Clip:
    number: int
    name: str
    label: int
    entry: Entry


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """How a policy runs on one clip; outcomes of another recipe are not reused."""

    policy: Policy
    recipe: str = ""


def evaluate_manifest(
    recognizer: Recognizer,
    entries: Sequence[Entry],
    policies: Sequence[str | Policy],
    out: Path,
    segments: int = 10,
    resume: bool = True,
    progress: Progress = print,
    *,
    root: Path | None = None,
    reference: str = "all",
    seed: int = 0,
) -> Table:
    """Run every policy on every clip and sum up.

    A clip that any policy cannot be run on is left out for all of them, and named with the reason.

    Args:
        recognizer: the model.
        entries: the clips.
        policies: names, or policies themselves. "random" gets AdaMML's own rates when "adamml" is among them.
        out: folder for the records; made if it is missing.
        segments: S.
        resume: keep the records that are there; otherwise begin anew.
        progress: takes one line per clip.
        root: folder that the clips' names are relative to, where they lie in it.
        reference, seed: see `summarize`.

    Raises:
        EvaluationError: for an unknown policy or label, a clip that is named twice, a folder with results of another
            model or setting, or when no clip at all could be used.
        RecordError: when the records on disk are damaged.
        OSError: when the folder cannot be written, or one of these files is one of the clips.
    """
    card = recognizer.card
    named = _named_policies(policies)
    clips = _named_clips(entries, card.classes, root)
    check_folder(out, (RECORDS_FILE, SETTINGS_FILE), inputs=[Path(entry.path) for entry in entries])
    facts = {
        "model": card.name,
        "version": card.version,
        "classes": list(card.classes),
        "files": {name: card.files[name] for name in sorted(card.files)},
        "fusion": recognizer.ready.fusion,
        "segments": segments,
        "precision": recognizer.precision,
    }
    run = _Run(recognizer, clips, segments, _opened_log(out, facts, resume), progress)
    run.go_through({name: _always(policy) for name, policy in named.items()})
    if RANDOM in policies:
        rate = run.rates(LEARNED) if LEARNED in named else (0.5, 0.5)
        facts["random"] = "rates " + " ".join(f"{share:.4f}" for share in rate)
        run.go_through(
            {
                RANDOM: lambda number: _Plan(
                    policy=RandomPolicy(rate=rate, seed=number), recipe=f"{facts['random']}, seed {number}"
                )
            }
        )
    names = [policy if isinstance(policy, str) else policy.name for policy in policies]
    kept = [clip for clip in clips if clip.name not in run.left_out]
    if not kept:
        reason = next(iter(run.left_out.values()), "the list of clips is empty")
        raise EvaluationError(f"no clip could be evaluated: {reason}")
    records = {name: [run.done[clip.name, name] for clip in kept] for name in names}
    facts.pop("classes")
    return summarize(records, reference, seed, classes=card.classes, left_out=run.left_out, facts=facts)


class _Run:
    """Passes over the clips, and what is known so far."""

    def __init__(
        self, recognizer: Recognizer, clips: Sequence[_Clip], segments: int, log: RecordLog, progress: Progress
    ) -> None:
        self.recognizer, self.clips, self.segments = recognizer, clips, segments
        self.log, self.progress = log, progress
        self.done = {(record.clip, record.policy): record for record in log.records}  # of two, the later one counts
        self.left_out: dict[str, str] = {}

    def go_through(self, plans: Mapping[str, Callable[[int], _Plan]]) -> None:
        """Run every plan on every clip that lacks its outcome; a plan is asked for by clip number."""
        for clip in self.clips:
            if clip.name in self.left_out:
                continue
            wanted = {name: plan(clip.number) for name, plan in plans.items()}
            missing = {name: plan for name, plan in wanted.items() if not self._has(clip, name, plan)}
            if not missing:
                continue
            where = f"[{clip.number + 1}/{len(self.clips)}] {clip.name}"
            try:
                records = self._run_clip(clip, missing)
            except ClipError as error:
                self.left_out[clip.name] = str(error)
                self.progress(f"{where}: left out: {error}")
                continue
            self.log.add(records)  # all policies of a clip at once, so that none is ever ahead of the others
            self.done |= {(record.clip, record.policy): record for record in records}
            right = [record.policy for record in records if record.scores.index(max(record.scores)) == clip.label]
            self.progress(f"{where} ({clip.entry.label}): right {', '.join(right) or 'none'}, of {len(records)}")

    def rates(self, policy: str) -> tuple[float, float]:
        """Share of the available cells that a policy ran, by modality, to four digits."""
        counted = [clip.name for clip in self.clips if clip.name not in self.left_out]
        records = [self.done[clip, policy] for clip in counted]
        rgb, audio = (metrics.selection_rate(metrics.cells_of(records, m)) or 0.0 for m in MODALITIES)
        return round(rgb, 4), round(audio, 4)

    def _has(self, clip: _Clip, name: str, plan: _Plan) -> bool:
        record = self.done.get((clip.name, name))
        return record is not None and (record.recipe, record.label) == (plan.recipe, clip.label)

    def _run_clip(self, clip: _Clip, plans: Mapping[str, _Plan]) -> list[ClipRecord]:
        entry = clip.entry
        window: dict[str, Any] = {
            side: value for side, value in (("start", entry.start), ("end", entry.end)) if value is not None
        }
        with self.recognizer.open(entry.path, segments=self.segments, **window) as session:
            cells = truth_of_spans(entry.cells, session.spans)
            return [
                record_of(
                    session.analyze(plan.policy),
                    clip=clip.name,
                    policy=name,
                    label=clip.label,
                    cells=cells,
                    recipe=plan.recipe,
                )
                for name, plan in plans.items()
            ]


def _always(policy: Policy) -> Callable[[int], _Plan]:
    """The same policy for every clip."""
    return lambda _: _Plan(policy=policy)


def _named_policies(policies: Sequence[str | Policy]) -> dict[str, Policy]:
    """Name -> policy, without "random"."""
    if not policies:
        raise EvaluationError("name at least one policy")
    names = [policy if isinstance(policy, str) else policy.name for policy in policies]
    for name in names:
        if names.count(name) > 1:
            raise EvaluationError(f"policy {name!r} is asked for twice")
    try:
        named = zip(names, policies, strict=True)
        return {name: get_policy(p) if isinstance(p, str) else p for name, p in named if p != RANDOM}
    except ValueError as error:
        raise EvaluationError(str(error)) from error


def _named_clips(entries: Sequence[Entry], classes: Sequence[str], root: Path | None) -> list[_Clip]:
    clips: dict[str, _Clip] = {}
    for number, entry in enumerate(entries):
        name = _clip_name(entry, root)
        if name in clips:
            raise EvaluationError(f"the clip {name!r} is listed twice")
        if entry.label not in classes:
            raise EvaluationError(
                f"the clip {name!r} is labeled {entry.label!r}, which the model does not know. "
                f"Leave such clips out; its classes are: {', '.join(classes)}"
            )
        clips[name] = _Clip(number=number, name=name, label=classes.index(entry.label), entry=entry)
    return list(clips.values())


def _clip_name(entry: Entry, root: Path | None) -> str:
    path = Path(entry.path)
    name = path.relative_to(root) if root is not None and path.is_relative_to(root) else path
    if entry.start is None and entry.end is None:
        return name.as_posix()
    return f"{name.as_posix()} {entry.start or 0:g}-{'end' if entry.end is None else f'{entry.end:g}'} s"


def _opened_log(out: Path, settings: Mapping[str, Any], resume: bool) -> RecordLog:
    """The folder's records, once it is certain that they were made with these settings."""
    out.mkdir(parents=True, exist_ok=True)
    target = out / SETTINGS_FILE
    if resume and (out / RECORDS_FILE).exists():
        try:
            there = json.loads(target.read_text())
        except (OSError, ValueError):
            there = None
        # Files may be added to a model, for instance a further policy; what is there must be as it was.
        if there is None or _without_files(there) != _without_files(settings) or _changed(there, settings):
            raise EvaluationError(
                f"{str(out)!r} holds results of another model or of other settings: write to a new folder, "
                "or begin this one anew without resuming"
            )
    log = RecordLog(out / RECORDS_FILE, resume=resume)
    write_whole(target, json.dumps(settings, indent=2) + "\n")
    return log


def _without_files(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"precision": "float32"} | {key: value for key, value in settings.items() if key != "files"}


def _changed(there: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    return any(settings["files"].get(name) != digest for name, digest in there["files"].items())
