"""Lists of clips, and where they come from: folders, official lists of Kinetics, photos and sounds put together.

`find_clips` looks a folder through; `manifest` is the one list that training and evaluation read, `class_folders` and
`custom_clips` make it from folders, `kinetics`, `prepare` and `journal` from official lists, `check_manifest` checks
it. `sources`, `pictures`, `sounds` and `composed*` make clips of which it is known what every second shows. `examples`
are real clips to try, fetched on request.
"""
