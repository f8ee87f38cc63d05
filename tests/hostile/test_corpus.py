"""Every hostile file ends in a result or a named error, soon, and costs at most the process that decoded it."""

import resource
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import psutil
import pytest

from adamml import Recognizer
from tests.clips import tone, write_clip
from tests.hostile.bases import base
from tests.hostile.corpus import write_corpus
from tests.hostile.pipeline import through
from tests.hostile.playlists import playlists
from tests.hostile.sample import Sample
from tests.hostile.strace import watch
from tests.hostile.visitor import free_port, listening
from tests.toy_app import toy_recognizer

MOST_SECONDS = 10.0
MOST_BYTES = 1_000_000_000


@pytest.fixture(scope="module")
def small() -> Recognizer:
    return toy_recognizer()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[tuple[Sample, Path]], list[str]]]:
    """All of them on disk, with a secret to steal and a port to call."""
    folder, port = tmp_path_factory.mktemp("corpus"), free_port()
    (folder / "secret.mp4").write_bytes(base("h264.mp4"))
    with listening(port) as knocks:
        yield list(write_corpus(folder / "files", folder / "secret.mp4", port)), knocks


def test_there_are_hundreds_of_them_and_no_two_alike(files: tuple[list[tuple[Sample, Path]], list[str]]) -> None:
    samples = [sample for sample, _ in files[0]]
    assert len(samples) >= 300
    assert len({(path.name, path.read_bytes()) for _, path in files[0]}) == len(samples)
    assert all(count >= 3 for count in Counter(sample.family for sample in samples).values())


@pytest.mark.slow
def test_each_ends_in_a_result_or_a_named_error(
    small: Recognizer, clip: Path, files: tuple[list[tuple[Sample, Path]], list[str]]
) -> None:
    wrong, threads = [], psutil.Process().num_threads()
    for family, group in groupby(files[0], key=lambda both: both[0].family):
        for sample, path in group:
            ended = through(small, path)  # anything but a ClipError fails the test here
            told = f"{family}: {sample.name!r} {ended.ending} in {ended.seconds:.1f} s {ended.message}"
            if sample.ending not in ("either", ended.ending):
                wrong.append(f"should be {sample.ending}, {told}")
            if ended.seconds > MOST_SECONDS:
                wrong.append(f"took too long, {told}")
            if "\n" in ended.message or "Traceback" in ended.message:
                wrong.append(f"not one line for people, {told}")
        assert through(small, clip).ending == "valid", f"what comes after {family} is answered"
    assert wrong == []
    assert files[1] == [], "somebody called the port"
    assert psutil.Process().num_threads() <= threads + 4


def test_a_decoder_is_held_to_its_memory(small: Recognizer, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", seconds=1.0, sound=tone(1.0))
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with small.open(path, segments=1, profile="public") as session:
        session.storyboard()
        decoders = [each for each in psutil.Process().children(recursive=True) if each.pid not in before]
        held = [each.rlimit(resource.RLIMIT_AS)[1] for each in decoders if each.children() == []]
        assert held
        assert max(held) <= MOST_BYTES
        assert all(each.memory_info().rss < MOST_BYTES for each in decoders)


@pytest.mark.strace
def test_playlists_reach_no_other_file_and_no_port(tmp_path: Path) -> None:
    folder, secret, port = tmp_path / "files", tmp_path / "secret.mp4", free_port()
    secret.write_bytes(base("h264.mp4"))
    with listening(port) as knocks:
        count = 0
        for count, sample in enumerate([*playlists(secret, port), *_fine()], 1):
            sample.write(folder / f"{count:03d}")
        watched = watch(folder)
    lines = watched.output.splitlines()
    assert len(lines) == count
    assert lines[-1].startswith("valid"), "what is no playlist is analyzed under the same watch"
    assert len(watched.opened) >= count * 0.5, "the watch sees what the decoders open"
    assert [paths for paths in watched.opened.values() if len(paths) > 1] == []
    assert watched.elsewhere == set()
    assert watched.sockets == []
    assert knocks == []


def _fine() -> list[Sample]:
    return [Sample(family="fine", name="fine.mp4", content=base("h264.mp4"), ending="valid")]
