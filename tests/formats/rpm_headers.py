"""Headers and databases as rpm writes them, built by hand."""

import sqlite3
import struct
from collections.abc import Mapping, Sequence
from contextlib import closing

STRING, INT32 = 6, 4
TAGS = {"name": 1000, "version": 1001, "release": 1002, "epoch": 1003, "arch": 1022, "sourcerpm": 1044, "summary": 1004}
TABLE = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)"


def header(fields: Mapping[str, str | int]) -> bytes:
    """Give a header with these fields, in their order."""
    index, store = b"", b""
    for name, value in fields.items():
        if isinstance(value, int):
            store += b"\0" * (-len(store) % 4)
            index += struct.pack(">IIII", TAGS[name], INT32, len(store), 1)
            store += struct.pack(">I", value)
        else:
            index += struct.pack(">IIII", TAGS[name], STRING, len(store), 1)
            store += value.encode("utf-8", "surrogateescape") + b"\0"
    return struct.pack(">II", len(fields), len(store)) + index + store


def installed(name: str, version: str, release: str, source: str, epoch: int | None = None) -> bytes:
    """Give the header of an installed package; `source` is the file of its source package."""
    fields: dict[str, str | int] = {"name": name, "summary": "größer", "version": version, "release": release}
    fields |= {"arch": "x86_64", "sourcerpm": source} | ({} if epoch is None else {"epoch": epoch})
    return header(fields)


def database(headers: Sequence[object], *, write_ahead: bool = True, schema: Sequence[str] = (TABLE,)) -> bytes:
    """Give a database with these headers, marked as one with a write-ahead log, which is what rpm makes."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        for statement in schema:
            made.execute(statement)
        made.execute("BEGIN")
        for one in headers:
            made.execute("INSERT INTO Packages (blob) VALUES (?)", (one,))
        made.execute("COMMIT")
        data = bytes(made.serialize())
    return data[:18] + b"\x02\x02" + data[20:] if write_ahead else data
