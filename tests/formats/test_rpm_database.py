"""What rpm says is installed, from databases that may be anybody's."""

import struct
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formats import rpm_database
from tests.formats import rpm_headers

OPENSSL = "openssl-3.0.7-27.el9.src.rpm"
HEADERS = [
    rpm_headers.installed("openssl-libs", "3.0.7", "27.el9", OPENSSL, 1),
    rpm_headers.installed("bash", "5.1.8", "9.el9", "bash-5.1.8-9.el9.src.rpm"),
    rpm_headers.header({"name": "gpg-pubkey", "version": "fd431d51", "release": "4ae0493b"}),
    rpm_headers.installed("openssl", "3.0.7", "27.el9", OPENSSL, 1),
    rpm_headers.installed("perl-Carp", "1.50", "460.el9", OPENSSL),
    rpm_headers.installed("our-own", "1.0", "1", "(none)", 2),
]
ROWS = [
    ("bash", "5.1.8-9.el9", "bash", "5.1.8-9.el9", "x86_64"),
    ("openssl", "1:3.0.7-27.el9", "openssl", "1:3.0.7-27.el9", "x86_64"),
    ("openssl-libs", "1:3.0.7-27.el9", "openssl", "1:3.0.7-27.el9", "x86_64"),
    ("our-own", "2:1.0-1", "our-own", "2:1.0-1", "x86_64"),
    ("perl-Carp", "1.50-460.el9", "openssl", "1:3.0.7-27.el9", "x86_64"),
]
DATABASE = rpm_headers.database(HEADERS)
ANY = rpm_headers.installed("a", "1", "1", "a-1-1.src.rpm")
RECURSIVE = (
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS hnum, CAST(x AS BLOB) AS blob FROM c"
)
SPEC = """\
Name: quarter-base
Epoch: 1
Version: 3.0.7
Release: 27.el9
Summary: a package
License: MIT
BuildArch: noarch
%description
a package
%package libs
Summary: its libraries
%description libs
libraries
%package -n quarter-other
Version: 9.1~rc1
Epoch: 0
Release: 3
Summary: another one
%description -n quarter-other
another one
%files
%files libs
%files -n quarter-other
"""


def rows(data: bytes) -> list[tuple[str, ...]]:
    found = rpm_database.packages(data)
    return [(one.name, one.version, one.source, one.source_version, one.architecture) for one in found]


def pretending(schema: str, *, kind: str = "table", rootpage: int = 2) -> bytes:
    """Give a database whose schema says of its table Packages what it is not."""
    tables = (rpm_headers.TABLE, "CREATE TABLE other (hnum, blob)", "PRAGMA writable_schema = ON")
    change = (
        f"UPDATE sqlite_master SET sql = '{schema}', type = '{kind}', rootpage = {rootpage} WHERE name = 'Packages'"
    )
    return rpm_headers.database([], schema=(*tables, "INSERT INTO other VALUES (1, x'00')", change))


@pytest.mark.parametrize("write_ahead", [True, False])
def test_what_is_installed_is_given_in_order_with_its_source_and_without_keys(*, write_ahead: bool) -> None:
    assert rows(rpm_headers.database(HEADERS, write_ahead=write_ahead)) == ROWS


def test_a_database_without_packages_lists_none() -> None:
    assert rows(rpm_headers.database([])) == []


