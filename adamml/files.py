"""Writing results, and where what was fetched or prepared is kept.

Every result that a command writes goes through here. Its name says where to: links are followed; pipes and devices
(/dev/stdout, a named pipe, `>(jq .)`) are written to; a file is written beside its target and then renamed, so that it
is whole or not there. What a result was made from is never written over, whatever name of it was given: files are told
apart by what they are, not by how they are spelled.
"""

import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

LONGEST_NAME = 200  # bytes of a file's name that its temporary name repeats; 255 are allowed
MAX_LINKS = 40  # one after the other, as in Linux


class OutputError(OSError):
    """A result cannot be written where it was asked for. The message says why."""


@dataclass(frozen=True, kw_only=True)
class _Target:
    """Where a result goes.

    Attributes:
        name: as it was given, for messages.
        file: the file to replace, links followed; None for what is written to as it is: a pipe, a device, an open file.
        descriptor: of an open file of this process that the name stands for.
        state: of what is there; None when nothing is.
    """

    name: str
    file: Path | None
    descriptor: int | None
    state: os.stat_result | None

    @property
    def identity(self) -> Hashable:
        """The same for every name of one file or pipe."""
        return str(self.file) if self.state is None else (self.state.st_dev, self.state.st_ino)

    def refused(self, reason: str) -> OutputError:
        return OutputError(f"{self.name!r} cannot be written: {reason}")


def write_whole(path: Path, content: str | bytes, *, inputs: Iterable[Path] = ()) -> Path:
    """Write one result; see `write_all`."""
    write_all({path: content}, inputs=inputs)
    return path


def write_all(contents: Mapping[Path, str | bytes], *, inputs: Iterable[Path] = ()) -> None:
    """Write several results that belong together: the files first, all of them or none, then pipes and devices.

    What can fail (a full disk, no right to write) fails before anything is replaced. The temporary names are unique,
    so that two processes that write the same file do each other no harm: the last to finish wins.

    Args:
        contents: name -> text (UTF-8) or bytes.
        inputs: files that must not be written over.

    Raises:
        OutputError: when one of them cannot be written; files are then as they were.
        BrokenPipeError: when whoever reads a pipe has gone.
    """
    targets = dict(zip(contents, _checked(contents, inputs), strict=True))
    data = {path: content.encode() if isinstance(content, str) else content for path, content in contents.items()}
    files = {path: _beside(target.file) for path, target in targets.items() if target.file is not None}
    try:
        for path, temporary in files.items():
            with _said_of(targets[path]):
                temporary.write_bytes(data[path])
                _to_disk(temporary)
        for path, temporary in files.items():
            _rename(temporary, targets[path])
    finally:
        for temporary in files.values():
            temporary.unlink(missing_ok=True)
    for path, target in targets.items():
        if target.file is None:
            _stream(target, data[path])


