"""The page over a data set as HTML: filters, order, pages, and what strangers write into names and queries."""

import asyncio
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from adamml.batch.results import ClipAnswer
from app import archived, link, service
from app.archive_page import ArchivePage, document
from app.archived import PAGE, Archived
from tests.toy_app import toy_recognizer

NASTY = "<img src=x onerror=alert(1)>\"'&.mp4"


def answer(clip: str, **values: Any) -> ClipAnswer:
    usual: dict[str, Any] = {
        **{"clip": clip, "path": clip, "start": None, "end": None, "duration": 10.0},
        **{"label": "cat", "score": 0.9, "known": True},
        **{"looked": 0.5, "listened": 1.0, "macs": 40 * 10**9, "macs_if_all": 100 * 10**9},
    }
    return ClipAnswer(**(usual | values))


def archive(*answers: ClipAnswer, files: dict[str, Path] | None = None, **values: Any) -> Archived:
    usual: dict[str, Any] = {"name": "out", "model": "toy", "policy": "adamml", "segments": 10, "failures": {}}
    return Archived(answers=answers, **(usual | {"files": files or {}} | values))


SOME = archive(
    answer("sure.mp4", score=0.99),
    answer("half.mp4", score=0.5, label="sea_waves"),
    answer("unknown.mp4", score=0.8, known=False),
    answer("dear.mp4", macs=120 * 10**9, looked=1.0),
    answer("heard.mp4", looked=0.0, macs=10**9),
    answer("seen.mp4", listened=0.0, score=0.7),
    answer("skipped.mp4", looked=0.0, listened=0.0, score=0.6, macs=10**8),
)


def clips(page: str) -> list[str]:
    return [re.sub("<.*?>", "", cell).split(" ")[0] for cell in re.findall(r'data-head="Clip"><span>(.*?)<small', page)]


def shown(**query: str) -> list[str]:
    return clips(document(SOME, query))


def test_the_most_doubtful_come_first_and_the_dearest_on_request() -> None:
    assert shown()[:3] == ["unknown.mp4", "half.mp4", "skipped.mp4"]
    assert shown(order="dear")[0] == "dear.mp4"
    assert shown(order="name") == sorted(shown())


def test_filters_by_answer_doubt_what_was_run_and_cost() -> None:
    assert shown(label="sea_waves") == ["half.mp4"]
    assert shown(surest="65") == ["half.mp4", "skipped.mp4"]
    assert shown(used="sound") == ["heard.mp4"]
    assert shown(used="picture") == ["seen.mp4"]
    assert shown(used="neither") == ["skipped.mp4"]
    assert set(shown(used="both")) == {"sure.mp4", "half.mp4", "unknown.mp4", "dear.mp4"}
    assert shown(cheapest="100") == ["dear.mp4"]
    assert shown(label="cat", used="both", surest="85") == ["unknown.mp4"]
    page = document(SOME, {"label": "no such"})
    assert clips(page) == []
    assert "widen the filters" in page


@pytest.mark.parametrize("text", ["", "nan", "inf", "-1e999", "many", "<b>", "1" * 400])
@pytest.mark.parametrize("name", ["surest", "cheapest", "page", "order", "used", "label"])
def test_whatever_a_query_holds_there_is_a_page(name: str, text: str) -> None:
    page = document(SOME, {name: text})
    assert "<main>" in page
    assert "<b>" not in page


def test_names_labels_and_reasons_are_text() -> None:
    page = document(
        archive(
            answer(NASTY, label="<script>"),
            files={NASTY: Path("/clips/x.mp4")},
            failures={"<i>x</i>": "<u>y</u>"},
            name="<s>n</s>",
        ),
        {"order": NASTY, "label": "<script>"},
    )
    for tag in ("<img", "<script", "<i>", "<u>", "<s>"):
        assert tag not in page
    assert 'href="/?archived=%3Cimg%20src' in page


def opened(page: str) -> dict[str, str]:
    """The query of the only clip's link."""
    (query,) = re.findall(r'<td [^>]*><span><a href="/\?(.*?)">', page)
    return dict(parse_qsl(unescape(query)))


