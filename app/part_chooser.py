"""Choosing a part of a clip that is longer than what is analyzed at once: what `part_chooser.js` makes an instrument.

The browser offers a part by itself, before anything is uploaded, where it can read how long the file is. Where it
cannot, the server does so once it has the file, and then names its path.
"""

import json
import secrets
from urllib.parse import quote

from adamml import ClipFacts
from app import service
from app.words import esc, span

_BOX = """<section class="part" aria-label="Choose a part" data-longest="{longest:.3f}" data-mark="{mark}"
data-offer="{offer}" hidden><p class="part-say" role="status"></p>
<div class="part-film"><canvas aria-hidden="true"></canvas><div class="part-window" role="slider" tabindex="0"
aria-label="Part to analyze" aria-valuemin="0"><span aria-hidden="true"></span></div></div>
<div class="part-axis" aria-hidden="true"></div>
<div class="part-line"><p>Drag the frame, or use the arrow keys, Page Up, Page Down, Home and End.</p>
<button type="button" class="small-button is-primary" data-part-analyze>Analyze this part</button>
<button type="button" class="small-button" data-part-close>Cancel</button></div></section>"""


def chooser(clip: ClipFacts | None = None, path: str = "") -> str:
    """The chooser: closed, or open for a clip that lies at `path`. Differs every time, so that browsers notice."""
    offer = "" if clip is None else _offer(clip, path)
    return _BOX.format(longest=service.longest(), mark=secrets.token_hex(4), offer=esc(offer))


def another(clip: ClipFacts, path: str, part: service.Part) -> str:
    """What the banner says of a part, with a button that opens the chooser again; nothing is uploaded for it."""
    offer = _offer(clip, path, part.start)
    return (
        f"{esc(span(part.start, part.end))} of {esc(span(0, clip.duration).rpartition(' ')[2])}, analyzed here, just "
        f'now. <button type="button" class="link-button" data-another-part data-offer="{esc(offer)}">Another part'
        "</button>"
    )


def _offer(clip: ClipFacts, path: str, start: float = 0.0) -> str:
    """What the browser has to know of a clip that the server has."""
    url = f"gradio_api/file={quote(path)}"
    return json.dumps({"name": clip.name, "duration": clip.duration, "path": path, "url": url, "start": start})
