"""Five visitors at once on the real page: how long each waits, and how much memory the server takes at most.

    python -m benchmarks.visitors [--visitors 5]

Serves the page on a free port, has one visitor analyze an example clip for comparison, and then all of them at the
same moment, each with a clip of its own. Every answer has to name its visitor's clip and to be what that clip gets when
it is alone.
"""

import argparse
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gradio_client import Client, handle_file

from benchmarks.memory import Peak

CLIPS = Path("assets/examples")


def analyze(url: str, clip: Path, start: threading.Barrier | None = None) -> tuple[float, dict[str, Any]]:
    """Seconds and result of one visit."""
    visitor = Client(url, verbose=False)
    if start is not None:
        start.wait()
    began = time.perf_counter()
    answer = visitor.predict(handle_file(str(clip)), "adamml", 10, 0, api_name="/analyze")
    return time.perf_counter() - began, answer


def measure(url: str, memory: Peak, visitors: int) -> None:
    """Print what the visits took; stops at an answer that is not the visitor's own."""
    clips = (sorted(CLIPS.glob("*.mp4")) * visitors)[:visitors]
    alone = {clip: analyze(url, clip) for clip in dict.fromkeys(clips)}
    print(
        f"one at a time: {', '.join(f'{seconds:.1f} s' for seconds, _ in alone.values())}; {memory.most:.0f} MB at most"
    )
    start = threading.Barrier(visitors)
    began = time.perf_counter()
    with ThreadPoolExecutor(visitors) as pool:
        together = list(pool.map(lambda clip: analyze(url, clip, start), clips))
    for clip, (seconds, answer) in zip(clips, together, strict=True):
        own = alone[clip][1]
        if (answer["clip"]["name"], answer["scores"]) != (own["clip"]["name"], own["scores"]):
            sys.exit(f"{clip.name} got an answer that is not its own")
        print(f"  {clip.name:28s} {answer['label']:10s} {seconds:5.1f} s")
    print(f"all {visitors} at once: {time.perf_counter() - began:.1f} s; {memory.most:.0f} MB at most")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=5)
    args = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen([sys.executable, "-m", "app", "--port", str(port)], stdout=log)
        try:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if server.poll() is not None:
                        sys.exit("the page did not start")
                    time.sleep(0.5)
            with Peak(server.pid) as memory:
                measure(f"http://127.0.0.1:{port}", memory, args.visitors)
        finally:
            server.terminate()
            server.wait(60)


if __name__ == "__main__":
    main()
