"""Which clips go with which model, links to them, and fetching one on the page: whole, or a sentence."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import adamml
from adamml.datasets import examples as fetchable
from app import examples, link, service
from app.fetching import fetched
from tests.fake_release import FakeRelease, shelf
from tests.toy_app import toy_recognizer

DATA = b"clip" * 50_000
TOY = toy_recognizer()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRelease]:
    """Beside the page: one clip to fetch, by the name of one of the real ones."""
    monkeypatch.setenv("ADAMML_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("adamml.weights.download.PAUSE", 0)
    monkeypatch.setattr(fetchable, "LIST", tmp_path / "list.json")
    with shelf() as server:
        server.files["/clip.mp4"] = DATA
        values = {"name": "marathon_start", "title": "Start of a marathon", "label": "jogging", "about": "Runners."}
        values |= {"url": f"{server.address}/clip.mp4", "license": "none", "credit": "the tests"}
        known = {"size": len(DATA), "sha256": hashlib.sha256(DATA).hexdigest()}
        fetchable.LIST.write_text(json.dumps([values | known]))
        yield server


def test_every_named_clip_is_there_or_can_be_fetched() -> None:
    table = json.loads(examples.TABLE.read_text())
    assert list(table) == ["kinetics-400", "everyday-av"]
    for model, names in table.items():
        assert [offer.name for offer in examples.offers(model)] == names
    assert [o.name for o in examples.offers("kinetics-400") if o.source is None] == [
        "pianist_lights_out",
        "pianist_muted",
    ]
    assert all(offer.path is not None for offer in examples.offers("everyday-av"))
    credits = (examples.EXAMPLES.parent / "CREDITS.md").read_text()
    assert all(f"`{path.name}`" in credits for path in examples.EXAMPLES.glob("*.mp4"))


def test_a_model_that_nobody_thought_of_is_offered_all_that_comes_along() -> None:
    assert {o.name for o in examples.offers("mine")} == {path.stem for path in examples.EXAMPLES.glob("*.mp4")}


def test_a_press_fetches_once_and_says_how_far_it_is(server: FakeRelease) -> None:
    offer = next(o for o in examples.offers("kinetics-400") if o.source is not None)
    assert offer.source is not None
    assert offer.button == "Start of a marathon: fetch 0.2 MB from 127.0.0.1"
    assert server.seen == []  # nothing before the press
    *before, (status, path) = fetched(offer.source)
    assert all("is-running" in said and "fetch" in said.lower() for said, _ in before)
    assert "is here" in status
    assert path is not None
    assert Path(path).read_bytes() == DATA
    assert offer.button == "Start of a marathon"
    assert Path(path) in examples.paths().values()
    asked = len(server.seen)
    *_, (_, again) = fetched(offer.source)
    assert (again, len(server.seen)) == (path, asked)


@pytest.mark.parametrize("fault", ["gone", "another file", "offline", "no room"])
def test_what_cannot_be_had_is_a_sentence(fault: str, server: FakeRelease, tmp_path: Path) -> None:
    (example,) = adamml.list_examples()
    if fault == "gone":
        del server.files["/clip.mp4"]
    elif fault == "another file":
        server.files["/clip.mp4"] = DATA[::-1]
    elif fault == "offline":
        server.shutdown()
        server.server_close()
    else:
        (tmp_path / "cache").write_text("a file where the folder should be")
    *_, (status, path) = fetched(example)
    assert path is None
    assert 'role="alert"' in status
    assert str(tmp_path) not in status  # folders of the server are none of a visitor's business


def test_whoever_leaves_has_the_transfer_stop(server: FakeRelease) -> None:
    (example,) = adamml.list_examples()
    steps = fetched(example)
    next(steps)
    steps.close()
    assert adamml.local_example(example.name) in (None, adamml.example_folder() / example.filename)


def test_a_link_names_its_model_where_that_is_not_the_clips_own(
    monkeypatch: pytest.MonkeyPatch, server: FakeRelease
) -> None:
    everyday, kinetics = toy_recognizer("everyday-av"), toy_recognizer("kinetics-400")
    monkeypatch.setattr(service.models, "_given", {"kinetics-400": kinetics, "everyday-av": everyday})
    told = link.read({"clip": "rooster_at_dawn", "segments": "2"})
    assert told is not None
    assert told.model == "everyday-av"
    other = link.read({"clip": "rooster_at_dawn", "segments": "2", "model": "kinetics-400"})
    assert other is not None
    assert other.model == "kinetics-400"
    with pytest.raises(link.LinkError, match="no model"):
        link.read({"clip": "rooster_at_dawn", "model": "/etc"})
    with pytest.raises(link.LinkError, match="not fetched here yet"):
        link.read({"clip": "marathon_start"})
    for asked, query in ((told, ""), (other, "model=kinetics-400")):
        *_, last = service.steps(str(asked.clip), "rgb", 2, model=asked.model)
        assert last.shown is not None
        written = link.write(last.shown)
        assert (query in written) if query else ("model=" not in written)
