import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from bot.formats.simple_index import (
    IndexFile,
    metadata_file,
    parse_page,
    project_urls,
    raw_rows,
    releases,
    requires_dist,
)

PAGE = "https://index.example/simple/odd-name/"
JSON = "application/vnd.pypi.simple.v1+json"
SHA = "ab" * 32
NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)


def row(filename: str = "odd_name-1.0-py3-none-any.whl", /, **more: Any) -> dict[str, Any]:
    fields = {"filename": filename, "url": f"https://files.example/{filename}", "hashes": {"sha256": SHA}}
    return fields | {key.replace("_", "-"): value for key, value in more.items()}


def files_of(*rows: object, **page: object) -> tuple[IndexFile, ...]:
    body = json.dumps({"meta": {"api-version": "1.1"}, "files": rows} | page).encode()
    return parse_page(body, JSON, name="odd-name", url=PAGE)


def html(*links: str, head: str = "") -> tuple[IndexFile, ...]:
    body = f"<!DOCTYPE html><html><head>{head}</head><body>{''.join(links)}</body></html>".encode()
    return parse_page(body, "text/html; charset=utf-8", name="Odd.Name", url=PAGE)


def file(**more: Any) -> IndexFile:
    fields: dict[str, Any] = {
        "filename": "odd_name-1.0-py3-none-any.whl", "version": "1.0", "sha256": SHA, "requires_python": "",
        "url": "https://files.example/odd_name-1.0-py3-none-any.whl", "uploaded_at": None, "yanked": False,
        "metadata": False, "metadata_sha256": "",
    }  # fmt: skip
    return IndexFile(**(fields | more))


def test_a_json_row_is_read_whole() -> None:
    (found,) = files_of(
        row(
            requires_python=">=3.8",
            upload_time="2024-01-01T01:00:00+01:00",
            yanked="why",
            core_metadata={"sha256": SHA},
        )
    )
    assert found == file(
        requires_python=">=3.8", uploaded_at=NEW_YEAR, yanked=True, metadata=True, metadata_sha256=SHA
    )  # fmt: skip
    assert found.is_wheel


def test_an_html_link_says_the_same_as_a_json_row_but_for_the_time() -> None:
    link = (
        f'<a href="../../files/odd_name-1.0-py3-none-any.whl#sha256={SHA}" data-requires-python="&gt;=3.8"'
        f' data-yanked="" data-core-metadata="sha256={SHA}">any text</a>'
    )
    assert html(link) == (
        file(
            url="https://index.example/files/odd_name-1.0-py3-none-any.whl", requires_python=">=3.8",
            yanked=True, metadata=True, metadata_sha256=SHA,
        ),
    )  # fmt: skip


def test_html_without_attributes_is_enough() -> None:
    (found,) = html('<a name="top">top</a><A HREF=odd_name-1.0.tar.gz?x=1>', head='<meta charset="utf-8">')
    assert (found.url, found.sha256, found.yanked) == (f"{PAGE}odd_name-1.0.tar.gz?x=1", "", False)
    assert not found.is_wheel


def test_html_links_are_relative_to_the_first_base() -> None:
    head = '<base><base href="https://mirror.example/f/"><base href="https://other.example/">'
    (found,) = html('<a href="odd_name-1.0.zip">', head=head)
    assert found.url == "https://mirror.example/f/odd_name-1.0.zip"


@pytest.mark.parametrize(
    ("value", "expected"), [("true", True), ("false", False), (f"sha256={SHA}", True), ("", False)]
)
def test_html_says_whether_metadata_is_served(value: str, expected: object) -> None:
    (found,) = html(f'<a href="odd_name-1.0-py3-none-any.whl" data-dist-info-metadata="{value}">')
    assert found.metadata is expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"core_metadata": True}, (True, "")),
        ({"core_metadata": False, "dist_info_metadata": {"sha256": SHA}}, (False, "")),
        ({"dist_info_metadata": {"sha256": SHA.upper()}}, (True, SHA)),
        ({"core_metadata": {"md5": "x"}}, (True, "")),
        ({"core_metadata": "yes"}, (False, "")),
    ],
)
def test_core_metadata_goes_before_its_old_name(more: dict[str, Any], expected: tuple[bool, str]) -> None:
    (found,) = files_of(row(**more))
    assert (found.metadata, found.metadata_sha256) == expected


