"""Bytes to text and back, by pip's rule."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.encodings import Decoded, Undecodable, decode, decode_utf8, encode, encode_like

GREEN = "# grün\ndjango\n"


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (GREEN.encode(), GREEN, "utf-8"),
        (codecs.BOM_UTF8 + GREEN.encode(), "\ufeff" + GREEN, "utf-8"),
        (codecs.BOM_UTF16_LE + GREEN.encode("utf-16-le"), "\ufeff" + GREEN, "utf-16-le"),
        (codecs.BOM_UTF16_BE + GREEN.encode("utf-16-be"), "\ufeff" + GREEN, "utf-16-be"),
        (codecs.BOM_UTF32_LE + GREEN.encode("utf-32-le"), "\ufeff" + GREEN, "utf-32-le"),
        (codecs.BOM_UTF32_BE + GREEN.encode("utf-32-be"), "\ufeff" + GREEN, "utf-32-be"),
        (b"# -*- coding: latin-1 -*-\n# gr\xfcn\n", "# -*- coding: latin-1 -*-\n# grün\n", "latin-1"),
        (b"#\r\n# vim: set fileencoding=cp1252 :\r\n\x80", "#\r\n# vim: set fileencoding=cp1252 :\r\n€", "cp1252"),
        (b"", "", "utf-8"),
    ],
)
def test_an_encoding_is_found_as_pip_finds_it_and_gives_the_same_bytes(data: bytes, text: str, encoding: str) -> None:
    found = decode(data)
    assert found == Decoded(text=text, encoding=encoding)
    assert encode(text, encoding) == data


@pytest.mark.parametrize(
    ("data", "line", "why"),
    [
        (b"a\nb\xe4\n", 2, "not UTF-8: byte 3 is 0xe4; save it as UTF-8"),
        (b"\n\n# coding: latin-1\n\xe4\n", 4, "not UTF-8: byte 20 is 0xe4; save it as UTF-8"),
        (b"x # coding: latin-1\n\xe4\n", 2, "not UTF-8: byte 20 is 0xe4; save it as UTF-8"),
        (codecs.BOM_UTF16_LE + b"a", 1, "not UTF-16-LE: byte 2 is 0x61; save it as UTF-8"),
        (b"# coding: ascii\n\xe4\n", 2, "not ascii: byte 16 is 0xe4; save it as UTF-8"),
        (b"# coding: klingon\n", 0, "it declares the encoding klingon, which Python does not know; use UTF-8"),
        (b"# coding: hex\n", 0, "it declares the encoding hex, which Python does not know; use UTF-8"),
        (
            b"# coding: unicode_escape\n",
            0,
            "it declares the encoding unicode_escape, which is none for files; use UTF-8",
        ),
        (
            b"# coding: utf-7\n+AGE-\n",
            0,
            "written in utf-7, it could not be given back byte for byte; save it as UTF-8",
        ),
    ],
)
def test_what_is_no_text_says_where_and_what_to_do(data: bytes, line: int, why: str) -> None:
    assert decode(data) == Undecodable(line=line, why=why)


def test_a_format_that_is_always_utf8_heeds_no_comment() -> None:
    assert decode_utf8(b"# coding: latin-1\n") == Decoded(text="# coding: latin-1\n", encoding="utf-8")
    assert decode_utf8(b"# coding: latin-1\n\xe4") == Undecodable(
        line=2, why="not UTF-8: byte 18 is 0xe4; save it as UTF-8"
    )


def test_a_new_text_is_written_as_the_old_was() -> None:
    assert encode_like("# coding: latin-1\nä", b"# coding: latin-1\n") == b"# coding: latin-1\n\xe4"
    assert encode_like("ä", b"\xff") == "ä".encode()
    with pytest.raises(ValueError, match=r"^line 2: '€' cannot be written in latin-1$"):
        encode_like("\n€", b"# coding: latin-1\n")


@given(st.binary() | st.binary().map(lambda data: b"# coding: shift_jis\n" + data))
def test_any_bytes_are_a_text_that_gives_them_back_or_an_error(data: bytes) -> None:
    found = decode(data)
    if isinstance(found, Decoded):
        assert encode(found.text, found.encoding) == data
    else:
        assert found.why
