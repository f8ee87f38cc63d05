"""Measurements of speed and memory: `python -m benchmarks`. See README.md in this folder."""