@pytest.mark.parametrize(
    "filename",
    [
        "odd_name-1.0-py3-none-any.whl.asc", "odd_name-1.0.exe", "odd_name-1.0-py3.8.egg", "odd_name.whl",
        "odd_name-1.0-py3--any.whl", "odd_name-one-py3-none-any.whl", "other-1.0.tar.gz", "odd_name-1.0.tar.bz2",
        "odd_name-" + "1" * 5000 + ".tar.gz", "odd_name-1.0-" + "a." * 200 + "b-none-any.whl", "", 7, None,
    ],
)  # fmt: skip
def test_files_that_are_not_understood_are_left_out(filename: object) -> None:
    assert files_of(row() | {"filename": filename}) == ()


@pytest.mark.parametrize(
    "url", ["", "file:///etc/x", "ftp://x/y", "http:///x", "http://h:99999/x", "http://[", "x\x00y", "\ud800", 3, None]
)
def test_files_at_no_usable_address_are_left_out(url: object) -> None:
    assert files_of(row() | {"url": url}) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("requires-python", "three"), ("requires-python", 3), ("requires-python", ">=3," * 1000),
        ("upload-time", "yesterday"), ("upload-time", 1700000000), ("upload-time", "2024-01-01T00:00:00"),
        ("upload-time", "0001-01-01T00:00:00+10:00"), ("hashes", {"sha256": "zz"}), ("hashes", [SHA]),
        ("hashes", {"sha256": 7}),
    ],
)  # fmt: skip
def test_a_field_that_makes_no_sense_is_left_out(field: str, value: object) -> None:
    (found,) = files_of(row() | {field: value})
    assert found in {file(), file(sha256="")}


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b"{}", "image/png", "Content-Type 'image/png'"),
        (b"{}", "", "not a page of a package index"),
        (b"{", JSON, "not JSON"),
        (b"\xff\xfe\xfd", JSON, "not JSON"),
        (b"[" * 200_000, JSON, "not JSON"),
        (b"[]", JSON, "no list of files"),
        (b'{"files": {}}', "application/json", "no list of files"),
        (b'{"files": "x"}', "application/json", "no list of files"),
        (b'{"meta": {"api-version": "2.0"}, "files": []}', JSON, "version '2.0'"),
        (b'<meta name="pypi:repository-version" content="2.0">', "text/html", "version '2.0'"),
        (b"<![oops[", "application/vnd.pypi.simple.v1+html", "not readable as HTML"),
    ],
)
def test_a_page_that_is_none_is_refused_with_its_reason(body: bytes, content_type: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_page(body, content_type, name="odd-name", url=PAGE)


@pytest.mark.parametrize("meta", [{"api-version": "1.99"}, {}, None, 7])
def test_a_page_of_our_major_version_or_none_is_read(meta: object) -> None:
    assert len(files_of(row(), "no row", meta=meta)) == 1


def test_releases_come_lowest_first_and_one_per_version() -> None:
    names = ("odd_name-1.10-py3-none-any.whl", "odd_name-1.9.tar.gz", "odd_name-1.10.0.tar.gz", "odd_name-2a1.tar.gz")
    assert [release.version for release in releases(files_of(*map(row, names)))] == ["1.9", "1.10", "2a1"]


def test_a_reason_for_a_yank_is_read_from_html_too() -> None:
    links = b'<a href="a.whl" data-yanked="bad">a</a><a href="b.whl" data-yanked>b</a><a href="c.whl">c</a>'
    assert [row["yanked"] for row in raw_rows(links, "text/html", url=PAGE)[0]] == ["bad", True, False]


def test_a_release_is_yanked_only_when_all_its_files_are() -> None:
    both = (row(yanked=True), row("odd_name-1.0.tar.gz"))
    assert not releases(files_of(*both))[0].yanked
    assert releases(files_of(both[0], row("odd_name-1.0.tar.gz", yanked="bad")))[0].yanked


def test_a_release_is_as_old_as_its_earliest_known_upload() -> None:
    late, early, unknown = file(uploaded_at=datetime(2025, 1, 1, tzinfo=UTC)), file(uploaded_at=NEW_YEAR), file()
    assert releases([late, early, unknown])[0].uploaded_at == NEW_YEAR
    assert releases([unknown])[0].uploaded_at is None


def test_a_release_takes_its_pythons_from_its_first_wheel() -> None:
    sdist = file(filename="odd_name-1.0.tar.gz", requires_python=">=3.6")
    assert releases([sdist, file(requires_python=">=3.9")])[0].requires_python == ">=3.9"
    assert releases([sdist])[0].requires_python == ">=3.6"


def test_metadata_is_read_from_a_wheel_for_every_platform_first() -> None:
    special = file(filename="odd_name-1.0-cp312-cp312-win32.whl", metadata=True)
    anywhere = file(metadata=True)
    assert metadata_file([special, anywhere, file(version="2.0", metadata=True)], "1.0.0") == anywhere
    assert metadata_file([special], "1.0") == special
    assert metadata_file([file()], "1.0") is None


def test_requirements_are_the_lines_of_the_metadata() -> None:
    text = b'Metadata-Version: 2.1\nName: x\nVersion: 1\nRequires-Dist: a>=1;\n  extra == "b"\nRequires-Dist: c\n\nbody'
    assert requires_dist(text) == ('a>=1; extra == "b"', "c")
    assert requires_dist(b"Metadata-Version: 2.1\n") == ()


def urls_of(*lines: str) -> dict[str, str]:
    return project_urls("\n".join(["Metadata-Version: 2.1", *lines]).encode())


def test_project_urls_are_given_by_label_as_they_stand() -> None:
    assert urls_of("Project-URL: Source  Code, https://a.example/b#c ", "Home-page: http://a.example") == {
        "Source Code": "https://a.example/b#c",
        "Home-page": "http://a.example",
    }


@pytest.mark.parametrize(
    "line",
    [
        "Home-page: UNKNOWN", "Project-URL: x, javascript:alert(1)", "Project-URL: x, https://a b/", "Project-URL: x",
        "Project-URL: x, http://[", "Project-URL: , https://a.example", "Project-URL: x, https://a.example/" + "a" * 500,
        "Project-URL: x, //a.example", "Project-URL: x, ftp://a.example", "Project-URL: x, https://a.example/\u202e",
    ],
)  # fmt: skip
def test_a_project_url_that_is_no_web_address_is_left_out(line: str) -> None:
    assert urls_of(line) == {}


def test_there_are_never_more_project_urls_than_pypi_takes() -> None:
    assert len(urls_of(*(f"Project-URL: {number}, https://a.example" for number in range(100)))) == 32


def test_metadata_that_is_none_is_refused() -> None:
    for read in (requires_dist, project_urls):
        with pytest.raises(ValueError, match="no Metadata-Version"):
            read(b"<html>")


ANY_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4)
KNOWN_NAMES = st.sampled_from(["odd_name-1.0-py3-none-any.whl", "odd_name-2.0.tar.gz", "Odd.Name-3.zip"])
ROWS = st.fixed_dictionaries(
    {"filename": KNOWN_NAMES | ANY_JSON, "url": st.just("../../f/x") | ANY_JSON},
    optional={
        "yanked": ANY_JSON,
        "hashes": ANY_JSON | st.just({"sha256": SHA}), "requires-python": st.just(">=3.9,<4") | ANY_JSON,
        "upload-time": st.just("2024-05-06T07:08:09.123456Z") | st.datetimes().map(str) | ANY_JSON,
        "core-metadata": ANY_JSON | st.just({"sha256": SHA}),
    },
)  # fmt: skip


