"""What the system is asked for while files go through, seen from outside: FFmpeg's own opens and sockets included.

python -m tests.hostile.strace          # the whole corpus; exit status 1 if anything else was touched
"""

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.hostile.bases import base
from tests.hostile.corpus import write_corpus
from tests.hostile.visitor import free_port, listening

_CALL = re.compile(r"^(\d+) +(open|openat|openat2|socket|connect|bind)\((.*)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
# Where Python, its packages and the system's libraries lie: what the programs are made of.
_OWN = ("/proc/", "/sys/", "/dev/", "/etc/ld.so", "/etc/localtime", "/usr/", "/lib/", "/lib64/", sys.prefix)


@dataclass(kw_only=True)
class Watched:
    """What was touched.

    Attributes:
        opened: decoding process -> files below the watched folder that it opened.
        elsewhere: other files that a decoding process opened, its own parts left out; and what anybody at all opened
            beside the watched folder.
        sockets: calls that had to do with a network.
        output: what the program printed.
    """

    opened: dict[str, set[str]] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    sockets: list[str] = field(default_factory=list)
    output: str = ""


def watch(folder: Path) -> Watched:
    """Send every file below a folder through, under strace."""
    watched, calls = Watched(), dict[str, set[str]]()
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "calls"
        trace = ["strace", "-f", "--seccomp-bpf", "-qq", "-xx", "-s", "5000", "-o", str(log)]
        trace += ["-e", "trace=open,openat,openat2,socket,connect,bind", "-e", "signal=none"]
        command = [*trace, sys.executable, "-m", "tests.hostile.pipeline", str(folder)]
        watched.output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for line in log.read_text(errors="replace").splitlines():
            if not (call := _CALL.match(line)):
                continue
            process, name, rest = call.groups()
            if name.startswith("open"):
                raw = bytes.fromhex("".join(_TEXT.findall(rest)[:1]).replace("\\x", ""))
                calls.setdefault(process, set()).add(raw.decode(errors="surrogateescape"))
            elif "AF_INET" in rest:
                watched.sockets.append(line)
    first, inside = next(iter(calls)), f"{folder}/"
    for process, paths in calls.items():
        beside = {path for path in paths if path.startswith(f"{folder.parent}/") and path != str(folder)}
        watched.elsewhere |= {path for path in beside if not path.startswith(inside)}
        clips = {path for path in paths if path.startswith(inside)}
        if clips and process != first:  # the first one lists the folder and asks; it decodes nothing
            watched.opened[process] = clips
            watched.elsewhere |= {path for path in paths - clips if not path.startswith(_OWN)}
    return watched


def main() -> int:
    """The whole corpus, with something to steal and somebody to call."""
    with tempfile.TemporaryDirectory() as place:
        folder, secret, port = Path(place) / "files", Path(place) / "secret.mp4", free_port()
        secret.write_bytes(base("h264.mp4"))
        with listening(port) as knocks:
            count = sum(1 for _ in write_corpus(folder, secret, port))
            watched = watch(folder)
        lines = watched.output.splitlines()
        print(f"{count} files: {sum(line.startswith('valid') for line in lines)} analyzed, the others refused by name")
        together = [paths for paths in watched.opened.values() if len(paths) > 1]
        print(f"{len(watched.opened)} processes opened a file of the corpus, {len(together)} of them more than one")
        print(f"other files: {sorted(watched.elsewhere) or 'none'}")
        print(f"network: {watched.sockets or 'none'}; {len(knocks)} knocks at the port")
        return int(len(lines) != count or bool(knocks or watched.sockets or watched.elsewhere or together))


if __name__ == "__main__":
    sys.exit(main())
