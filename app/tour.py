"""A guided tour of the page: eight places, each with a sentence. `tour.js` leads; Escape leaves it at any step."""

import json

from app.words import esc

STEPS = (
    ("#source-card", "Your clip", "Bring one with the first button, drop it anywhere, record one, or try an example."),
    (
        "#drawing",
        "The policy",
        "For every second of the clip, a small network decides from tiny frames and the sound "
        "whether the large networks should look, listen, both or neither.",
    ),
    (
        "#timeline",
        "What it picked",
        "Blue is picture, orange is sound. Solid was run, dashed was skipped. Press a "
        "segment to go there; press its eye or speaker to switch it.",
    ),
    (".tl-scores", "Scores over time", "What each segment says for the leading classes. A gap: nothing ran there."),
    ("#answer", "The answer", "The class, how sure the model is, the five best guesses, and how much it looked at."),
    (
        "#way",
        "What would RGB alone say?",
        "The switch shows the same clip with the picture network run everywhere, or both beside each other.",
    ),
    (
        "#savings-card",
        "What it saved",
        "Each way’s compute in per cent of running everything, its answer, and the seconds that were measured.",
    ),
    (
        "#more",
        "And more below",
        "Switch cells and move the budget, compare other policies, and take the result away as video, report or data.",
    ),
)


def button() -> str:
    """What starts it, with its steps."""
    steps = [{"at": at, "title": title, "text": text} for at, title, text in STEPS]
    return f'<button type="button" class="small-button" data-tour="{esc(json.dumps(steps))}">Show me around</button>'
