"""The clip in the browser's own player, with a caption that says what was decided at each moment.

Clips that browsers do not play get a preview made from our own decoding, in a private folder that is swept.
"""

import secrets
from pathlib import Path
from urllib.parse import quote

import adamml
from app import service, tmp_dirs
from app.details import sweep
from app.error_log import failed
from app.uploads import UPLOADS
from app.words import esc

PREVIEWS = tmp_dirs.folder("previews")
_KEEP_SECONDS = 3600


def player(path: str | None, remark: str = "", part: service.Part | None = None) -> str:
    """HTML of the player for a file that this server may serve; empty without one. It begins at the part's start."""
    if not path:
        return ""
    source, offset = f"gradio_api/file={quote(path)}", ""
    if part is not None:
        source += f"#t={part.start:.3f},{part.end:.3f}"
        offset = f'data-offset="{part.start:.3f}" '
    line = f'<p class="player-remark">{esc(remark)}</p>' if remark else ""
    return (
        f'<div class="player"><video id="clip-player" src="{esc(source)}" {offset}'
        'controls playsinline preload="metadata" aria-label="The clip" '
        "onloadedmetadata=\"this.parentElement.classList.remove('is-broken');"
        "this.parentElement.classList.toggle('is-sound', !this.videoWidth)\" "
        "onerror=\"this.parentElement.classList.add('is-broken')\"></video>"
        '<p id="clip-now" class="player-now" aria-hidden="true"></p>'
        '<p class="player-broken">Your browser cannot play this kind of file. It is analyzed all the same.</p></div>'
        f"{line}"
    )


def preview(path: str | None, part: service.Part | None = None) -> str | None:
    """A path that browsers can play, made if need be; None when the file itself will do, or nothing helps.

    Of a part it shows that part alone.
    """
    if not path:
        return None
    sweep(PREVIEWS, _KEEP_SECONDS)
    folder = PREVIEWS / secrets.token_urlsafe(12)
    folder.mkdir(mode=0o700)
    try:
        service.check(path, part)
        seconds = {} if part is None else {"start": part.start, "end": part.end}
        made = adamml.browser_preview(path, folder, profile=service.profile(), **seconds)
    except adamml.ClipError:
        return None  # the analysis says what is wrong with it
    except Exception as error:
        failed("a preview", error)
        return None
    if made is None:
        return None
    UPLOADS.made(Path(path), folder)
    return str(made)
