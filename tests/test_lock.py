"""The lock file and the readable lists of requirements say the same."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


NOT_LOCKED = {"dev", "ray"}  # a cluster has a version of its own, which its machines share


def requirements() -> list[Requirement]:
    """Of the package and of all extras that documented commands ask for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = [line for name in sorted(set(extras) - NOT_LOCKED) for line in extras[name]]
    return [Requirement(line) for line in [*project["dependencies"], *asked]]


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
    names = {canonicalize_name(each.name) for each in requirements()}
    assert len(versions) > len(names), "what the requirements require is locked too"
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
