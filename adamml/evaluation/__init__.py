"""How well a model does on a set of clips: records, metrics, calibration, reports. Nothing here trains.

Read in this order: `records` (one policy's outcome on one clip), `metrics` and `table` (what many of them say),
`calibration` (honest probabilities, and "none of my classes"), `report` and `figures` (for people), `evaluate` (runs
a recognizer over a manifest).
"""
