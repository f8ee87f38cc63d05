"""A page over the clips of a data set, at /archive: filters, the doubtful and the dear ones first, each to be opened.

Plain HTML with a form, made anew for every request: it works with thousands of clips, by keyboard, without a script.
Served by `adamml archive` alone, and to this machine alone: a page elsewhere that has its name lead here is refused.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qsl, quote, urlencode

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app import archived, service, words
from app.archived import PAGE, Answer, Archived, Filter, Order, Used
from app.link import served_as
from app.theme import tokens
from app.words import esc

PATH = "/archive"
_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_STYLE = Path(__file__).with_name("archive.css")
_ORDERS = {"doubtful": "the most doubtful first", "dear": "the dearest first", "name": "by name"}
_USED = {
    "": "anything",
    "both": "picture and sound",
    "picture": "only the picture",
    "sound": "only the sound",
    "neither": "neither",
}
_FAILED = 200  # clips without an answer that are named


class ArchivePage:
    """ASGI middleware: answers `PATH`, and passes on what comes from this machine."""

    def __init__(self, app: ASGIApp, *, archive: Archived) -> None:
        self._app, self._archive = app, archive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _host(scope) not in _HOSTS:
            await _answer(403, "This page is for the machine that it runs on.")(scope, receive, send)
        elif scope["path"].rstrip("/") == PATH and scope["method"] in ("GET", "HEAD"):
            query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
            await _answer(200, document(self._archive, query))(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def document(archive: Archived, query: Mapping[str, str]) -> str:
    """The whole page for a query, whatever a stranger writes into it."""
    asked = _read(query)
    found = archived.selected(archive, asked)
    pages = max(1, math.ceil(len(found) / PAGE))
    page = min(max(1, _whole(query.get("page", ""))), pages)
    shown = found[(page - 1) * PAGE : page * PAGE]
    count = words.count(len(found), "clip")
    body = [
        f'<header><p><a href="/">AdaMML Studio</a></p><h1>{esc(archive.name)}</h1>',
        f"<p>{words.count(len(archive.answers), 'clip')}, answered by {esc(archive.model)} "
        f"with the policy {esc(words.policy(archive.policy))}.</p></header>",
        f"<main>{_form(archive, asked)}",
        f'<p id="count" role="status">{count}, {_ORDERS[asked.order]}'
        f"{f'; page {page} of {pages}' if pages > 1 else ''}.</p>",
        _table(archive, shown) if shown else "<p>None is like that: widen the filters.</p>",
        _turn(query, page, pages),
        _failures(archive.failures),
        "</main>",
    ]
    style = tokens() + _STYLE.read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{esc(archive.name)}: clips</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>'
        f"<body>{''.join(body)}</body></html>"
    )


def _read(query: Mapping[str, str]) -> Filter:
    used, order = query.get("used", ""), query.get("order", "")
    return Filter(
        label=query.get("label", ""),
        surest=_percent(query.get("surest", ""), 100),
        used=used if used in get_args(Used) else "",  # type: ignore[arg-type]
        cheapest=_percent(query.get("cheapest", ""), 0),
        order=order if order in get_args(Order) else "doubtful",  # type: ignore[arg-type]
    )


def _percent(text: str, usual: float) -> float:
    try:
        value = float(text)
    except ValueError:
        return usual
    return min(max(value, 0.0), 1000.0) if math.isfinite(value) else usual


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _form(archive: Archived, asked: Filter) -> str:
    labels = sorted(Counter(answer.label for answer in archive.answers).items())
    answers = {"": "any"} | {label: f"{words.label(label)} ({count})" for label, count in labels}
    return (
        f'<form action="{PATH}" method="get" aria-label="Filter">'
        + _choice("label", "Answer", answers, asked.label)
        + _number("surest", "At most so sure (%)", asked.surest)
        + _choice("used", "What was run", _USED, asked.used)
        + _number("cheapest", "Compute, at least (% of everything)", asked.cheapest)
        + _choice("order", "Order", _ORDERS, asked.order)
        + f'<div class="do"><button>Show</button> <a href="{PATH}">All clips</a></div></form>'
    )


def _choice(name: str, label: str, values: Mapping[str, str], chosen: str) -> str:
    options = "".join(
        f'<option value="{esc(value)}"{" selected" if value == chosen else ""}>{esc(text)}</option>'
        for value, text in values.items()
    )
    return f'<label>{label}<select name="{name}">{options}</select></label>'


def _number(name: str, label: str, value: float) -> str:
    return f'<label>{label}<input name="{name}" type="number" min="0" max="1000" step="any" value="{value:g}"></label>'


def _table(archive: Archived, shown: Sequence[Answer]) -> str:
    heads = ("Clip", "Answer", "Sure", "Looked", "Listened", "Compute")
    columns = "".join(f'<th role="columnheader" scope="col">{head}</th>' for head in heads)
    rows = "".join(_row(archive, answer, heads) for answer in shown)
    return (
        f'<table role="table"><caption>Looked and listened: share of a clip’s segments. '
        "Compute: billions of multiply-accumulates, and what share of running everything.</caption>"
        f'<thead role="rowgroup"><tr role="row">{columns}</tr></thead><tbody role="rowgroup">{rows}</tbody></table>'
    )


def _row(archive: Archived, answer: Answer, heads: Sequence[str]) -> str:
    name = esc(answer.clip)
    if answer.clip in archive.files:
        name = f'<a href="/?{esc(_opening(archive, answer))}">{name}</a>'
    else:
        name += " <small>not in the folder</small>"
    label = esc(words.label(answer.label))
    share = f"{words.billions(answer.macs)}\u00a0G <small>{words.percent(archived.share(answer))}</small>"
    cells = (
        f"{name} <small>{words.seconds(answer.duration)} s</small>",
        label if answer.known else f"none of the model’s classes <small>closest: {label}</small>",
        words.percent(answer.score),
        words.percent(answer.looked),
        words.percent(answer.listened),
        share,
    )
    filled = "".join(
        f'<td role="cell" data-head="{head}"><span>{cell}</span></td>' for head, cell in zip(heads, cells, strict=True)
    )
    return f'<tr role="row">{filled}</tr>'


def _opening(archive: Archived, answer: Answer) -> str:
    """The query that opens a clip as it was answered, as far as this page has its model and its policy."""
    asked = {"archived": answer.clip, "segments": str(archive.segments)}
    if (model := served_as(archive.model)) is not None:
        asked["model"] = model
    if service.runs(archive.policy, model):
        asked["policy"] = archive.policy
    return urlencode(asked, quote_via=quote)


def _turn(query: Mapping[str, str], page: int, pages: int) -> str:
    if pages == 1:
        return ""

    def link(to: int, text: str, rel: str) -> str:
        if not 1 <= to <= pages:
            return f"<span>{text}</span>"
        return f'<a rel="{rel}" href="{PATH}?{esc(urlencode({**query, "page": to}))}">{text}</a>'

    return f'<nav aria-label="Pages">{link(page - 1, "Back", "prev")} {link(page + 1, "Next", "next")}</nav>'


def _failures(failures: Mapping[str, str]) -> str:
    if not failures:
        return ""
    rows = "".join(f"<li><b>{esc(clip)}</b>: {esc(why)}</li>" for clip, why in list(failures.items())[:_FAILED])
    more = f"<li>and {len(failures) - _FAILED} more</li>" if len(failures) > _FAILED else ""
    head = f"{words.count(len(failures), 'clip')} could not be analyzed"
    return f"<details><summary>{head}</summary><ul>{rows}{more}</ul></details>"


def _host(scope: Scope) -> str:
    """The name by which this machine was asked for, without the port."""
    named = next((value.decode("latin-1") for key, value in scope["headers"] if key == b"host"), "")
    name, _, port = named.rpartition(":")
    return name if name and port.isdigit() else named


def _answer(status: int, text: str) -> Response:
    headers = {
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    kind = HTMLResponse if status == 200 else PlainTextResponse
    return kind(text.encode("utf-8", "replace"), status, headers)
