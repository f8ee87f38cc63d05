"""The model `kinetics-400`: I3D and a sound tagger with public weights, policies and a few numbers trained by us.

Read in this order: `initial` (the public weights, and the table from sounds to actions), `tagger_trainer` (the tagger
is adapted to windows of 1.28 s), `clips` (real clips, as they are and with damaged spans, as cached features), `fit`
(the numbers that belong to no single class), `folds` (every row of the table, by cross-validation over clips), `recipe`
(all of it, one stage after the other).
"""
