import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import InvalidVersion, Version

from bot.formats import index_answers
from bot.formats.index_answers import Ages, Listed, ages, listed, merged, misnamed, version_key
from bot.formats.simple_index import parse_page

SHA = "ab" * 32
OTHER = "cd" * 32
BASE = "https://index.example/simple/odd-name/"
PREFIX = "http://index.invalid/set/files/odd-name/"
WHEEL = "odd_name-1.0-py3-none-any.whl"


def row(filename: str = WHEEL, /, **more: Any) -> dict[str, Any]:
    fields = {"filename": filename, "url": f"../../f/{filename}", "hashes": {"sha256": SHA}}
    return fields | {key.replace("_", "-"): value for key, value in more.items()}


def files_of(*rows: dict[str, Any]) -> list[Listed]:
    return listed(rows, BASE, name="odd-name")


def seconds(year: int, month: int) -> float:
    return datetime(year, month, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("filename", "version"),
    [
        (WHEEL, "1.0"), ("Odd.Name-1.0-1-py3-none-any.whl", "1.0"), ("odd_name-1!2.0+cpu-py3-none-any.whl", "1!2.0+cpu"),
        ("odd-name-1.0.tar.gz", "1.0"), ("odd_name-1.0rc1.zip", "1.0rc1"), ("Odd--Name-2.0.tar.bz2", "2.0"),
        ("odd_name-2013b.tar.gz", "2013b"),
    ],
)  # fmt: skip
def test_the_version_is_read_off_the_file_name(filename: str, version: str) -> None:
    (file,) = files_of(row(filename))
    assert (file.filename, file.version) == (filename, version)


@pytest.mark.parametrize(
    "filename",
    [
        "other-1.0-py3-none-any.whl", "odd_name-1.0.whl", "odd_name-1.0.exe", "odd_name-1.0-py3.8.egg", "odd_name.tar.gz",
        "a/odd_name-1.0.tar.gz", "odd_name-1\n.tar.gz", "odd_names-1.0.tar.gz", "odd_name-.tar.gz", "", 7, None,
    ],
)  # fmt: skip
def test_what_is_no_distribution_of_the_project_is_left_out(filename: Any) -> None:
    assert files_of(row(WHEEL) | {"filename": filename}) == []


VERSIONS = st.from_regex(
    r"\A(1!)?[0-9]{1,2}(\.(0|[0-9]{1,2})){0,3}((a|rc|\.post|\.dev)[0-9])?(\+[a-c][._-]?1)?\Z"
)  # fmt: skip


@given(VERSIONS, VERSIONS)
def test_versions_that_are_equal_have_the_same_key_and_others_have_not(one: str, other: str) -> None:
    assert (version_key(one) == version_key(other)) == (Version(one) == Version(other))


@given(st.text())
def test_any_text_has_a_key(text: str) -> None:
    try:
        Version(text.replace("_", "-"))
    except InvalidVersion:
        assert version_key(text) == text.replace("_", "-")


def test_of_one_file_on_two_indexes_the_first_counts() -> None:
    first, second = files_of(row()), files_of(row(hashes={"sha256": OTHER}), row("odd_name-2.0.tar.gz"))
    assert [(file.filename, file.sha256) for file in merged([first, second])] == [
        (WHEEL, SHA), ("odd_name-2.0.tar.gz", SHA),
    ]  # fmt: skip


def test_a_file_knows_its_address_upstream_and_below_the_gate() -> None:
    (file,) = files_of(row("odd_name-1!2.0+cpu-py3-none-any.whl"))
    assert file.url == "https://index.example/f/odd_name-1!2.0+cpu-py3-none-any.whl"
    assert file.path == f"{SHA[:16]}/odd_name-1%212.0%2Bcpu-py3-none-any.whl"
    (bare,) = files_of(row(hashes=None, url=None))
    assert (bare.url, bare.sha256, bare.path) == ("", "", f"-/{WHEEL}")


@pytest.mark.parametrize(
    ("said", "metadata"),
    [
        ({"core-metadata": {"sha256": SHA}}, SHA), ({"core-metadata": True}, True), ({"core-metadata": {}}, True),
        ({"dist-info-metadata": {"sha256": SHA}}, SHA), ({"core-metadata": False}, False), ({}, False),
    ],
)  # fmt: skip
def test_metadata_is_announced_by_either_name(said: dict[str, object], metadata: object) -> None:
    (file,) = files_of(row() | said)
    assert file.metadata == metadata


