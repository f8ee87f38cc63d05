"""What the policy is, as a drawing under the title: small frames and sound, policy, switches, networks, answer.

`drawing.js` fills it from the segment under the playhead, so that it moves with the clip. The same is said in words,
for whoever does not see it; the drawing itself is hidden from screen readers.
"""

from app import icons

PAPER = "https://arxiv.org/abs/2105.05165"
CODE = "https://github.com/IBM/AdaMML"
_GUMBEL = (
    "It was trained with <b>Gumbel-Softmax</b>: yes-or-no choices drawn with noise, in a form that lets gradients "
    "through. Here it takes the more probable choice."
)
_ARROW = '<i class="draw-arrow"></i>'


def drawing() -> str:
    """The drawing with its sentence and links."""
    switches = "".join(
        f'<span class="draw-switch is-{m}" data-draw="{m}">{icon}<b>{verb}</b><small data-draw="{m}-p">–</small></span>'
        for m, icon, verb in (("rgb", icons.EYE, "look"), ("audio", icons.SPEAKER, "listen"))
    )
    networks = "".join(
        f'<span class="draw-network is-{m}" data-draw="{m}-net">{name}</span>'
        for m, name in (("rgb", "large RGB network"), ("audio", "audio network"))
    )
    stages = (
        (
            "1",
            "Small frames and sound",
            f'<span class="draw-frame" data-draw="frame"></span><span class="draw-sound">{icons.SPEAKER}</span>',
        ),
        ("2", "Policy: cheap, sees both", '<span class="draw-policy">policy</span>'),
        ("3", "What is worth running?", switches),
        ("4", "Only that is run", networks),
        ("5", "What this segment says", '<span class="draw-answer" data-draw="answer">…</span>'),
    )
    drawn = _ARROW.join(
        f'<div class="draw-stage draw-{number}"><div>{inner}</div><small>{title}</small></div>'
        for number, title, inner in stages
    )
    links = (
        f'<a href="{PAPER}" rel="noopener" target="_blank">Paper</a> · <a href="#details-card">Model card</a> · '
        f'<a href="{CODE}" rel="noopener" target="_blank">Code of the paper</a>'
    )
    return (
        f'<div class="drawing" data-now=""><div class="draw-row" aria-hidden="true">{drawn}</div>'
        f'<p class="draw-say">{_GUMBEL} <span class="draw-links">{links}</span></p></div>'
    )
