"""Firefox, driven by WebDriver BiDi, which it speaks by itself: https://w3c.github.io/webdriver-bidi.

Playwright speaks another protocol, with a Firefox of its own only.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.hostile.visitor import end

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
# No look-ups, no reports and no updates of its own; camera and microphone are Firefox's own test signal.
_QUIET = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.region.update.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.search.update": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "services.settings.server": "",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}

_WAIT = """new Promise((done) => {
  const began = Date.now();
  const look = () => {
    if (%(holds)s) done(true);
    else if (Date.now() - began > %(ms)d) done(false);
    else setTimeout(look, 50);
  };
  look();
})"""


class Tab:
    """One tab, and what its console has said."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number = socket, 0
        self.errors: list[str] = []
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded"])
        self._context = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """A command and its result; what is told meanwhile is noted."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            said = json.loads(self._socket.recv(timeout=120))
            if said.get("method") == "log.entryAdded" and said["params"]["level"] == "error":
                self.errors.append(said["params"]["text"])
            elif said.get("id") == self._number:
                assert said["type"] == "success", said
                return said["result"]

    def size(self, width: int, height: int) -> None:
        viewport = {"width": width, "height": height}
        self.ask("browsingContext.setViewport", context=self._context, viewport=viewport)

    def open(self, url: str) -> None:
        """Go to an address and wait until the page is loaded."""
        self.ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """What an expression comes to in the page: text, a number, or whether something holds."""
        target = {"context": self._context}
        said = self.ask("script.evaluate", expression=expression, target=target, awaitPromise=True, userActivation=True)
        assert said["type"] == "success", said
        return said["result"].get("value")

    def until(self, expression: str, seconds: float = 120.0) -> None:
        """Wait until an expression holds."""
        wait = _WAIT % {"holds": expression, "ms": 1000 * seconds}
        assert self.evaluate(wait), f"not after {seconds:.0f} s: {expression}"


@contextmanager
def firefox(profile: Path) -> Iterator[Tab]:
    """A tab of a Firefox of its own, which ends with it."""
    assert FIREFOX is not None
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _QUIET.items()]
    (profile / "user.js").write_text("\n".join(lines))
    where = profile / "WebDriverBiDiServer.json"
    command = [FIREFOX, "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", str(profile)]
    with (profile / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 180
        while not where.exists() or not where.read_text().endswith("}"):
            assert process.poll() is None, (profile / "log").read_text()
            assert time.monotonic() < until, "Firefox does not start"
            time.sleep(0.1)
        at = json.loads(where.read_text())
        with connect(f"ws://{at['ws_host']}:{at['ws_port']}/session", proxy=None, max_size=None) as socket:
            yield Tab(socket)
    finally:
        end(process)
