"""Prepared graphs on disk, one file per network, named by what it was made from.

A file is the sha256 of its content and then the content: whatever does not match was damaged and is made anew. It is
written beside its name and renamed, so that two processes at once do the work twice but never see half a file. The
folder is ADAMML_CACHE, or `adamml` in XDG_CACHE_HOME or `~/.cache`; only the graphs used last are kept.
"""

import hashlib
import logging
import os
from functools import cache
from pathlib import Path

from torch import nn

from adamml.files import cache_folder, write_whole

KEPT = 24  # files; four to a model
_log = logging.getLogger(__name__)


def fingerprint(module: nn.Module, *details: object) -> str:
    """Of a module's structure, its weights, the code that makes its graph, and whatever else that depends on.

    What a module names as `unused` is left out: models of other classes share the graph of what comes before.
    """
    digest = hashlib.sha256(repr(details).encode() + _code())
    unused = getattr(module, "unused", None)
    left_out = set() if unused is None else set(unused.modules())
    for place, layer in module.named_modules():
        if layer in left_out:
            continue
        digest.update(f"{place} {type(layer).__qualname__} {layer.extra_repr()}".encode())
        for name, value in (*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False)):
            digest.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
            digest.update(value.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()[:40]


@cache
def _code() -> bytes:
    """What says how a graph is made: when it changes, graphs of before are of no use."""
    here = Path(__file__).parent
    sources = [here / "submodules.py", here / "onnx_export.py", *sorted((here.parent / "nn").glob("*.py"))]
    return b"".join(hashlib.sha256(path.read_bytes()).digest() for path in sources)


def kept_graph(name: str) -> bytes | None:
    """The content kept under a name; None where there is none that is whole."""
    path = _path(name)
    return None if path is None else _read(path)


def keep_graph(name: str, content: bytes) -> None:
    """Keep a graph for later, if that is possible; the log says where it is not."""
    path = _path(name)
    if path is None:
        _log.warning("prepared networks cannot be kept: there is no folder for them; set ADAMML_CACHE")
        return
    try:
        _write(path, content)
        _forget_old(path.parent)
    except OSError as error:
        _log.warning("prepared networks cannot be kept in %s: %s", path.parent, error.strerror or error)


def _path(name: str) -> Path | None:
    try:
        return cache_folder() / f"{name}.graph"
    except RuntimeError:  # nobody knows where home is
        return None


def _read(path: Path) -> bytes | None:
    try:
        data = path.read_bytes()
        os.utime(path)  # used just now
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("a prepared network cannot be read from %s: %s", path, error.strerror)
        return None
    digest, content = data[:32], data[32:]
    if hashlib.sha256(content).digest() == digest:
        return content
    _log.warning("%s is damaged and is made anew", path)
    return None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, hashlib.sha256(content).digest() + content)


def _forget_old(folder: Path) -> None:
    by_use = sorted(folder.glob("*.graph"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in by_use[KEPT:]:
        file.unlink(missing_ok=True)
