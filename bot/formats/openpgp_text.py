"""OpenPGP as text: the body of a signed message, and keys in ASCII armor. Nothing is verified here.

RFC 4880, sections 6.2 (armor) and 7 (cleartext signatures).
"""

import base64
import binascii
import re
from itertools import takewhile

BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----"
SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
END = "-----END PGP SIGNATURE-----"
ESCAPE = "- "
KEY_BLOCK = re.compile(r"-----BEGIN PGP PUBLIC KEY BLOCK-----(.*?)-----END PGP PUBLIC KEY BLOCK-----", re.DOTALL)


def clearsigned(text: str) -> bool:
    """Tell whether this is one message with a cleartext signature, and nothing before or after it."""
    lines = text.strip().splitlines()
    return bool(lines) and lines[0].rstrip() == BEGIN and lines[-1].rstrip() == END and SIGNATURE in map(_bare, lines)


def signed_body(text: str) -> str:
    """Give what was signed, without checking that it was, dash-escapes undone; raises ValueError for other texts."""
    if not clearsigned(text):
        raise ValueError("this is not a message with a cleartext signature")
    lines = text.strip().splitlines()
    if "" not in map(_bare, lines):
        raise ValueError("the signed message has no body")
    start = [_bare(line) for line in lines].index("") + 1
    body = takewhile(lambda line: not line.startswith("-----"), lines[start:])
    return "".join(f"{line.removeprefix(ESCAPE)}\n" for line in body)


def dearmored(text: str) -> bytes:
    """Give the binary keys of all armored public key blocks in a text; raises ValueError where there is none.

    The checksum of a block is not looked at: it guards against accidents only, and RFC 9580 has dropped it.
    """
    blocks = [_decoded(match[1]) for match in KEY_BLOCK.finditer(text)]
    if not blocks:
        raise ValueError("there is no public key block")
    return b"".join(blocks)


def _decoded(block: str) -> bytes:
    lines = [line.strip() for line in block.strip("\r\n").splitlines()]
    body = lines[lines.index("") + 1 :] if "" in lines else [line for line in lines if ":" not in line]
    data = "".join(line for line in body if not line.startswith("="))
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ValueError(f"a public key block cannot be read: {error}") from error


def _bare(line: str) -> str:
    return line.rstrip()
