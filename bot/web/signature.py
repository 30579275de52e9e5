"""Whether a delivery was signed with the webhook's secret.

Source: GitHub's "Validating webhook deliveries": `X-Hub-Signature-256: sha256=HEX`, HMAC of the body as it was sent.
"""

import hashlib
import hmac

HEADER = "X-Hub-Signature-256"
PREFIX = "sha256="


def is_signed(body: bytes, header: str | None, secret: bytes) -> bool:
    """Compare in constant time, before anybody reads the body."""
    expected = PREFIX + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), (header or "").encode("utf-8", "replace"))
