"""The columns of the two tables, with their units, and how an analysis becomes rows.

Both schemas carry the settings as JSON under the metadata key `adamml`, and every column says in its own metadata what
it holds. Scores are a struct with a field per class, so that a query names a class (`scores.dog > 0.8`) and reads no
other; they are float32, as the networks compute them. What was not run is null.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from adamml.batch.archive import ArchiveClip, printable
from adamml.batch.settings import BatchSettings
from adamml.nn import MODALITIES
from adamml.results.analysis import Analysis

Row = dict[str, Any]
TOP = 5  # best classes of a clip, kept in order
PARTS = ("decode", "decide", "rgb", "audio", "fusion", "total")
METADATA_KEY = b"adamml"
# Scores of sounds are from 0 to 1 each by itself. A list, because few of hundreds are named, and in their order.
_HEARD = pa.list_(pa.struct([pa.field("sound", pa.string()), pa.field("score", pa.float32())]))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one clip: its row, and its segments' rows (none after an error)."""

    clip: ArchiveClip
    row: Row
    segments: list[Row] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.row["status"] == "ok"


def _column(name: str, kind: pa.DataType, meaning: str, *, always: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=not always, metadata={"meaning": meaning})


def _scores(classes: tuple[str, ...]) -> pa.DataType:
    return pa.struct([pa.field(name, pa.float32()) for name in classes])


def _with_settings(columns: list[pa.Field], settings: BatchSettings) -> pa.Schema:
    text = json.dumps(settings.to_dict(), sort_keys=True)
    return pa.schema(columns, metadata={METADATA_KEY: text.encode()})


def clip_schema(settings: BatchSettings) -> pa.Schema:
    """One row per clip."""
    text, real, count, flag = pa.string(), pa.float64(), pa.int64(), pa.bool_()
    ranked = pa.list_(pa.struct([pa.field("label", text), pa.field("score", pa.float32())]))
    columns = [
        _column("clip", text, "name, unique; the path, and #t=start,end for a part of a file", always=True),
        _column("path", text, "of the file, relative to the archive", always=True),
        _column("part_start", real, "s of the file; null: from its start"),
        _column("part_end", real, "s of the file; null: to its end"),
        _column("size", count, "bytes of the file; null: there was none"),
        _column("modified", pa.timestamp("us", "UTC"), "last change of the file; null: there was none"),
        _column("status", text, "ok or error", always=True),
        _column("error_type", text, "name of the error; null: none"),
        _column("error", text, "what is wrong, in one line; null: nothing"),
        _column("duration", real, "s of the clip"),
        _column("has_video", flag, "whether there is a picture track"),
        _column("has_audio", flag, "whether there is a sound track"),
        _column("width", pa.int32(), "pixels"),
        _column("height", pa.int32(), "pixels"),
        _column("fps", real, "frames per s"),
        _column("label", text, "best class"),
        _column("score", pa.float32(), "probability of the best class, 0 to 1"),
        _column("known", flag, "false: too unsure of any class, the answer is none of the model's classes"),
        _column("top", ranked, f"the {TOP} best classes, best first, with their probabilities"),
        _column("scores", _scores(settings.classes), "probability of every class, 0 to 1"),
        _column("heard", _HEARD, "sounds heard, the most certain first, by the mean over the segments listened to"),
        _column("segments", pa.int32(), "how many the clip was cut into"),
        _column("examined", real, "share of the duration that lies inside any segment, 0 to 1"),
        *(_column(f"selected_{m}", real, f"share of the segments in which {m} was run") for m in MODALITIES),
        *(_column(f"macs_{part}", count, "multiply-accumulates of what ran, full count") for part in PARTS[1:]),
        *(
            _column(f"macs_if_{name}", count, f"multiply-accumulates that the policy {name} would need; counted")
            for name in ("rgb", "audio", "all")
        ),
        _column("notes", pa.list_(text), "sentences that a person should read"),
        *(_column(f"seconds_{part}", real, "s, measured by the clock") for part in PARTS),
        _column("seconds_clip", real, "s by the clock for the whole clip, opening it included"),
        _column("seconds_cpu", real, "s of processor time for the whole clip, over all threads and child processes"),
    ]
    return _with_settings(columns, settings)


