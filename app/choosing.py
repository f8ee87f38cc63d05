"""Which clip and which model: what a link, an upload, an example or another model changes on the page."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

import adamml
from adamml.results.policy_spec import spec_of, split_name
from app import arriving, details, examples, link, service, status_line, words
from app.cancellation import in_thread
from app.fetching import fetched
from app.known import known


def follow(
    offers: list[examples.Offer], query: dict[str, str], copied: Callable[[str], str | None] = lambda path: path
) -> list[Any]:
    """The clip and the settings of the page's link, if it has one; and which examples are here by now.

    `copied` says where Gradio will have the clip, perhaps by another name: there it is analyzed.
    """
    # Which examples are seen stays as it is: a visitor may have chosen another model before this answer comes.
    skipped, buttons = [gr.skip()] * 4, [gr.Button(offer.button) for offer in offers]
    try:
        asked = link.read(query)
    except link.LinkError as error:
        said = status_line.problem(f"{error} Here is the page as usual.")
        return [*skipped, gr.skip(), gr.skip(), None, said, *skipped, *buttons]
    if asked is None:
        return [*skipped, gr.skip(), gr.skip(), None, gr.skip(), *skipped, *buttons]
    policy, threshold = asked.policy, service.OWN_THRESHOLD
    base, number = split_name(policy)
    if number and spec_of(base).number == "threshold":  # which has a slider of its own
        policy, threshold = base, float(number)
    pair = asked.pair or ("shown", "rgb")
    asked = replace(asked, clip=Path(copied(str(asked.clip)) or asked.clip))
    part = asked.part and service.Chosen(path=str(asked.clip), part=asked.part)
    return [
        *(str(asked.clip), asked.segments, 0, asked.model, threshold, part, asked, gr.skip()),
        *_of_model(offers, asked.model, policy, *pair),
    ]


def _usual(model: str | None) -> str:
    """The policy of this page, where the model can run it."""
    return "adamml" if "adamml" in service.policies(model) else "rgb"


def arrived(model: str | None, data: gr.EventData) -> list[Any]:
    """What the browser has uploaded (see `source.js`)."""
    path = arriving.uploaded(data._data)
    if path is None:
        return [*[gr.skip()] * 4, status_line.problem("This clip is no longer kept here. Choose it once more.")]
    part = arriving.asked_part(data._data)
    # What is sent again because the connection broke is judged as it was.
    policy = [gr.skip()] * 2 if data._data.get("again") is True else [_usual(model), service.OWN_THRESHOLD]
    return [path, *policy, part and service.Chosen(path=path, part=part), gr.skip()]


def example(path: str, model: str | None) -> list[Any]:
    return [path, _usual(model), service.OWN_THRESHOLD, None]


def other_model(
    offers: list[examples.Offer], model: str | None, judged: int, policy: str, left: str, right: str
) -> list[Any]:
    """Another model is loaded, shows what it has to say of itself, and judges the clip that is there."""
    service.load_in_background(model)
    return [judged + 1, *_of_model(offers, model, policy, left, right)]


def _of_model(offers: list[examples.Offer], model: str | None, policy: str, left: str, right: str) -> list[Any]:
    """What a model knows, the ways of choosing that it can run, and its examples."""
    card, able = service.models.card(model), service.policies(model)
    choices = details.ways(able, about=True)
    if policy not in able and service.runs(policy, model):  # with a number, as links name them: even-3
        choices.append((words.policy(policy), policy))
    left, right = left if left == "shown" or left in able else "shown", right if right in able else "rgb"
    return [
        known(card) if card else status_line.problem(service.NO_MODEL),
        gr.Radio(choices=choices, value=policy if policy in dict(choices).values() else "rgb"),
        gr.Radio(choices=[details.SHOWN, *details.ways(able)], value=left),
        gr.Radio(choices=details.ways(able), value=right),
        *_buttons(offers, model),
    ]


def _buttons(offers: list[examples.Offer], model: str | None) -> list[Any]:
    """Which examples are seen, and what their buttons say: what was fetched meanwhile is here."""
    card = service.models.card(model)
    seen = {offer.name for offer in examples.offers(card.name if card else None)}
    return [gr.Button(offer.button, visible=offer.name in seen) for offer in offers]


def fetcher(example: adamml.Example) -> Callable[[], AsyncIterator[list[Any]]]:
    """The handler of a button whose clip does not come along: fetched, unless it is here, and chosen like any other."""

    async def fetch() -> AsyncIterator[list[Any]]:
        async with aclosing(in_thread(fetched(example))) as steps:
            async for status, path in steps:
                yield [path or gr.skip(), status, gr.Button(example.title) if path else gr.skip()]

    return fetch
