"""JWTs signed with a secret (RFC 7515 section 3.1, HS256), as another service would make them."""

import base64
import hashlib
import hmac
import json


def _part(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def signed(secret, claims, **header):
    """A token with these claims."""
    text = _part({"alg": "HS256", "typ": "JWT", **header}) + b"." + _part(claims)
    return (text + b"." + _part(hmac.new(secret, text, hashlib.sha256).digest())).decode()
