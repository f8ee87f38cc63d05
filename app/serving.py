"""The server: the page on an address, until it is told to end.

On SIGTERM or Ctrl-C nobody new is taken in, who waits is told so, the analysis that runs may end if it is quick, and
nothing is left on disk.
"""

import os
import signal
import sys
import threading
import time

from starlette.middleware import Middleware

import adamml
from app import archived, examples, service, tmp_dirs
from app.archive_page import ArchivePage
from app.archived import Archived
from app.chart_library import ChartLibrary
from app.compression import CompressedPage
from app.fair_queue import LINES
from app.page import build
from app.player import PREVIEWS
from app.request_guard import RequestGuard
from app.theme import HEAD, STYLES, theme

WAITING = 40  # requests of all kinds; the line before the analyses has its own bound, see `fair_queue`
MAX_UPLOADS = 5_000_000_000  # bytes on disk at any time, for the public profile; each goes after an hour
GRACE_S = 8.0  # hosts kill what has not ended 10 to 30 s after SIGTERM
CLOSING = "The server is being restarted. Please try again in a minute."
# Where the proxies of a Space stand: they, and nobody else, may say on whose behalf they ask.
_PROXIES = "127.0.0.1,10.0.0.0/8"


def serve_until_stopped(host: str, port: int, *, agents: bool = False, archive: Archived | None = None) -> None:
    """Load the model in the background and serve the page."""
    adamml.prestart()
    stopping = _stop_on_signals()
    serve(host, port, agents=agents, archive=archive)
    service.load_in_background()
    try:
        stopping.wait()
    finally:
        _end()


def serve(host: str, port: int, *, agents: bool = False, archive: Archived | None = None) -> str:
    """Serve the page from a thread; returns its address.

    Args:
        agents: whether it is a server of the Model Context Protocol, too, and fetches clips by their address.
        archive: a data set to look through, whose clips it may then hand out.
    """
    if archive is not None:
        archived.use(archive)
    if agents:
        _offer_tools()
    uploads = tmp_dirs.folder("uploads")
    if "SPACE_ID" in os.environ:
        os.environ.setdefault("FORWARDED_ALLOW_IPS", _PROXIES)
    most = adamml.PROFILES[service.profile()].max_bytes
    room = Middleware(RequestGuard, folder=uploads, max_upload=most, max_folder=max(MAX_UPLOADS, 5 * most))
    layers = [Middleware(ChartLibrary), Middleware(CompressedPage), room]
    if archive is not None:
        layers.insert(0, Middleware(ArchivePage, archive=archive))
    page = build(addresses=agents).queue(max_size=WAITING)
    _, address, _ = page.launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=True,
        max_file_size=most,
        allowed_paths=[*examples.folders(), str(PREVIEWS), *archived.files()],
        app_kwargs={"middleware": layers},
        enable_monitoring=False,
        show_error=False,
        theme=theme(),
        css_paths=STYLES,
        head=HEAD,
        state_session_capacity=500,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        mcp_server=agents,
    )
    if agents and page.mcp_error:  # Gradio goes on without
        raise RuntimeError(page.mcp_error)
    return str(address)


def _offer_tools() -> None:
    """Have Gradio, which looks the class up when it launches, take ours."""
    from gradio import mcp

    from app.agent_tools import AgentTools

    vars(mcp)["GradioMCPServer"] = AgentTools


def _stop_on_signals() -> threading.Event:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def _end() -> None:
    """Let what runs end for a while, delete what lies on disk, and go: a thread deep in a network cannot be asked."""
    for line in LINES:
        line.close(CLOSING)
    until = time.monotonic() + GRACE_S
    while any(map(len, LINES)) and time.monotonic() < until:
        time.sleep(0.1)
    tmp_dirs.clear()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
