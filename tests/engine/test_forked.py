"""A recognizer in other processes: forked ones answer like the process that made it, started ones load their own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import tone, write_clip

ROOT = Path(__file__).parents[2]
SECONDS = 500  # far more than it takes, and less than for ever
CODE = """
import multiprocessing
import sys
import torch
from adamml.engine.onnx_backend import OnnxBackend
from adamml.engine.openvino_backend import OpenVinoBackend
from tests.toy_app import toy_recognizer

WAY, CLIP = sys.argv[1:]


def begin(backend="torch"):
    global recognizer
    recognizer = toy_recognizer(backend=backend)


def scores(path):
    analysis = recognizer.analyze(path, "all", segments=1)
    return analysis.label, list(analysis.scores.values())


def check(context, *initializer):
    here = scores(CLIP)  # which starts the threads
    with context.Pool(1, *initializer) as pool:
        label, found = pool.apply(scores, [CLIP])
    assert label == here[0]
    assert max(abs(a - b) for a, b in zip(found, here[1])) < 1e-5


if __name__ == "__main__":
    # A toy recognizer keeps to one thread, where nothing could wait for another: it is given two, as usual.
    on_graphs = {"onnx": OnnxBackend, "openvino": OpenVinoBackend}
    for backend in ("torch", *on_graphs) if WAY == "taken along" else ("torch",):
        begin(backend)
        torch.set_num_threads(2)
        if backend in on_graphs:
            engine = recognizer.ready.engine
            engine.backend = on_graphs[backend](engine.network, threads=2)
        context = multiprocessing.get_context("spawn" if WAY == "started" else "fork")
        check(context, *[begin] * (WAY != "taken along"))
    print("done")
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sound at another rate than is analyzed, so that it is resampled."""
    sound = tone(2.0, rate=44_100, channels=2)
    return write_clip(tmp_path_factory.mktemp("forked") / "clip.mp4", seconds=2.0, fps=10, sound=sound, rate=44_100)


@pytest.mark.parametrize("way", ["taken along", "loaded there", "started"])
def test_a_recognizer_answers_in_other_processes(way: str, clip: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(CODE)
    process = subprocess.Popen(
        [sys.executable, script, way, clip],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        said, wrong = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail("it waits for threads that are not there")
    assert said == "done\n", wrong
