"""A recognizer in other processes: forked ones answer like the process that made it, started ones load their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import tone, write_clip

ROOT = Path(__file__).parent.parent
# Both threads and graphs are as they are by default: a toy recognizer keeps to one thread, where nothing could hang.
CODE = """
import multiprocessing
import sys
import torch
from tests.toy_app import toy_recognizer

WAY, BACKEND, CLIP = sys.argv[1:]


def begin():
    global recognizer
    recognizer = toy_recognizer(backend=BACKEND)


def scores(path):
    analysis = recognizer.analyze(path, "all", segments=2)
    return analysis.label, list(analysis.scores.values())


if __name__ == "__main__":
    begin()
    torch.set_num_threads(2)
    here = scores(CLIP)  # which starts the threads
    context = multiprocessing.get_context("spawn" if WAY == "started" else "fork")
    with context.Pool(1, None if WAY == "forked" else begin) as pool:
        for label, found in pool.map(scores, [CLIP, CLIP]):
            assert label == here[0]
            assert max(abs(a - b) for a, b in zip(found, here[1])) < 1e-5
    print("done")
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sound at another rate than is analyzed, so that it is resampled."""
    sound = tone(3.0, rate=44_100, channels=2)
    return write_clip(tmp_path_factory.mktemp("forked") / "clip.mp4", seconds=3.0, fps=10, sound=sound, rate=44_100)


@pytest.mark.parametrize(
    ("way", "backend"), [("forked", "torch"), ("forked", "onnx"), ("loaded there", "torch"), ("started", "torch")]
)
def test_a_recognizer_answers_in_other_processes(way: str, backend: str, clip: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(CODE)
    process = subprocess.Popen(
        [sys.executable, script, way, backend, clip],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        said, wrong = process.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        pytest.fail("it waits for threads that are not there")
    assert said == "done\n", wrong