def test_thousands_of_clips_come_in_pages() -> None:
    many = archive(*(answer(f"{n:05}.mp4", score=n / 20_000) for n in range(20_000)))
    page = document(many, {"page": "3", "used": "both"})
    assert clips(page) == [f"{n:05}.mp4" for n in range(2 * PAGE, 3 * PAGE)]
    assert 'href="/archive?page=2&amp;used=both"' in page
    assert 'href="/archive?page=4&amp;used=both"' in page
    assert "page 3 of 400" in page
    assert len(page) < 200_000
    assert clips(document(many, {"page": "99999"}))[-1] == "19999.mp4"


@pytest.mark.parametrize("policy", ["adamml", "adamml@0.30", "anytime-20%", "anytime-12.5%", "even-3"])
def test_a_clip_opens_as_it_was_answered(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.models, "_given", {"toy": toy_recognizer(), "other": toy_recognizer("other")})
    made = archive(
        answer("a b.mp4"), files={"a b.mp4": Path("/clips/a b.mp4")}, model="other", policy=policy, segments=20
    )
    query = opened(document(made, {}))
    assert query == {"archived": "a b.mp4", "segments": "20", "model": "other", "policy": policy}
    monkeypatch.setattr(archived, "_archived", made)
    found = link.read(query)
    assert found is not None
    assert (found.clip, found.part, found.segments) == (Path("/clips/a b.mp4"), None, 20)


def test_what_this_page_cannot_run_is_not_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.models, "_given", {"toy": toy_recognizer()})
    files = {"a.mp4": Path("/clips/a.mp4")}
    page = document(archive(answer("a.mp4"), files=files, model="gone", policy="gone"), {})
    assert opened(page) == {"archived": "a.mp4", "segments": "10"}
    assert "not in the folder" in document(archive(answer("a b.mp4")), {})


@pytest.mark.parametrize(
    ("start", "end", "part"), [(2.0, 5.0, (2.0, 5.0)), (None, 5.0, (0.0, 5.0)), (2.0, None, (2.0, 12.0))]
)
def test_a_part_of_a_file_opens_as_that_part(
    start: float | None, end: float | None, part: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"a.mp4#t={start or 0.0},{end or ''}"
    made = archive(answer(name, path="a.mp4", start=start, end=end), files={name: Path("/clips/a.mp4")})
    monkeypatch.setattr(archived, "_archived", made)
    found = link.read(opened(document(made, {})))
    assert found is not None
    assert (found.clip, found.part) == (Path("/clips/a.mp4"), service.Part(start=part[0], end=part[1]))


def test_a_link_finds_the_clips_of_the_data_set_and_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(link.LinkError, match="not started with"):
        link.read({"archived": "a.mp4"})
    clip = tmp_path / "a.mp4"
    monkeypatch.setattr(archived, "_archived", archive(answer("a.mp4"), files={"a.mp4": clip}))
    found = link.read({"archived": "a.mp4"})
    assert found is not None
    assert found.clip == clip
    for name in ("/etc/passwd", "b.mp4", "", "../a.mp4", str(clip)):
        with pytest.raises(link.LinkError):
            link.read({"archived": name})


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("127.0.0.1:7860", "/archive", 200),
        ("localhost", "/archive/", 200),
        ("[::1]:7860", "/archive", 200),
        ("127.0.0.1:7860", "/", 204),
        ("evil.example", "/archive", 403),
        ("evil.example:7860", "/", 403),
        ("127.0.0.1.evil.example:7860", "/gradio_api/file=/clips/a.mp4", 403),
        ("", "/archive", 403),
    ],
)
def test_only_this_machine_is_answered(host: str, path: str, status: int) -> None:
    sent: list[Any] = []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    headers = [(b"host", host.encode())] if host else []
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"surest=90", "headers": headers}
    asyncio.run(ArchivePage(behind, archive=SOME)(scope, receive, send))
    assert sent[0]["status"] == status
