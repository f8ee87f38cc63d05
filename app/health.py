"""Whether the page of this machine answers: status 0 if it does. For a container, which has nothing else to ask with.

    python app/health.py

Nothing of the package is imported, so that asking costs next to nothing.
"""

import os
import sys
import urllib.error
import urllib.request

PATH = "/gradio_api/app_id"  # the smallest answer that the server has
PATIENCE_S = 5.0


def answers(port: int) -> bool:
    """Ask once, and no proxy."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://127.0.0.1:{port}{PATH}", timeout=PATIENCE_S) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(0 if answers(int(os.environ.get("GRADIO_SERVER_PORT") or 7860)) else 1)
