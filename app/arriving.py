"""A clip on its way from the browser: what is seen of it before the server has it, and where it lies afterwards.

`source.js` uploads it by itself, so that it can show the clip, the megabytes, the time left and a Cancel at once. Then
it names the path that the server gave it, which counts only where it is an upload of this server.
"""

import math
from pathlib import Path

from gradio.utils import get_upload_folder

from app.service import Part

INCOMING = """<div class="incoming" hidden>
<video muted playsinline aria-label="Your clip, not uploaded yet"></video>
<div class="incoming-line"><p role="status"></p>
<button type="button" class="small-button" data-stop>Cancel</button></div>
<progress max="100" value="0" aria-label="Upload"></progress></div>
<p class="incoming-problem" role="alert" hidden></p>"""

# When the connection breaks, see `connection.js`.
LOST = """<div class="lost" role="alert" hidden><p></p>
<button type="button" class="small-button is-primary" data-send-again hidden>Try again</button></div>"""


def asked_part(data: object) -> Part | None:
    """Which part of it the browser asked for, as far as it makes sense; `service.check` says whether there is one."""
    start, end = (data.get(name) if isinstance(data, dict) else None for name in ("start", "end"))
    numbers = [value for value in (start, end) if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) != 2 or not all(map(math.isfinite, numbers)):
        return None
    return Part(start=float(numbers[0]), end=float(numbers[1]))


def uploaded(data: object) -> str | None:
    """The path in what the browser sent; None where it is no file that was uploaded here."""
    path = data.get("path") if isinstance(data, dict) else None
    if not isinstance(path, str):
        return None
    real = Path(path).resolve()
    return str(real) if real.is_file() and real.is_relative_to(Path(get_upload_folder()).resolve()) else None
