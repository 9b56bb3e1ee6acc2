"""Asking the running gateway how it is, from another process on the same computer."""

import json
import ssl
import urllib.error
import urllib.request
from typing import Any

from ..site import Site, SiteError

_PATIENCE_S = 5


def ask(site: Site) -> dict[str, Any]:
    """What /health says, well or not. SiteError if there is no answer: the message says whether it runs at all."""
    if not site.status()["running"]:
        raise SiteError("the gateway does not run: `skerry gateway run` starts it, and its log says why it ended")
    web = site.settings().dashboard
    trusted = None if web.is_near else ssl.create_default_context(cafile=site.door.ca)
    address = f"http{'s' if trusted else ''}://127.0.0.1:{web.port}/health"
    try:
        with urllib.request.urlopen(address, timeout=_PATIENCE_S, context=trusted) as answer:  # noqa: S310 - our own
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise SiteError(f"the gateway does not say how it is: {error}") from None
        return dict(json.load(error))
    except (OSError, ValueError) as error:
        raise SiteError(f"the gateway runs and does not answer ({error}): restart it; nothing receipted is lost") from None
