"""`python -m app` serves the page; see `app.run`. A Space runs this file by its path instead."""

import sys
from pathlib import Path

if __package__ in (None, ""):  # run by path: the repository's folder is not on the import path yet
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.run import main

main()