@given(st.lists(ROWS | ANY_JSON, max_size=4))
def test_whatever_stands_in_rows_makes_releases_in_order(rows: list[object]) -> None:
    found = files_of(*rows)
    assert [Version(release.version) for release in releases(found)] == sorted(
        {Version(each.version) for each in found}
    )


def outcome(read: Callable[[], object]) -> object:
    """What reading comes to: a value, or the text of its ValueError."""
    try:
        return read()
    except ValueError as error:
        return str(error)


@given(st.binary() | st.text().map(str.encode), st.sampled_from([JSON, "text/html"]))
def test_no_body_does_more_than_a_value_error(body: bytes, content_type: str) -> None:
    assert outcome(lambda: parse_page(body, content_type, name="odd-name", url=PAGE)) != ""


@given(
    st.lists(st.sampled_from(["<![", "<!", "<a href=", "<base href=", "'", '"', ">", "[", "]]>", "-->", "&#", "#y="]))
)
def test_no_html_does_more_than_a_value_error(pieces: list[str]) -> None:
    assert outcome(lambda: html(*pieces)) in {(), "not readable as HTML"}


@given(st.binary() | st.binary().map(b"Metadata-Version: 2.1\nRequires-Dist: ".__add__))
def test_no_metadata_does_more_than_a_value_error(body: bytes) -> None:
    assert outcome(lambda: requires_dist(body)) != ""
    assert outcome(lambda: project_urls(body.replace(b"Requires-Dist", b"Project-URL"))) != ""
