"""Small line icons as inline SVG: an eye and a speaker, each also struck out. Hidden from screen readers.

They take their color from the text around them, so one drawing serves both themes.
"""

_OPEN = (
    '<svg class="ic" viewBox="0 0 24 24" width="1em" height="1em" fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
)
_EYE = '<path d="M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12z"/><circle cx="12" cy="12" r="2.8"/>'
_SPEAKER = '<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5z"/>'
_WAVES = '<path d="M15.5 9a4.2 4.2 0 0 1 0 6M18.2 6.5a7.8 7.8 0 0 1 0 11"/>'
_CROSS = '<path d="M16 9.5l5 5M21 9.5l-5 5"/>'
_SLASH = '<path d="M4 20L20 4"/>'

EYE = f"{_OPEN}{_EYE}</svg>"
EYE_OFF = f"{_OPEN}{_EYE}{_SLASH}</svg>"
SPEAKER = f"{_OPEN}{_SPEAKER}{_WAVES}</svg>"
SPEAKER_OFF = f"{_OPEN}{_SPEAKER}{_CROSS}</svg>"
CHECK = f'{_OPEN}<path d="M5 12.5l4.5 4.5L19 7.5"/></svg>'
WARN = f'{_OPEN}<path d="M12 4L2.5 20h19z"/><path d="M12 10v4.5M12 17.2v.1"/></svg>'
_FINGERS = "M8 12V5.5a1.5 1.5 0 0 1 3 0V11V4a1.5 1.5 0 0 1 3 0v7V5.5a1.5 1.5 0 0 1 3 0V14a6 6 0 0 1-6 6h-1"
HAND = f'{_OPEN}<path d="{_FINGERS}a5 5 0 0 1-4-2l-3-4.5a1.4 1.4 0 0 1 2.2-1.7z"/></svg>'
RECORD = f'{_OPEN}<circle cx="12" cy="12" r="9"/><circle cx="12" cy="12" r="4" fill="currentColor"/></svg>'


ON = {"rgb": EYE, "audio": SPEAKER}
OFF = {"rgb": EYE_OFF, "audio": SPEAKER_OFF}
