"""Links are read with care, and uploads go with the last tab that holds them."""

from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from app import choosing, link, service
from app.link import Link
from app.recorded import EXAMPLES
from app.uploads import Uploads
from tests.toy_app import toy_recognizer

TOY = toy_recognizer()


@pytest.fixture(autouse=True)
def toy_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.models, "_given", {"toy": TOY})


def test_a_link_survives_the_way_there_and_back() -> None:
    *_, last = service.steps(str(EXAMPLES / "drums_on_stage.mp4"), "adamml", 3)
    assert last.shown is not None
    told = link.read({"clip": "drums_on_stage", "segments": "3", "cells": "120", "compare": "shown,rgb"})
    assert told is not None
    moved = link.apply(last.shown, told)
    assert [dict(s.decisions) for s in moved.current.segments] == list(told.cells or ())
    query = link.write(moved, told.pair)
    assert link.read(dict(parse_qsl(query[1:]))) == told
    assert told.fits(moved)
    tight = link.apply(last.shown, Link(clip=told.clip, segments=3, budget=0.35, cells=told.cells))
    assert (tight.budget, tight.current.segments[1].decisions) == (0.35, {"rgb": False, "audio": True})
    again = link.read(dict(parse_qsl(link.write(tight)[1:])))
    assert again is not None
    assert link.apply(last.shown, again).current.segments == tight.current.segments


@pytest.mark.parametrize(
    ("policy", "read"),
    [
        ("adamml@0.3", ("adamml@0.30", None)),
        ("anytime@0.7", ("anytime@0.70", None)),
        ("even-3", ("even-3", None)),
        ("anytime-20%", ("anytime", 0.2)),  # where the slider stands
        ("anytime-12.5%", ("anytime-12.5%", None)),  # and where it cannot
    ],
)
def test_a_link_may_name_a_policy_with_its_number(policy: str, read: tuple[str, float | None]) -> None:
    told = link.read({"clip": "drums_on_stage", "policy": policy})
    assert told is not None
    assert (told.policy, told.budget) == read


@pytest.mark.parametrize("wrong", ["adamml@2", "rgb@0.3", "even-0", "anytime-0%", "anytime-900%", "by-hand", ""])
def test_a_policy_that_cannot_be_run_is_no_link(wrong: str) -> None:
    with pytest.raises(link.LinkError, match="way of choosing"):
        link.read({"clip": "drums_on_stage", "policy": wrong})


def test_the_policy_of_a_link_can_be_chosen_on_the_page() -> None:
    """Also one that is not among the usual ones; the threshold of a learned one has a slider."""
    for policy, chosen, threshold in (("even-3", "even-3", 0.5), ("adamml@0.3", "adamml", 0.3), ("rgb", "rgb", 0.5)):
        changes = choosing.follow([], {"clip": "drums_on_stage", "policy": policy})
        radio = changes[9]
        assert (radio.value, changes[4]) == (chosen, threshold)
        assert chosen in [value for _, value in radio.choices]
        kept = choosing.other_model([], "toy", 0, chosen, "shown", "rgb")[2]
        assert kept.value == chosen


def test_numbers_are_brought_into_their_range_and_names_must_exist() -> None:
    most = service.max_segments()
    told = link.read({"clip": "drums_on_stage", "segments": "99999", "budget": "3"})
    assert told is not None
    assert (told.segments, told.budget) == (most, 1.0)
    assert link.read({"__theme": "dark"}) is None
    for wrong in (
        {"segments": "3"},
        {"clip": "../../etc/passwd"},
        {"clip": "drums_on_stage", "policy": "best"},
        {"clip": "drums_on_stage", "segments": "-1"},
        {"clip": "drums_on_stage", "segments": "1e9"},
        {"clip": "drums_on_stage", "segments": "3", "cells": "12"},
        {"clip": "drums_on_stage", "segments": "3", "cells": "124"},
        {"clip": "drums_on_stage", "budget": "nan"},
        {"clip": "drums_on_stage", "compare": "rgb"},
        {"clip": "drums_on_stage", "compare": "rgb,shown"},
    ):
        with pytest.raises(link.LinkError):
            link.read(wrong)


def test_a_clip_that_only_has_an_examples_name_has_no_link(tmp_path: Path) -> None:
    (tmp_path / "drums_on_stage.mp4").write_bytes(b"something else")
    assert link.example_of(str(tmp_path / "drums_on_stage.mp4")) is None
    assert link.example_of(str(EXAMPLES / "drums_on_stage.mp4")) == EXAMPLES / "drums_on_stage.mp4"


def test_an_upload_goes_with_the_last_tab_that_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    shared, outside = tmp_path / "uploads" / "clip.mp4", tmp_path / "example.mp4"
    preview = tmp_path / "preview"
    for path in (shared, outside, preview / "made.mp4"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"clip")
    uploads = Uploads()
    for tab in ("one", "two"):
        uploads.hold(tab, shared)
        uploads.hold(tab, outside)
    uploads.made(shared, preview)
    assert uploads.leave("one") == []
    assert shared.exists()
    assert uploads.leave("two") == [shared]
    assert not shared.exists()
    assert not preview.exists()
    assert outside.exists()
    assert uploads.leave("nobody") == []
