"""How many cores this process may really use.

A container is often given two cores of a machine with sixty-four: the affinity mask says so, or the quota of its
control group does. Taking more threads than that makes every network several times slower, since all of them wait
for those that have no core.
"""

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def available_cores(root: Path = CGROUP) -> int:
    """At least 1: the cores of the affinity mask, or as many as the control group's quota pays for."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(root)
    return max(1, affinity if quota is None else min(affinity, math.ceil(quota)))


def _quota(root: Path) -> float | None:
    """Cores' worth of time per period, of version 2 or 1 of control groups; None where there is no limit."""
    try:
        limit, period = (root / "cpu.max").read_text().split()[:2]
    except (OSError, ValueError):
        try:
            limit = (root / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    try:
        share = float(limit) / float(period)
    except (ValueError, ZeroDivisionError):  # "max"
        return None
    return share if share > 0 else None
