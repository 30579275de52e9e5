"""Text, links and paths for documents that other tools read."""

from urllib.parse import unquote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.exchange_text import line, link, relative


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("as it is", 20, "as it is"),
        ("two\r\n\tlines\x00 and\x1b[31m", 40, "two lines and [31m"),
        ("turned\u202earound", 20, "turned around"),
        ("lone \ud800 surrogate", 20, "lone surrogate"),
        ("ünï 日本 🎉", 20, "ünï 日本 🎉"),
        ("", 5, ""),
        ("123456", 5, "1234…"),
        ("x" * 5_000_000, 3, "xx…"),
    ],
)
def test_text_becomes_one_bounded_line(text: str, most: int, shown: str) -> None:
    assert line(text, most) == shown


@given(st.text(st.characters()), st.integers(1, 50))
def test_a_line_is_never_longer_than_asked_for_and_every_reader_takes_it(text: str, most: int) -> None:
    found = line(text, most)
    assert len(found) <= most
    assert found.isprintable()
    assert found.encode().decode() == found


@pytest.mark.parametrize(
    "url",
    [
        "https://osv.dev/vulnerability/GHSA-x",
        "https://www.cve.org/CVERecord?id=CVE-2026-1",
        "http://127.0.0.1:8000/a%20b?c=d#e",
        "https://example.org",
    ],
)
def test_a_web_address_stays(url: str) -> None:
    assert link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "", "javascript:alert(1)", "ftp://example.org/", "https://", "https://[::1", "https://user:pw@example.org/",
        "https://example.org/a b", "https://example.org/%zz", "https://example.org/#a#b", "https://example.org/\n",
        'https://example.org/"', "git@example.org:acme/web.git", "/srv/git/web", "https://exämple.org/",
    ],
)  # fmt: skip
def test_anything_else_is_no_address(url: str) -> None:
    assert link(url) is None


@pytest.mark.parametrize(
    ("path", "reference"),
    [
        ("requirements/prod.txt", "requirements/prod.txt"),
        ("a b/c:d.txt", "a%20b/c%3Ad.txt"),
        ("c:d.txt", "c%3Ad.txt"),
        ("ü\n'\"#?.txt", "%C3%BC%0A%27%22%23%3F.txt"),
        ("//host/x", "host/x"),
        ("caf\udce9.txt", "caf%E9.txt"),
        ("\ud800.txt", "%EF%BF%BD.txt"),
        ("", "."),
        ("/", "."),
    ],
)
def test_a_path_becomes_a_relative_reference(path: str, reference: str) -> None:
    assert relative(path) == reference


@given(st.text(st.characters(codec="utf-8")).map(lambda text: text.lstrip("/")).filter(bool))
def test_a_path_can_be_read_back(path: str) -> None:
    assert unquote(relative(path)) == path
    assert unquote_to_bytes(relative(path)) == path.encode()