def segment_schema(settings: BatchSettings) -> pa.Schema:
    """One row per segment of every clip that could be analyzed."""
    flag, scores = pa.bool_(), _scores(settings.classes)
    columns = [
        _column("clip", pa.string(), "name of the clip, as in the other table", always=True),
        _column("segment", pa.int32(), "0, 1, ... in the order of time", always=True),
        _column("start", pa.float64(), "s from the clip's start", always=True),
        _column("end", pa.float64(), "s from the clip's start", always=True),
        *(_column(f"available_{m}", flag, f"whether the clip has {m} there", always=True) for m in MODALITIES),
        *(_column(f"decision_{m}", flag, f"whether {m} was run", always=True) for m in MODALITIES),
        *(
            _column(f"probability_{m}", pa.float32(), f"the policy's, that {m} is worth running; null: it gives none")
            for m in MODALITIES
        ),
        _column("label", pa.string(), "best class of the segment"),
        _column("score", pa.float32(), "probability of the best class, 0 to 1"),
        _column("scores", scores, "probability of every class, 0 to 1, of what was run, fused"),
        *(_column(f"scores_{m}", scores, f"the same, by {m} alone") for m in MODALITIES),
        _column(
            "heard", _HEARD, "sounds heard there, the most certain first; empty: none, or the model names no sounds"
        ),
    ]
    return _with_settings(columns, settings)


def _file(clip: ArchiveClip) -> Row:
    return {
        "clip": clip.clip,
        "path": clip.path,
        "part_start": clip.start,
        "part_end": clip.end,
        "size": clip.size,
        "modified": clip.modified,
    }


def failed(clip: ArchiveClip, kind: str, message: str) -> Outcome:
    """A clip that could not be analyzed."""
    line = " ".join(printable(message).split())
    return Outcome(clip=clip, row=_file(clip) | {"status": "error", "error_type": kind, "error": line})


def analyzed(clip: ArchiveClip, analysis: Analysis, *, wall: float, cpu: float) -> Outcome:
    """A clip's rows.

    Args:
        clip: as listed.
        analysis: of it.
        wall, cpu: seconds that the whole clip took, by the clock and of the processors.
    """
    facts = analysis.clip
    row = _file(clip) | {
        "status": "ok",
        **{name: getattr(facts, name) for name in ("duration", "has_video", "has_audio", "width", "height", "fps")},
        "label": analysis.label,
        "score": analysis.scores[analysis.label],
        "known": analysis.known,
        "top": [{"label": label, "score": score} for label, score in analysis.ranked(TOP)],
        "scores": dict(analysis.scores),
        "heard": _sounds(analysis.heard),
        "segments": len(analysis.segments),
        "examined": analysis.examined,
        **{f"selected_{m}": analysis.selection_rate(m) for m in MODALITIES},
        **_prefixed("macs", analysis.macs.to_dict()),
        **_prefixed("macs_if", {name: macs.total for name, macs in analysis.alternatives.items()}),
        "notes": list(analysis.notes),
        **_prefixed("seconds", analysis.seconds.to_dict()),
        "seconds_clip": wall,
        "seconds_cpu": cpu,
    }
    segments = [
        {
            "clip": clip.clip,
            "segment": s.index,
            "start": s.start,
            "end": s.end,
            **_prefixed("available", s.available),
            **_prefixed("decision", s.decisions),
            **_prefixed("probability", s.probabilities),
            "label": s.label,
            "score": None if s.scores is None or s.label is None else s.scores[s.label],
            "scores": s.scores,
            **_prefixed("scores", s.modality_scores),
            "heard": _sounds(s.heard),
        }
        for s in analysis.segments
    ]
    return Outcome(clip=clip, row=row, segments=segments)


def _sounds(heard: Mapping[str, float]) -> list[Row]:
    return [{"sound": sound, "score": score} for sound, score in heard.items()]


def _prefixed(prefix: str, values: Mapping[str, Any]) -> Row:
    return {f"{prefix}_{name}": value for name, value in values.items()}
