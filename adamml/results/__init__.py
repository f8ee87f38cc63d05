"""Frozen results that check themselves, with JSON and CSV; how they are worded; the timeline layout.

Imports nothing of ours, so that everything may import it.
"""
