"""The way in: `python -m app` (or `python -m app --host 0.0.0.0 --port 7860`) serves the page.

Host and port also come from GRADIO_SERVER_NAME and GRADIO_SERVER_PORT, as hosts of such pages set them.
"""

import argparse
import os

import adamml
from app import service
from app.look import HEAD, STYLES, theme
from app.page import EXAMPLES, build
from app.player import PREVIEWS


def main(arguments: list[str] | None = None) -> None:
    """Load the model in the background and serve the page until stopped."""
    parser = argparse.ArgumentParser(prog="app", description="Serve the page of AdaMML Studio.")
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("GRADIO_SERVER_PORT", "7860")))
    parser.add_argument("--profile", choices=sorted(adamml.PROFILES), default=service.profile(), help="limits on clips")
    options = parser.parse_args(arguments)
    service.use_profile(options.profile)
    service.load_in_background()
    page = build().queue(max_size=20)
    page.launch(
        server_name=options.host,
        server_port=options.port,
        max_file_size=service.max_upload(),
        allowed_paths=[str(EXAMPLES), str(PREVIEWS)],
        theme=theme(),
        css_paths=STYLES,
        head=HEAD,
        state_session_capacity=500,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
    )
