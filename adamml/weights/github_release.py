"""The published models from their authors' GitHub release (docs.github.com/rest/releases: get a release by tag name).

The release is asked for its files, because their names are written down nowhere else. The right one is picked by what
its name says, and checked by what it holds. GitHub states a sha256 only for files uploaded since June 2025; for older
ones the size is all there is to check beside the content, and the sha256 that was found is written into the card.

`ADAMML_RELEASES` names another address that answers like api.github.com: a mirror, or a test.
"""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adamml.files import cache_folder
from adamml.weights.checkpoint import CheckpointError
from adamml.weights.download import Downloader, FetchError, Progress
from adamml.weights.ibm_checkpoint import MAX_BYTES, PublishedModel, convert

API = "https://api.github.com"


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A file of a release; `sha256` is None where the release states none."""

    name: str
    url: str
    size: int
    sha256: str | None
    updated: str


def fetch_release(model: PublishedModel, folder: Path, wanted: str | None, say: Callable[[str], object]) -> None:
    """Fetch the RGB + sound model of a release and write it into `folder` in our format.

    Args:
        wanted: name of the file to take; None picks by name.

    Raises:
        FetchError: when there is no such file, or it cannot be had.
        CheckpointError: when it is not what it should be.
    """
    base = os.environ.get("ADAMML_RELEASES", "").rstrip("/") or API
    url = f"{base}/repos/{model.repository}/releases/tags/{model.tag}"
    with Downloader(base) as web:
        asset = pick(assets_of(web.json(url), url), model, wanted)
        say(f"{model.name}: fetching {asset.name} ({asset.size / 1e6:.0f} MB) from {model.repository} {model.tag}")
        target = _place(model, asset)
        digest = web.file(asset.url, target, size=asset.size, sha256=asset.sha256, progress=_by_tenths(say))
    if asset.sha256 is None:
        say(f"the release states no checksum; size and content are checked, and its sha256 is {digest}")
    try:
        convert(
            target,
            folder,
            name=model.name,
            classes=model.classes,
            licence=model.licence,
            trained=model.about,
            source={
                "repository": f"https://github.com/{model.repository}",
                "tag": model.tag,
                "file": asset.name,
                "sha256": digest,
                "sha256_stated": asset.sha256 is not None,
            },
        )
    except CheckpointError:
        target.unlink()  # it is something else, and would be so the next time
        raise
    target.unlink()


def assets_of(release: Any, url: str) -> tuple[Asset, ...]:
    """The whole files of a release, from the API's answer.

    Raises:
        FetchError: when the answer is no release.
    """
    try:
        return tuple(
            Asset(
                name=str(given["name"]),
                url=str(given["browser_download_url"]),
                size=int(given["size"]),
                sha256=_sha256(given.get("digest")),
                updated=str(given.get("updated_at", "")),
            )
            for given in release["assets"]
            if given.get("state", "uploaded") == "uploaded"
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FetchError(f"{url} does not answer like a release of GitHub") from error


def _sha256(stated: object) -> str | None:
    match = re.fullmatch(r"sha256:([0-9a-f]{64})", str(stated).lower())
    return match[1] if match else None


def pick(assets: tuple[Asset, ...], model: PublishedModel, wanted: str | None) -> Asset:
    """The file of the RGB + sound model, by its name or by what its name says.

    Raises:
        FetchError: when none or several fit; the message lists what is there.
    """
    if wanted is not None:
        fitting = [asset for asset in assets if asset.name == wanted]
    else:
        fitting = [asset for asset in assets if modalities_in(asset.name) == {"rgb", "sound"}]
    if len(fitting) != 1:
        there = ", ".join(asset.name for asset in assets) or "nothing"
        many = "several files" if fitting else "no file"
        raise FetchError(
            f"the release {model.tag} of {model.repository} has {many} "
            f"{f'named {wanted!r}' if wanted else 'whose name says RGB + sound'}; there is: {there}. "
            f"Choose with: adamml weights pull {model.name} --asset NAME"
        )
    if not 0 < fitting[0].size <= MAX_BYTES:
        raise FetchError(f"{fitting[0].name} is said to have {fitting[0].size} bytes; no published model has")
    return fitting[0]


def modalities_in(name: str) -> set[str]:
    """What a file's name says it takes: of rgb, sound, flow, rgbdiff. A data set's own "sounds" does not count."""
    name = re.sub(r"kinetics[-_ .]*sounds?", "", name.lower())
    found = set()
    for modality, spelling in (
        ("rgbdiff", r"rgb[-_]?diff"),
        ("flow", "flow"),
        ("sound", "sound|audio"),
        ("rgb", "rgb"),
    ):
        name, times = re.subn(spelling, "", name)
        if times:
            found.add(modality)
    return found


def _place(model: PublishedModel, asset: Asset) -> Path:
    """Where the download lies; another version of the file gets another name, so that no part is continued by it."""
    key = hashlib.sha256(f"{asset.url} {asset.size} {asset.sha256} {asset.updated}".encode()).hexdigest()[:12]
    folder = cache_folder() / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{model.name}-{key}.pth.tar"
    for stale in folder.glob(f"{model.name}-*"):
        if not stale.name.startswith(place.name):
            stale.unlink(missing_ok=True)
    return place


def _by_tenths(say: Callable[[str], object]) -> Progress:
    """A line for every tenth of the way."""
    last = -1

    def progress(done: int, size: int) -> None:
        nonlocal last
        if (tenth := 10 * done // size) > last:
            last = tenth
            say(f"{10 * tenth} % of {size / 1e6:.0f} MB")

    return progress
