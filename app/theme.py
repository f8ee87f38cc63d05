"""The page's theme: system fonts, neutral colors; everything finer is in the style sheets."""

import re
from pathlib import Path

import gradio as gr

HERE = Path(__file__).parent
STYLES = [HERE / "style.css", HERE / "timeline.css", HERE / "live.css"]
HEAD = '<meta name="description" content="A video recognizer that says what it looked at, and what that saved.">'
FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")


def theme() -> gr.themes.Base:
    """Gradio's plain theme with our surfaces; the values repeat the tokens of style.css by name."""
    base = gr.themes.Base(font=FONT, font_mono=("ui-monospace", "Menlo", "Consolas", "monospace"), radius_size="lg")
    values = {
        "body_background_fill": "var(--ground)",
        "body_text_color": "var(--text)",
        "body_text_color_subdued": "var(--muted)",
        "background_fill_primary": "var(--card)",
        "background_fill_secondary": "var(--rail)",
        "block_background_fill": "var(--card)",
        "block_border_color": "var(--line)",
        "block_label_background_fill": "var(--card)",
        "block_label_text_color": "var(--muted)",
        "block_title_text_color": "var(--text)",
        "border_color_primary": "var(--line)",
        "button_primary_background_fill": "var(--text)",
        "button_primary_background_fill_hover": "var(--text)",
        "button_primary_text_color": "var(--card)",
        "button_primary_text_color_hover": "var(--card)",
        "button_secondary_background_fill": "var(--card)",
        "button_secondary_background_fill_hover": "var(--rail)",
        "button_secondary_border_color": "var(--line)",
        "button_secondary_text_color": "var(--text)",
        "checkbox_background_color": "var(--card)",
        "checkbox_background_color_selected": "var(--text)",
        "checkbox_border_color": "var(--faint-line)",
        "checkbox_border_color_selected": "var(--text)",
        "checkbox_label_background_fill": "transparent",
        "checkbox_label_background_fill_hover": "transparent",
        "checkbox_label_background_fill_selected": "transparent",
        "checkbox_label_border_color": "transparent",
        "checkbox_label_text_color": "var(--text)",
        "color_accent": "var(--text)",
        "input_background_fill": "var(--card)",
        "input_border_color": "var(--line)",
        "link_text_color": "var(--picture)",
        "slider_color": "var(--text)",
    }
    # The tokens change with the mode by themselves, so both modes take the same value.
    known = {f"{name}_dark" for name in values if hasattr(base, f"{name}_dark")}
    return base.set(**values, **{name: values[name.removesuffix("_dark")] for name in known})


def tokens() -> str:
    """The colors of style.css for a page without Gradio, which has no class for the dark mode: the browser says."""
    style = (HERE / "style.css").read_text(encoding="utf-8")
    light, dark = (re.search(rf"^{name} (\{{.*?^\}})", style, re.M | re.S) for name in (r":root", r"\.dark"))
    assert light is not None
    assert dark is not None
    return f":root {light[1]}\n@media (prefers-color-scheme: dark) {{ :root {dark[1]} }}\n"
