"""The lock file and the readable list of requirements say the same."""

import re
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def requirements() -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines())
    return [Requirement(line) for line in lines if line]


def locked() -> list[tuple[Requirement, list[str]]]:
    """Each entry with its hashes."""
    text = "\n".join(line for line in (ROOT / "requirements.lock").read_text().splitlines() if line[:1] != "#")
    entries = []
    for entry in text.replace("\\\n", " ").splitlines():
        named, *hashes = entry.split("--hash=")
        entries.append((Requirement(named.strip()), [each.strip() for each in hashes]))
    return entries


def test_every_requirement_is_locked_at_a_version_that_it_allows() -> None:
    versions: dict[str, list[str]] = {}
    for entry, _ in locked():
        (pin,) = entry.specifier
        assert pin.operator == "==", f"{entry} is no exact version"
        versions.setdefault(canonicalize_name(entry.name), []).append(pin.version)
    assert len(versions) > len(requirements()), "what the requirements require is locked too"
    for wanted in requirements():
        found = versions.get(canonicalize_name(wanted.name), [])
        assert found, f"{wanted.name} is not in requirements.lock: run `make lock`"
        assert all(wanted.specifier.contains(version) for version in found), (
            f"{wanted} against {found}: run `make lock`"
        )


def test_every_locked_file_has_a_hash_and_no_address() -> None:
    for entry, hashes in locked():
        assert hashes, f"{entry} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes)
        assert entry.url is None
    assert not re.search(r"https?://|file:|--(extra-)?index|--find-links", (ROOT / "requirements.lock").read_text())
