"""JWTs that ringcastd takes with auth.jwt.algorithms: [HS256]."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any, Dict, Optional, Sequence, Union

_LEAST_SECRET_BYTES = 32


def make_token(
    secret: Union[str, bytes], *, subscribe: Sequence[str] = (), publish: Sequence[str] = (),
    expires_in: float = 60, kid: Optional[str] = None, subject: Optional[str] = None,
    issuer: Optional[str] = None, audience: Optional[str] = None,
) -> str:
    """A JWT, signed with HS256, that grants what the patterns in `subscribe` and `publish` name.

    `secret` is that of auth.jwt.key_file, 32 bytes or more; `expires_in` is in seconds from now;
    `kid` names the key in a JWKS; `subject` is what logs call its owner.
    """
    secret_bytes = secret.encode() if isinstance(secret, str) else secret
    if len(secret_bytes) < _LEAST_SECRET_BYTES:
        raise ValueError(f"the secret has {len(secret_bytes)} bytes; HS256 needs {_LEAST_SECRET_BYTES}")
    if expires_in <= 0:
        raise ValueError("expires_in must be above 0 seconds")
    grants: Dict[str, Any] = {}
    for name, patterns in (("publish", publish), ("subscribe", subscribe)):
        if isinstance(patterns, str):
            raise TypeError(f"{name} is a sequence of patterns, not one text")
        grants[name] = list(patterns)
    header = {"alg": "HS256", "typ": "JWT", "kid": kid}
    claims = {
        "ringcast": grants, "exp": int(time.time() + expires_in), "sub": subject, "iss": issuer,
        "aud": audience,
    }
    signed = _part(header) + b"." + _part(claims)
    signature = hmac.new(secret_bytes, signed, hashlib.sha256).digest()
    return (signed + b"." + _base64url(signature)).decode()


def _part(values: Dict[str, Any]) -> bytes:
    present = {name: value for name, value in values.items() if value is not None}
    return _base64url(json.dumps(present, separators=(",", ":")).encode())


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
