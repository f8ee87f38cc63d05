"""Writing files that are whole or not there."""

from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write beside the target and rename, so that no reader ever sees half a file.

    Raises:
        OSError: when the folder cannot be written; the target is then as it was.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return path
