"""Asking the Hugging Face Hub, for models and for Spaces: one address, and its refusals as errors of ours.

HF_ENDPOINT names another hub. huggingface_hub's own variables (HF_TOKEN, HF_HUB_OFFLINE) mean what they mean there.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from adamml.weights.download import FetchError, UnreachableError, is_loopback

if TYPE_CHECKING:
    from huggingface_hub import HfApi

HUB = "https://huggingface.co"
_HINTS = {
    401: "; HF_TOKEN is not valid there: make a new one in the settings of your account",
    403: "; HF_TOKEN may not do that: it needs the right to write, and you need to belong to that account",
    404: "; look at the spelling of owner and name",
}


def endpoint() -> str:
    """The hub's address.

    Raises:
        FetchError: for one that is neither https nor on this machine.
    """
    address = os.environ.get("HF_ENDPOINT", "").rstrip("/") or HUB
    if not address.startswith("https://") and not is_loopback(address):
        raise FetchError(f"HF_ENDPOINT is {address!r}: weights are only fetched over https")
    return address


@contextmanager
def asking(repo: str, *, token: str | None = None) -> Iterator["HfApi"]:
    """The hub, to be asked about one repository.

    Args:
        repo: owner/name, for messages.
        token: None for what huggingface_hub finds (HF_TOKEN, or who is signed in).

    Raises:
        FetchError: when the hub refuses, with its reason and what to do.
        UnreachableError: when it cannot be reached, or does not serve just now.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        LocalTokenNotFoundError,
        OfflineModeIsEnabled,
    )
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # the one that it uses itself

    address = endpoint()
    try:
        yield HfApi(endpoint=address, token=token)
    except HFValidationError as error:
        raise FetchError(f"{repo!r} cannot be a repository's name: {error}") from error
    except LocalTokenNotFoundError as error:
        raise FetchError(f"{address} wants to know who you are: set HF_TOKEN, or give a token") from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        said = error.server_message or str(error).splitlines()[0] or "no reason given"
        kind = UnreachableError if status == 429 or status >= 500 else FetchError
        raise kind(f"{address} refused {repo} ({status}): {said}{_HINTS.get(status, '')}") from error
    except (httpx.HTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, ConnectionError, TimeoutError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnreachableError(f"{address} cannot be reached ({why}); is there a network?") from error
