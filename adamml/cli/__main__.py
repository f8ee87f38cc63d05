"""`python -m adamml.cli`, as `torchrun` calls it."""

import sys

from adamml.cli import main

if __name__ == "__main__":
    sys.exit(main())