def test_a_big_database_is_read_in_time() -> None:
    many = [rpm_headers.installed(f"p{number}", "1", "1", "s-1-1.src.rpm") + b"\0" * 20_000 for number in range(3000)]
    start = time.process_time()
    assert len(rows(rpm_headers.database(many))) == 3000
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a database of SQLite"),
        (b"\0\5\x16\0" * 1000, "not a database of SQLite"),
        (rpm_database.MAGIC, "cannot read this database"),
        (rpm_database.MAGIC + b"\0" * 10_000, "cannot read this database"),
        (DATABASE[: len(DATABASE) // 2], "cannot read this database"),
        (rpm_headers.database([b"\0" * 7]), "cut short"),
        (rpm_headers.database(["text"]), "no bytes"),
        (rpm_headers.database([5]), "no bytes"),
        (rpm_headers.database([rpm_headers.installed("a\x1b[31m", "1", "1", "")]), "could not be printed"),
        (rpm_headers.database([], schema=["CREATE TABLE packages2 (blob)", "CREATE TABLE Packages (blob)"]), "other columns"),
        (pretending("CREATE TABLE Packages (hnum, blob AS (hex(zeroblob(1000000))))"), "other columns"),
        (rpm_headers.database([], schema=[f"CREATE VIEW Packages AS {RECURSIVE}"]), "no table of packages"),
        (pretending(f"CREATE VIEW Packages AS {RECURSIVE}", kind="view"), "no table of packages|cannot read"),
        (pretending(f"CREATE VIEW Packages AS {RECURSIVE}", rootpage=0), "no table of packages|cannot read"),
        (pretending("CREATE VIRTUAL TABLE Packages USING fts5(hnum, blob)", rootpage=0), "no table of packages|cannot read"),
        (pretending("CREATE TABLE Packages AS SELECT 1 AS hnum, 2 AS blob"), "cannot read this database"),
        (pretending("CREATE TABLE Packages (hnum, blob", rootpage=3), "cannot read this database"),
        (pretending("\u00e9"), "cannot read this database"),
    ],
)  # fmt: skip
def test_what_is_no_sound_database_is_refused_with_a_sentence(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        rpm_database.packages(data)


def test_rows_without_end_are_not_read_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    data = rpm_headers.database([ANY] * 5000)
    assert len(rows(data)) == 1
    monkeypatch.setattr(rpm_database, "MOST_LOOKS", 0)
    with pytest.raises(ValueError, match="SQLITE_INTERRUPT"):
        rpm_database.packages(data)


def test_pages_that_are_used_again_and_again_are_not_read_again_and_again() -> None:
    data = bytearray(rpm_headers.database([ANY + b"\0" * 100_000] + [ANY + b"\0" * 1500] * 300))
    root = 4096
    assert (bytes(data[16:18]), data[root]) == (
        b"\x10\0",
        5,
    )  # pages of 4096 bytes; the second is an inner one of a table
    (cells,) = struct.unpack_from(">H", data, root + 3)
    places = struct.unpack_from(f">{cells}H", data, root + 12)
    for place in places:
        data[root + place : root + place + 4] = data[root + places[0] : root + places[0] + 4]
    with pytest.raises(ValueError, match="larger than the database"):
        rpm_database.packages(bytes(data))


DAMAGE = st.lists(st.tuples(st.integers(0, len(DATABASE) - 1), st.integers(0, 255)), min_size=1, max_size=8)


@given(DAMAGE, st.integers(0, len(DATABASE)) | st.none())
@settings(max_examples=300)
def test_a_damaged_database_is_read_or_refused_and_nothing_else(damage: list[tuple[int, int]], end: int | None) -> None:
    data = bytearray(DATABASE)
    for place, byte in damage:
        data[place] = byte
    told: type | None = None
    try:
        rpm_database.packages(bytes(data[:end]))
    except ValueError as error:
        told = type(error)
    assert told in {None, ValueError}


def test_the_packages_are_those_that_rpm_lists(tmp_path: Path) -> None:
    def run(*argv: str) -> str:
        told = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120, cwd=tmp_path)
        return told.stdout

    (tmp_path / "quarter.spec").write_text(SPEC)
    run("rpmbuild", "-bb", "--define", f"_topdir {tmp_path}/top", "quarter.spec")
    built = [str(path) for path in sorted((tmp_path / "top/RPMS").rglob("*.rpm"))]
    settled = ("rpm", "--dbpath", f"{tmp_path}/db", "--define", "_db_backend sqlite")
    run(*settled, "--initdb")
    run(*settled, "-i", "--justdb", "--nodeps", *built)
    listed = run(*settled, "-qa", "--qf", "%{name} %|epoch?{%{epoch}:}|%{version}-%{release} %{arch}\\n")
    expected = sorted(tuple(line.replace(" 0:", " ").split()) for line in listed.splitlines())
    found = rpm_database.packages((tmp_path / "db/rpmdb.sqlite").read_bytes())
    assert [(one.name, one.version, one.architecture) for one in found] == expected
    assert {(one.source, one.source_version) for one in found} == {("quarter-base", "1:3.0.7-27.el9")}
    assert len(expected) == 3
