"""Files that nobody should send, made here from seeds: what they are, and that each ends in a result or a named error.

`corpus` names them all; `bases` are the small valid clips that `damage`, `lies`, `shapes`, `strangers` and `playlists`
start from.
"""
