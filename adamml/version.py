"""The version of the package, alone in its file, so that whatever needs it imports nothing else."""

__version__ = "0.1.0"
