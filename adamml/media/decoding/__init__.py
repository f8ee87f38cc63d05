"""What runs beside the file: everything that touches PyAV, in the decoding process and nowhere else.

Read in this order: `container` (opening a file and looking it over), `video`, `sparing` and `sound` (frames and
samples), `show` and `preview` (for people), `requests` (all that can be asked), `child` (the process). Neither torch
nor any other room is imported here, so that the process starts in a quarter of a second.
"""
