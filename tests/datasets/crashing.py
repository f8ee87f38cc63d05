"""A function that takes its process down; a module of its own, so that a new process is quick to import it."""

import os


def die_on_three(item: int) -> int:
    if item == 3:
        os._exit(1)
    return 10 * item