def test_a_release_is_as_old_as_its_first_file_and_visible_ones_have_no_age() -> None:
    found = ages(
        files_of(
            row("odd_name-1.0.tar.gz", upload_time="2025-01-01T00:00:00Z"),
            row("odd_name-1.0.0-py3-none-any.whl", upload_time="2026-06-01T00:00:00Z"),
            row("odd_name-2.0.tar.gz", upload_time="2026-01-01T00:00:00Z"),
            row("odd_name-2.0-py3-none-any.whl"),
            row("odd_name-3.0.tar.gz", upload_time="2026-02-01T00:00:00Z"),
        )
    )
    assert found == Ages(
        firsts=((seconds(2026, 2), "3"), (seconds(2026, 1), "2"), (seconds(2025, 1), "1")),
        complete=True,
        undated=False,
    )
    assert found.young(seconds(2026, 1), frozenset()) == frozenset({"2", "3"})
    assert found.young(seconds(2026, 1), frozenset({"3"})) == frozenset({"2"})
    assert found.young(seconds(2026, 3), frozenset()) == frozenset()


def test_a_release_without_any_time_is_undated() -> None:
    assert ages(files_of(row(), row("odd_name-2.0.tar.gz", upload_time="2026-01-01T00:00:00Z"))).undated
    assert ages(files_of(row(upload_time="2026-01-01"))) == Ages(firsts=(), complete=True, undated=True)


def test_ages_that_were_cut_off_do_not_tell_when_all_of_them_are_young() -> None:
    cut = Ages(firsts=((20.0, "2"), (10.0, "1")), complete=False, undated=False)
    assert cut.young(15.0, frozenset()) == frozenset({"2"})
    assert cut.young(10.0, frozenset()) is None
    assert cut._replace(complete=True).young(10.0, frozenset()) == frozenset({"1", "2"})


FULL = row(
    requires_python=">=3.8", yanked="broken <b>", core_metadata={"sha256": OTHER}, size=7,
    upload_time="2026-01-01T00:00:00Z", provenance="https://elsewhere.example/",
)  # fmt: skip


def test_a_json_page_passes_on_what_resolvers_read() -> None:
    page = json.loads(index_answers.page_json("odd-name", files_of(FULL), PREFIX))
    assert page == {
        "meta": {"api-version": "1.0"}, "name": "odd-name",
        "files": [{
            "filename": WHEEL, "url": f"{PREFIX}{SHA[:16]}/{WHEEL}", "hashes": {"sha256": SHA}, "requires-python": ">=3.8",
            "yanked": "broken <b>", "core-metadata": {"sha256": OTHER},
            "upload-time": "2026-01-01T00:00:00Z", "size": 7,
        }],
    }  # fmt: skip


def test_both_pages_say_the_same() -> None:
    files = files_of(
        FULL,
        row("odd_name-2.0.tar.gz", hashes={}, yanked=True, requires_python=7, size="big"),
        row("odd_name-3.0+a-py3-none-any.whl", core_metadata=True, yanked=False, requires_python=""),
    )
    as_json, as_html = (
        write("odd-name", files, PREFIX) for write in (index_answers.page_json, index_answers.page_html)
    )
    one = parse_page(as_json, "application/json", name="odd-name", url=BASE)
    other = parse_page(as_html, "text/html", name="odd-name", url=BASE)
    assert [file.version for file in one] == ["1.0", "2.0", "3.0+a"]
    # html has no times
    assert [
        (each.filename, each.url, each.sha256, each.requires_python, each.yanked, each.metadata_sha256) for each in one
    ] == [
        (each.filename, each.url, each.sha256, each.requires_python, each.yanked, each.metadata_sha256)
        for each in other
    ]
    assert b'data-yanked="broken &lt;b&gt;"' in as_html
    assert b'data-yanked=""' in as_html


def test_hashes_are_found_under_every_spelling_of_a_version() -> None:
    files = files_of(
        row("odd_name-1.0.0.tar.gz", hashes={"sha256": OTHER}), row(), row("odd_name-2.0-rc1.zip"),
        row("odd_name-3.tar.gz", hashes={}), row("odd_name-no.such.version.tar.gz"),
    )  # fmt: skip
    found = json.loads(index_answers.hashes_json("odd-name", files, PREFIX))["releases"]
    assert set(found) == {"1.0", "1.0.0", "2.0-rc1", "2.0rc1", "no.such.version"}
    assert found["1.0"] == found["1.0.0"] == [
        {"url": f"{PREFIX}{OTHER[:16]}/odd_name-1.0.0.tar.gz", "digests": {"sha256": OTHER}, "packagetype": "sdist"},
        {"url": f"{PREFIX}{SHA[:16]}/{WHEEL}", "digests": {"sha256": SHA}, "packagetype": "bdist_wheel"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("metadata", "other"),
    [
        (b"Metadata-Version: 2.1\nName: Odd.Name\nVersion: 1.0.0\n\nVersion: 2.0\n", ""),
        (b"Metadata-Version: 2.1\r\nName: odd-name\r\nVersion: 1.0\r\n\r\nVersion: 2.0\r\n", ""),
        (b"Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n\n", "evil 1.0"),
        (b"Name: odd-name\nVersion: 2.0\n", "odd-name 2.0"),
        (b"<html>\xff", "nothing"),
    ],
)  # fmt: skip
def test_metadata_that_names_something_else_is_noticed(metadata: bytes, other: str) -> None:
    (file,) = files_of(row())
    assert misnamed(metadata, file, name="odd-name") == other
