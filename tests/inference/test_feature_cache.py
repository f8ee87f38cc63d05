"""What a long clip leaves behind does not stay with the process."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from adamml import Recognizer
from adamml.inference.feature_cache import malloc_trim
from adamml.inference.session import CHUNK
from tests.clips import tone, write_clip

# Every twentieth of many blocks stays, as small results do between the frames of a stretch.
CROWDED = """
import ctypes
import resource
from pathlib import Path
from adamml.inference.feature_cache import malloc_trim

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6

malloc = ctypes.CDLL(None).malloc
malloc.restype = ctypes.c_void_p
before = held()
blocks = [malloc(ctypes.c_size_t(50_000)) for _ in range(4000)]
for block in blocks:
    ctypes.memset(block, 1, 50_000)
for place, block in enumerate(blocks):
    if place % 20:
        ctypes.CDLL(None).free(ctypes.c_void_p(block))
full = held()
malloc_trim()
print(full - before, held() - before)
"""


def test_free_memory_between_what_stays_is_handed_back() -> None:
    said = subprocess.run([sys.executable, "-c", CROWDED], capture_output=True, text=True, check=True).stdout
    full, after = (float(word) for word in said.split())
    assert full > 150
    assert after < 60


def test_other_libraries_are_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda name: SimpleNamespace())
    malloc_trim()


def test_it_is_handed_back_after_each_stretch_of_a_long_clip(toy: Recognizer, tmp_path, monkeypatch) -> None:
    told: list[None] = []
    monkeypatch.setattr("adamml.inference.session.malloc_trim", lambda: told.append(None))
    clip = write_clip(tmp_path / "clip.wav", picture=None, sound=tone(3.0), audio_codec="pcm_s16le")
    toy.analyze(clip, "audio", segments=CHUNK)
    assert told == []
    toy.analyze(clip, "audio", segments=2 * CHUNK + 1)
    assert len(told) == 3
