"""In which encoding a requirements file is written, and back to the same bytes.

The rule is pip's (`_decode_req_file`): a byte order mark, else a PEP 263 comment in the first two lines, else UTF-8.
pip falls back to the locale of the machine; a file that only means something there is an error here.
"""

import codecs
import re
from dataclasses import dataclass

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)  # UTF-32 first: its little-endian mark begins with that of UTF-16
TRICKS = frozenset({"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined"})  # nobody writes files so
CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A text, its byte order mark (U+FEFF) still in front, and the encoding that gives the bytes back."""

    text: str
    encoding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecodable:
    """Why bytes are no text: the line, from 1 (0: the whole file), and a sentence that says what to do."""

    line: int
    why: str


def decode(data: bytes) -> Decoded | Undecodable:
    """Read bytes as pip reads a requirements file."""
    encoding = declared(data)
    try:
        if codecs.lookup(encoding).name in TRICKS:
            return Undecodable(line=0, why=f"it declares the encoding {encoding}, which is none for files; use UTF-8")
        text = data.decode(encoding)
        same = text.encode(encoding) == data
    except LookupError:
        return Undecodable(line=0, why=f"it declares the encoding {encoding}, which Python does not know; use UTF-8")
    except UnicodeDecodeError as error:
        return _broken(data, encoding, error.start)
    if not same:
        why = f"written in {encoding}, it could not be given back byte for byte; save it as UTF-8"
        return Undecodable(line=0, why=why)
    return Decoded(text=text, encoding=encoding)


def decode_utf8(data: bytes) -> Decoded | Undecodable:
    """Read bytes of a format that is UTF-8 whatever a comment declares (Dockerfiles, TOML)."""
    try:
        return Decoded(text=data.decode("utf-8"), encoding="utf-8")
    except UnicodeDecodeError as error:
        return _broken(data, "utf-8", error.start)


def encode(text: str, encoding: str) -> bytes:
    """Give the bytes of a text that `decode` gave, or of its successor; raises ValueError naming what does not fit."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise ValueError(f"line {line}: {text[error.start]!r} cannot be written in {encoding}") from error


def encode_like(text: str, before: bytes) -> bytes:
    """Encode a file's new text as its old bytes were; UTF-8 where those were no text.

    Raises ValueError where the old encoding has no such character.
    """
    old = decode(before)
    return encode(text, old.encoding if isinstance(old, Decoded) else "utf-8")


def declared(data: bytes) -> str:
    """Name the encoding that the bytes themselves declare."""
    for bom, encoding in BOMS:
        if data.startswith(bom):
            return encoding
    for line in data.split(b"\n", 2)[:2]:
        if line.startswith(b"#") and (found := CODING.search(line)):
            return found[1].decode("ascii", "replace")
    return "utf-8"


def _broken(data: bytes, encoding: str, at: int) -> Undecodable:
    line = data.count(b"\n", 0, at) + 1
    why = f"not {_spoken(encoding)}: byte {at} is 0x{data[at]:02x}; save it as UTF-8"
    return Undecodable(line=line, why=why)


def _spoken(encoding: str) -> str:
    return encoding.upper() if encoding.startswith("utf") else encoding
