import json

import pytest

from bot.formats.foreign_locks import read
from bot.model.locks import LockerName, Pin

LOCK = """\
{
    "_meta": {
        "hash": {
            "sha256": "3f65"
        },
        "pipfile-spec": 6,
        "requires": {
            "python_version": "3.11"
        },
        "sources": [
            {
                "name": "pypi",
                "url": "https://index.example/simple",
                "verify_ssl": true
            }
        ]
    },
    "default": {
        "certifi": {
            "hashes": [
                "sha256:1324",
                "sha256:9f00"
            ],
            "markers": "python_version >= '3.7'",
            "version": "==2025.10.5"
        },
        "colorama": {
            "markers": "sys_platform == 'win32'",
            "version": "*"
        },
        "httpx": {
            "extras": [
                "http2"
            ],
            "hashes": [
                "sha256:75e9"
            ],
            "index": "pypi",
            "version": "==0.28.1"
        },
        "mylib": {
            "git": "https://git.example/mylib",
            "ref": "6a2f"
        },
        "us": {
            "editable": true,
            "path": "."
        }
    },
    "develop": {
        "certifi": {
            "hashes": [
                "sha256:9f00",
                "sha256:aaaa"
            ],
            "version": "==2025.10.5"
        },
        "Py_Test": {
            "version": "===9.0.1"
        }
    }
}
"""


def test_the_packages_of_every_category_are_read_and_those_in_two_are_one_pin() -> None:
    found = read("api/Pipfile.lock", LOCK)

    assert (found.locker, found.sources) == (LockerName.PIPENV, ("api/Pipfile",))
    assert (found.python, found.requires_python) == ("3.11", "")
    assert found.pins == (
        Pin(name="certifi", version="2025.10.5", line=19, hashes=("sha256:1324", "sha256:9f00", "sha256:aaaa")),
        Pin(name="httpx", version="0.28.1", line=31, extras=("http2",), hashes=("sha256:75e9",), via=("-r Pipfile",)),
        Pin(name="py-test", version="9.0.1", line=58),
    )
    assert [pin.direct for pin in found.pins] == [None, True, None]


def test_what_is_not_pinned_or_states_no_version_is_said() -> None:
    assert [(row.line, row.subject, row.why) for row in read("Pipfile.lock", LOCK).unreadable] == [
        (27, "colorama", "it is not pinned: its version is '*'"),
        (41, "mylib", "it comes from git and states no version to match with advisories"),
    ]


def test_lines_are_found_however_the_text_is_laid_out() -> None:
    packed = json.dumps(json.loads(LOCK), separators=(",", ":"))
    assert {pin.line for pin in read("Pipfile.lock", packed).pins} == {1}
    text = '{"x":\n{"a"\n:\n{"version": "==1", "\\"{": "\\n{"}, "\\u0062": {"version": "==2"}}}'
    assert [(pin.name, pin.line) for pin in read("Pipfile.lock", text).pins] == [("a", 2), ("b", 4)]
    crlf = read("Pipfile.lock", "\ufeff" + LOCK.replace("\n", "\r\n"))
    assert crlf == read("Pipfile.lock", LOCK)


@pytest.mark.parametrize(
    ("requires", "python", "range_"),
    [
        ({"python_version": "3.12"}, "3.12", ""),
        ({"python_version": "3.12", "python_full_version": "3.12.4"}, "3.12", ""),
        ({"python_version": "3"}, "", "3"),
        ({}, "", ""),
    ],
)
def test_the_python_of_the_pipfile_is_that_of_the_lock(requires: dict[str, str], python: str, range_: str) -> None:
    found = read("Pipfile.lock", json.dumps({"_meta": {"pipfile-spec": 6, "requires": requires}, "default": {}}))
    assert (found.python, found.requires_python) == (python, range_)
    assert found.unreadable == ()


def test_a_format_of_another_major_is_said_and_not_guessed_at() -> None:
    found = read("Pipfile.lock", LOCK.replace('"pipfile-spec": 6', '"pipfile-spec": 7'))
    assert found.pins == ()
    assert [(row.line, row.why) for row in found.unreadable] == [
        (6, "its format has version 7; those that can be read: 1, 2, 3, 4, 5, 6")
    ]


def test_what_has_an_odd_type_is_said_with_its_line_and_the_rest_is_read() -> None:
    text = """\
{"_meta": {"requires": {"python_version": 3}},
 "docs": 1,
 "default": {
  "a": 1,
  "b c": {},
  "d": {"version": 1, "path": ["."]},
  "e": {"version": "==1", "markers": 1, "hashes": "sha256:aa", "extras": {}},
  "f": {"version": "==1", "hashes": ["sha256:aa", "sha256"], "markers": "\\ud800"},
  "g": {}
 }}
"""
    found = read("Pipfile.lock", text)
    assert found.pins == (
        Pin(name="e", version="1", line=7),
        Pin(name="f", version="1", line=8, hashes=("sha256:aa",)),
    )
    assert [(row.line, row.subject, row.why) for row in found.unreadable] == [
        (2, "Pipfile.lock", "category 'docs' is no table"),
        (4, "a", "its entry is no table"),
        (5, "Pipfile.lock", "'b c' is no name of a package"),
        (6, "d", "1 is no version (PEP 440) to match with advisories"),
        (7, "e", "'markers' is no text of one line"),
        (7, "e", "'hashes' is no array"),
        (7, "e", "'extras' is no array"),
        (8, "f", "'markers' is no text of one line"),
        (8, "f", "one of its hashes is no algorithm:hex"),
        (9, "g", "it comes from an unknown source and states no version to match with advisories"),
        (1, "Pipfile.lock", "the version of Python is no text of one line"),
    ]


def test_a_meta_table_of_an_odd_type_does_not_hide_the_packages() -> None:
    found = read("Pipfile.lock", '{"_meta": 1, "default": {"a": {"version": "==1"}}}')
    assert len(found.pins) == 1
    assert [row.why for row in found.unreadable] == ["'_meta' is no table"]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('{\n"default": <<<<\n', 2, "it is no JSON: Expecting value"),
        ("[]", 1, "it is no JSON object"),
        ("[" * 100_000, 0, "it is nested too deeply"),
    ],
)
def test_a_text_that_is_no_lock_is_said_once(text: str, line: int, why: str) -> None:
    (row,) = read("Pipfile.lock", text).unreadable
    assert (row.line, row.why) == (line, why)


def test_a_number_that_python_does_not_read_is_said() -> None:
    (row,) = read("Pipfile.lock", "9" * 5000).unreadable
    assert row.why.startswith("it is no JSON: ")


def test_a_text_without_packages_and_format_is_not_clean() -> None:
    (row,) = read("Pipfile.lock", "{}").unreadable
    assert row.why == "it states no format version and has no category of packages"
