"""Whole archives: every clip of a folder or a list, analyzed in parallel into one Parquet data set.

    DIR/batch.json                 what it was made with (model, weights, policy, ...), and how many shards there are
    DIR/left_out.json              files of the archive that are no clips, each with the reason
    DIR/clips/shard-00000.parquet      one row per clip, or per part of one that a manifest lists
    DIR/segments/shard-00000.parquet   one row per segment; joined to its clip by the column `clip`

Every clip belongs to one shard, chosen by a hash of its name, and rows are sorted within a shard. So the files come out
the same whatever the number of workers, the engine or the interruptions; only the columns that begin with `seconds_`
are measured and differ. The shards also say what is done: a run that was stopped, however rudely, goes on from them.

Read in this order: `archive` (what is to be analyzed), `settings` and `tables` (columns and units), `store` (shards on
disk), `worker` (one clip to its rows), `local_processes` and `ray_cluster` (the same worker in processes, or on Ray
Data), `run`.
"""

from adamml.batch.archive import ArchiveClip, BatchError, list_archive
from adamml.batch.run import ENGINES, Summary, run_batch
from adamml.batch.settings import BatchSettings
from adamml.batch.worker import WorkerConfig

__all__ = [
    "ENGINES",
    "ArchiveClip",
    "BatchError",
    "BatchSettings",
    "Summary",
    "WorkerConfig",
    "list_archive",
    "run_batch",
]
