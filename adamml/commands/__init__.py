"""The commands of `adamml`, one file each: `add(subparsers)` describes it, a run function does it."""
