import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.secdb import Secfix, between, secfixes

DOCUMENT = {
    "distroversion": "v3.20",
    "reponame": "main",
    "urlprefix": "https://mirror.example/alpine",
    "apkurl": "{{urlprefix}}/{{distroversion}}/{{reponame}}/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk",
    "packages": [
        {
            "pkg": {
                "name": "busybox",
                "secfixes": {
                    "0": ["CVE-2021-42373"],
                    "1.36.1-r29": ["CVE-2023-42363", "CVE-2023-42364 GHSA-aaaa-bbbb-2222"],
                    "1.36.1-r2": ["CVE-2022-48174 (+ regression fix)", "CVE_2022-30065"],
                    "1.35.0-r17": ["CVE N/A ZBX-11023", "XSA-123"],
                },
            }
        },
    ],
}
busybox = secfixes(json.dumps(DOCUMENT).encode())["busybox"]


def read(document: Any) -> Any:
    return secfixes(json.dumps(document).encode())


def test_what_a_version_fixes_is_read_from_what_people_wrote() -> None:
    assert busybox == (
        Secfix(version="1.36.1-r29", ids=("CVE-2023-42363", "CVE-2023-42364", "GHSA-aaaa-bbbb-2222")),
        Secfix(version="1.36.1-r2", ids=("CVE-2022-30065", "CVE-2022-48174")),
        Secfix(version="1.35.0-r17", ids=("XSA-123", "ZBX-11023")),
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("1.36.1-r28", "1.36.1-r29", (True, ("CVE-2023-42363", "CVE-2023-42364", "GHSA-aaaa-bbbb-2222"))),
        ("1.36.1-r1", "1.36.1-r5", (True, ("CVE-2022-30065", "CVE-2022-48174"))),
        ("1.36.1-r2", "1.36.1-r28", (False, ())),
        ("1.36.1-r29", "1.36.1-r2", (False, ())),
        ("1.36.1-r29", "1.37.0-r0", (False, ())),
    ],
)
def test_a_move_passes_fixes_above_the_old_and_up_to_the_new_version(
    old: str, new: str, expected: tuple[bool, tuple[str, ...]]
) -> None:
    assert between(busybox, old, new) == expected


def test_a_fix_without_an_id_that_can_be_read_is_one_all_the_same() -> None:
    assert between([Secfix(version="2-r0", ids=())], "1-r0", "2-r0") == (True, ())


def test_what_breaks_the_format_is_left_out() -> None:
    rows: list[Any] = [
        None,
        {},
        {"pkg": []},
        {"pkg": {"name": 1, "secfixes": {}}},
        {"pkg": {"name": "a", "secfixes": []}},
        {"pkg": {"name": "b", "secfixes": {"1-r0": "CVE-2024-1111", "2-r0": [], "3-r0": [7, "CVE-2024-1111 " * 99]}}},
    ]
    assert read({"packages": rows}) == {"b": (Secfix(version="3-r0", ids=()),)}


def test_a_repository_without_entries_fixes_nothing() -> None:
    assert read({"packages": None}) == {}
    assert read({"packages": []}) == {}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"packages": {}}', b"null", b"[" * 100_000, b'"\xff"']
)
def test_what_is_no_database_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        secfixes(body)


@given(st.text(alphabet="CVE-20419 GHSA_a()", max_size=200))
def test_any_text_may_stand_for_an_id(text: str) -> None:
    (fix,) = read({"packages": [{"pkg": {"name": "a", "secfixes": {"1": [text]}}}]})["a"]
    assert all(" " not in name for name in fix.ids)
