import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.openpgp_text import clearsigned, dearmored, signed_body

SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n"


def message(body: str) -> str:
    return f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{body}{SIGNATURE}"


def test_the_body_is_what_stands_between_header_and_signature() -> None:
    text = message("Suite: x\n- -----\n- - y\n\nlast\n")
    assert clearsigned(text)
    assert signed_body(text) == "Suite: x\n-----\n- y\n\nlast\n"


@pytest.mark.parametrize(
    "text",
    [
        "", "Suite: x\n", "Suite: evil\n" + message("Suite: x\n"), message("x\n") + "Suite: evil\n",
        message("x\n").replace("BEGIN PGP SIGNATURE", "BEGIN SOMETHING"),
    ],
)  # fmt: skip
def test_what_has_anything_around_the_message_is_not_signed(text: str) -> None:
    assert not clearsigned(text)
    with pytest.raises(ValueError, match=r"^this is not a message with a cleartext signature$"):
        signed_body(text)


def test_a_message_without_a_body_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^the signed message has no body$"):
        signed_body("-----BEGIN PGP SIGNED MESSAGE-----\n-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----")


def armored(data: bytes, headers: str = "") -> str:
    body = base64.encodebytes(data).decode()
    return f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n{headers}\n{body}=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n"


@given(st.lists(st.binary(min_size=1), min_size=1, max_size=3))
def test_armor_is_undone_of_all_blocks(keys: list[bytes]) -> None:
    assert dearmored("about\n" + "\n".join(armored(key, "Version: x\n") for key in keys)) == b"".join(keys)


def test_an_empty_line_before_the_data_may_be_missing() -> None:
    text = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: x\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----"
    assert dearmored(text) == b"\x99"


def test_text_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^there is no public key block$"):
        dearmored("-----BEGIN PGP PUBLIC KEY BLOCK-----\nmQ==\n")
    with pytest.raises(ValueError, match=r"^a public key block cannot be read: "):
        dearmored("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!!\n-----END PGP PUBLIC KEY BLOCK-----")
