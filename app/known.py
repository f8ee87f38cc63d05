"""What a model can recognize, said before anybody uploads something that it has never heard of.

A few classes are one sentence. Hundreds are a list with a search field; `known.js` filters it in the browser. The list
is whole without the script, and the field says how many entries are left.
"""

from collections.abc import Sequence

from adamml import ModelCard
from app import words
from app.words import esc

FEW = 30


def known(card: ModelCard) -> str:
    """The classes, and the sounds that it can name beside them."""
    number = words.count(len(card.classes), words.noun(card.classes))
    unsure = ", or answered with “none of my classes”" if card.unknown else ""
    rest = f"Any other clip is mistaken for one of these{unsure}"
    if len(card.classes) <= FEW:
        names = words.listing([f"<span data-name>{esc(words.label(name))}</span>" for name in card.classes])
        return f'<p data-model="{esc(card.name)}">It knows <b>{number}</b>: {names}. {rest}.</p>'
    sounds = f", and can name <b>{words.count(len(card.sounds), 'sound')}</b> that it hears" if card.sounds else ""
    rows = _rows(card.classes, "") + _rows(card.sounds, "<small>sound</small>")
    total = len(card.classes) + len(card.sounds)
    return (
        f'<div class="known" data-model="{esc(card.name)}"><p>It knows <b>{number}</b>{sounds}. {rest}.</p>'
        '<label for="known-search">Is yours among them?</label>'
        '<input id="known-search" type="search" autocomplete="off" spellcheck="false" placeholder="piano" '
        'aria-controls="known-list" aria-describedby="known-count">'
        f'<p id="known-count" class="remark" role="status">All {total} are listed.</p>'
        f'<ul id="known-list" tabindex="0" aria-label="What it knows">{rows}</ul></div>'
    )


def _rows(names: Sequence[str], tag: str) -> str:
    """In the order of the alphabet, which is how people look for a word."""
    return "".join(f"<li>{esc(words.label(name))}{tag}</li>" for name in sorted(names, key=str.casefold))
