"""What runs beside the file: everything that touches PyAV, in the decoding process and nowhere else.

Read in this order: `container` (opening a file and looking it over), `video_reader`, `frame_skipping` and
`sound_reader` (frames and samples), `playback` and `transcode` (for people), `requests` (all that can be asked),
`worker` (the process). Neither torch nor any other room is imported here, so that the process starts in a quarter of a
second.
"""
