"""Where the broker is, and who asks: the arguments and environment that both clients share."""

from __future__ import annotations

import os
import ssl
from typing import Awaitable, Callable, NamedTuple, Optional, Union
from urllib.parse import urlsplit

Token = Union[str, Callable[[], Union[str, None, Awaitable[Optional[str]]]]]

DEFAULT_URL = "http://127.0.0.1:8080"


class Endpoint(NamedTuple):
    base_url: str
    """Without a slash at the end."""
    unix_path: Optional[str]
    is_local: bool
    """A unix socket or loopback: never through a proxy that the environment names."""


def parse_endpoint(url: Optional[str]) -> Endpoint:
    """Reads http://host:port/prefix, https://… or unix:/path.sock; None is RINGCAST_URL, else the default.

    ValueError for anything else, for a query, a fragment, and credentials, which logs would repeat.
    """
    text = url if url is not None else os.environ.get("RINGCAST_URL") or DEFAULT_URL
    if text.startswith("unix:"):
        path = text[len("unix:"):]
        if not path:
            raise ValueError("unix: needs the path of a socket, as in unix:/run/ringcast.sock")
        return Endpoint("http://localhost", path, True)
    parts = urlsplit(text)
    if parts.username is not None or parts.password is not None:
        raise ValueError("the URL holds credentials: give a token instead")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{text!r} is no URL such as {DEFAULT_URL} or unix:/run/ringcast.sock")
    if parts.query or parts.fragment:
        raise ValueError(f"{text!r}: a base URL has no query and no fragment")
    host = parts.hostname
    is_local = host in ("localhost", "::1") or host.startswith("127.")
    return Endpoint(text.rstrip("/"), None, is_local)


def token_or_environment(token: Optional[Token]) -> Optional[Token]:
    """`token`, else RINGCAST_TOKEN if it is set and not empty."""
    return token if token is not None else os.environ.get("RINGCAST_TOKEN") or None


def authorization(token: Optional[str]) -> dict[str, str]:
    """The header that shows `token`; nothing without one. ValueError if it cannot be in a header."""
    if token is None:
        return {}
    if not isinstance(token, str) or not token:
        raise ValueError("a token is a text that is not empty; None is for none")
    if not all("!" <= letter <= "~" for letter in token):
        raise ValueError("a token has printable ASCII only, without blanks and line ends")
    return {"Authorization": f"Bearer {token}"}


def certificates(endpoint: Endpoint) -> Union[ssl.SSLContext, bool]:
    """What to trust: RINGCAST_CACERT, as the command `ringcast` does, else what httpx trusts."""
    if not endpoint.base_url.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # Trusts nobody, and reads no certificates for nothing.
    file = os.environ.get("RINGCAST_CACERT")
    return ssl.create_default_context(cafile=file) if file else True