@contextmanager
def whole_file(path: Path, *, suffix: str = "", inputs: Iterable[Path] = ()) -> Iterator[Path]:
    """For writers that want a file's name: a path in a folder of its own, where helper files may lie beside it.

    When the context is left, what was written there becomes the result; after an exception nothing does.

    Args:
        path: of the result.
        suffix: of the path to write to, for writers that go by it.
        inputs: files that must not be written over.

    Raises:
        OutputError, BrokenPipeError: see `write_all`.
    """
    (target,) = _checked([path], inputs)
    parent = None if target.file is None else target.file.parent  # a pipe's own folder may be no place for files
    with _said_of(target):
        folder = Path(tempfile.mkdtemp(prefix=".adamml-", suffix=".part", dir=parent))
    try:
        made = folder / f"result{suffix}"
        yield made
        if target.file is None:
            _stream(target, made)
            return
        with _said_of(target):
            _to_disk(made)
        _rename(made, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_targets(paths: Iterable[Path], *, inputs: Iterable[Path] = ()) -> None:
    """Refuse before long work what would fail after it.

    Raises:
        OutputError: when a result has no folder, names a folder or an input, or two of them name the same.
    """
    _checked(paths, inputs)


def check_folder(folder: Path, names: Iterable[str] = (), *, inputs: Iterable[Path] = ()) -> None:
    """The same for results that go into a folder, which is made where there is none.

    Args:
        names: of the results.

    Raises:
        OutputError: when the folder cannot be made or written into, or a result would be written over an input.
    """
    nearest = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise OutputError(f"{str(folder)!r} cannot be written: {str(nearest)!r} is no folder")
    if not os.access(nearest, os.W_OK):
        raise OutputError(f"{str(folder)!r} cannot be written: nothing may be written into {str(nearest)!r}")
    _checked([folder / name for name in names if (folder / name).exists()], inputs)


def goes_to_stdout(path: Path) -> bool:
    """Whether a result goes where this process prints, so that nothing else should be printed there."""
    try:
        printed, target = os.fstat(1), _target(path)
    except OSError:
        return False
    return target.file is None and target.state is not None and os.path.samestat(printed, target.state)


def cache_folder() -> Path:
    """This user's: ADAMML_CACHE, or `adamml` in XDG_CACHE_HOME or `~/.cache`. Need not exist.

    Raises:
        RuntimeError: when nobody knows where home is.
    """
    given = os.environ.get("ADAMML_CACHE")
    if given:
        return Path(given).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "adamml"


@contextmanager
def exclusive_lock(lock: Path, name: str, say: Callable[[str], object]) -> Iterator[None]:
    """Wait until no other process fetches the same thing; the lock of one that was killed falls by itself."""
    from filelock import FileLock, Timeout

    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        say(f"another process fetches {name}; waiting for it")
        held.acquire()
    try:
        yield
    finally:
        held.release()


def _checked(paths: Iterable[Path], inputs: Iterable[Path]) -> list[_Target]:
    kept: dict[Hashable, Path] = {}
    for path in inputs:
        with suppress(OSError, ValueError):  # one that is not there says so when it is read
            state = path.stat()
            if stat.S_ISREG(state.st_mode):
                kept[state.st_dev, state.st_ino] = path
    taken: dict[Hashable, str] = {}
    targets = []
    for path in paths:
        target = _target(path)
        if target.identity in kept:
            raise target.refused(f"it is {str(kept[target.identity])!r}, which is read; name another file")
        if target.identity in taken and not _swallows(target):
            raise target.refused(f"it is the same as {taken[target.identity]!r}; name another file for one of them")
        taken[target.identity] = target.name
        targets.append(target)
    return targets


def _target(path: Path) -> _Target:
    name = str(path)
    try:
        descriptor = _descriptor(path)
        state = path.stat() if descriptor is None else os.fstat(descriptor)
    except FileNotFoundError:
        descriptor = state = None
    except (OSError, ValueError) as error:
        raise OutputError(f"{name!r} cannot be written: {getattr(error, 'strerror', None) or error}") from error
    if state is not None and (descriptor is not None or not stat.S_ISREG(state.st_mode)):
        if stat.S_ISDIR(state.st_mode):
            raise OutputError(f"{name!r} cannot be written: it is a folder; name a file")
        return _Target(name=name, file=None, descriptor=descriptor, state=state)
    file = Path(os.path.realpath(path))
    if not file.parent.is_dir():
        raise OutputError(f"there is no folder {str(file.parent)!r} to write {file.name!r} into")
    if not os.access(file.parent, os.W_OK):
        raise OutputError(f"{name!r} cannot be written: nothing may be written into {str(file.parent)!r}")
    return _Target(name=name, file=file, descriptor=None, state=state)


def _descriptor(path: Path) -> int | None:
    """The open file of this process that a name stands for: 1 for /dev/stdout, 63 for /dev/fd/63, None for most.

    Opening such a name again would begin at the start of a file that is open already, over what is printed there.
    """
    folders = {os.path.realpath("/proc/self/fd"), os.path.realpath("/dev/fd")}
    place = os.path.abspath(path)  # noqa: PTH100 - without following the last link
    for _ in range(MAX_LINKS):
        parent, name = os.path.split(place)
        parent = os.path.realpath(parent)
        if parent in folders and name.isdigit():
            return int(name)
        place = os.path.join(parent, name)  # noqa: PTH118
        if not os.path.islink(place):  # noqa: PTH114
            return None
        place = os.path.join(parent, os.readlink(place))  # noqa: PTH115, PTH118
    return None  # a loop, which looking it up tells


def _swallows(target: _Target) -> bool:
    """Whether it is /dev/null, which takes any number of results."""
    state = target.state
    return state is not None and stat.S_ISCHR(state.st_mode) and state.st_rdev == Path(os.devnull).stat().st_rdev


def _beside(file: Path) -> Path:
    # Cut short, since the file's own name may be as long as names can be.
    name = os.fsdecode(os.fsencode(file.name)[:LONGEST_NAME])
    return file.with_name(f".{name}.{secrets.token_hex(4)}.part")


def _to_disk(file: Path) -> None:
    """Else a power cut may leave the new name with nothing in it."""
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def _rename(temporary: Path, target: _Target) -> None:
    assert target.file is not None
    with _said_of(target):
        if target.state is not None:
            with suppress(OSError):
                temporary.chmod(stat.S_IMODE(target.state.st_mode))  # who may read it stays as it was
        temporary.replace(target.file)


def _stream(target: _Target, content: bytes | Path) -> None:
    for printed in (sys.stdout, sys.stderr):
        if printed is not None:
            printed.flush()  # what was printed before comes before
    with _said_of(target):
        opened = os.open(target.name, os.O_WRONLY) if target.descriptor is None else os.dup(target.descriptor)
        with os.fdopen(opened, "wb") as out:
            if isinstance(content, bytes):
                out.write(content)
            else:
                with content.open("rb") as made:
                    shutil.copyfileobj(made, out)


@contextmanager
def _said_of(target: _Target) -> Iterator[None]:
    """What goes wrong is told of the name that was given, not of one that nobody has heard of."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise target.refused(error.strerror or str(error)) from error
