"""Cores: as many as there really are, and one for small steps."""

import os
import select
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from adamml.engine.threads import OneCore, available_cores


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 4),
        ({"cpu.max": "max 100000"}, 4),
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "20000 100000"}, 1),
        ({"cpu.max": "nonsense"}, 4),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 4),
    ],
)
def test_threads_follow_the_cores_that_are_really_there(
    files: dict[str, str], cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert available_cores(tmp_path) == cores


def test_small_steps_keep_to_one_core_and_leave_the_rest_alone() -> None:
    before, one_core = torch.get_num_threads(), OneCore()

    def step() -> tuple[int, bool]:
        return torch.get_num_threads(), torch.is_inference_mode_enabled()

    try:
        torch.set_num_threads(2)
        found, seconds = one_core.run(step)
        assert found == (1, True)
        assert 0 <= seconds < 1
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    with pytest.raises(ZeroDivisionError):
        one_core.run(lambda: 1 / 0)


def test_small_steps_are_taken_in_a_forked_process_too() -> None:
    """As on a Space that lends its GPU to a forked process: none of its parent's threads are there."""
    one_core = OneCore()
    assert one_core.run(os.getpid)[0] == os.getpid()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:  # nothing of pytest's may run here, whatever happens
        try:
            os.write(writing, b"%d" % one_core.run(os.getpid)[0])
        finally:
            os._exit(0)
    os.close(writing)
    assert select.select([reading], [], [], 30)[0], "the forked process waits for a thread that it does not have"
    assert int(os.read(reading, 20)) == child
    os.close(reading)
    os.waitpid(child, 0)


TWO_AT_ONCE = """
import threading, time
import numpy, onnx
from onnx import TensorProto, helper
from adamml.engine.openvino_backend import Requests

class Slow(numpy.lib.NumpyVersion):  # what OpenVINO asks NumPy for when it meets its first array
    def __init__(self, *arguments):
        time.sleep(1)
        super().__init__(*arguments)

numpy.lib.NumpyVersion = Slow
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "relu", ends[:1], ends[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
requests = Requests(model.SerializeToString(), threads=2, lanes=2)
calls = [threading.Thread(target=requests.run, args=(None, {"x": numpy.ones(1, numpy.float32)})) for _ in range(2)]
for call in calls:
    call.start()
for call in calls:
    call.join()
"""


def test_the_first_two_calls_of_a_process_may_come_at_once() -> None:
    """In OpenVINO they would wait for each other for ever, and with them the whole process."""
    subprocess.run([sys.executable, "-c", TWO_AT_ONCE], check=True, timeout=120)
