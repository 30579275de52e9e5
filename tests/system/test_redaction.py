"""No secret that is known stays in a text, however it is dressed, and nothing else goes."""

import base64
import html
import json
import shlex
import subprocess
import threading
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.secrets import Secret
from bot.system import redaction
from bot.system.disguises import disguises
from bot.system.redaction import (
    carries,
    forget_all,
    known,
    known_address,
    known_login,
    redacted,
    redacted_markdown,
    redacted_values,
)

PASSWORD = "p'ä$s/w+o\"r d&<%>\\42"
SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=40)


def basic(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"the password {PASSWORD} is wrong",
        f"https://user:{quote(PASSWORD, safe='')}@host/simple/",
        f"https://user:{quote(PASSWORD, safe='').lower()}@host/simple/",
        f"?token={quote_plus(PASSWORD)}",
        urlencode({"token": PASSWORD}),
        json.dumps({"message": PASSWORD}),
        json.dumps({"message": PASSWORD}, ensure_ascii=False),
        json.dumps({"inner": json.dumps({"message": PASSWORD})}),
        f"ValueError({PASSWORD!r})",
        f"curl -u user:{shlex.quote(PASSWORD)}",
        f"<p>{html.escape(PASSWORD)}</p>",
        f"Authorization: Basic {basic(f'user:{PASSWORD}')}",
        f"Authorization: Basic {basic(f'somebody:{PASSWORD}')}",
        f"Authorization: Basic {basic(f'x:{PASSWORD}')}",
        f"data: {base64.urlsafe_b64encode(f'{{{PASSWORD}}}'.encode()).decode()}",
    ],
)
def test_a_secret_goes_in_all_its_usual_disguises(text: str) -> None:
    known(PASSWORD)
    clean = redacted(text)
    assert "***" in clean
    assert not [shape for shape in disguises(PASSWORD, 6) if shape in clean]


def test_what_a_shell_prints_of_a_secret_goes() -> None:
    password = "p'a$s/w+o\"r d&<%>\\42,:=@_.~^!{}[]*?#;|()"
    known(password)
    said = subprocess.run(["bash", "-c", 'printf "%q" "$1"', "-", password], capture_output=True, text=True, check=True)
    assert "42" in said.stdout
    assert redacted(said.stdout) == "***"


@given(SECRETS, SECRETS, st.text(max_size=10))
def test_no_two_secrets_leave_a_piece_of_each_other_behind(one: str, other: str, between: str) -> None:
    forget_all()
    known(one)
    known(other)
    for text in (one + other, one + between + other, other[:3] + one, f"{one[:-2]}{other}{one}"):
        clean = redacted(text)
        assert one not in clean
        assert other not in clean


@given(st.text(max_size=80))
def test_a_text_without_a_secret_stays_as_it_is(text: str) -> None:
    forget_all()
    known("never-in-there-0815")
    assert redacted(text) == text


def test_secrets_that_overlap_leave_nothing_of_the_second() -> None:
    known("abcdefgh")
    known("efghijkl")
    assert redacted("x abcdefghijkl x") == "x *** x"


def test_a_secret_within_another_one_leaves_nothing_of_the_longer() -> None:
    known("inner-1")
    known("outer-inner-1-outer")
    assert redacted("outer-inner-1-outer and inner-1") == "*** and ***"


def test_a_short_secret_goes_only_where_it_stands_as_a_password() -> None:
    known_login("bob", "main")
    assert redacted("on main: https://bob:main@host/main") == "on main: https://bob:***@host/main"
    assert redacted(f"Basic {basic('bob:main')}") == "Basic ***"


def test_a_name_that_a_person_has_stays_and_one_that_a_machine_made_goes() -> None:
    known_login("acme-bot", "hunter2-hunter2")
    known_login("svc-7f3a9c2188aa01", "another-password")
    known_login("token-without-a-password", "")
    text = "acme-bot svc-7f3a9c2188aa01 token-without-a-password"
    assert redacted(text) == "acme-bot *** ***"


@pytest.mark.parametrize("url", ["https://bob:s3%2Fcret-pw@host/simple", "http://bob:s3%2Fcret-pw@127.0.0.1:80"])
def test_what_an_address_is_opened_with_is_known_as_written_and_as_meant(url: str) -> None:
    known_address(url)
    assert redacted(f"{url} s3/cret-pw").count("***") == 2
    assert "bob" in redacted(url)


@pytest.mark.parametrize("url", ["", "https://host/simple", "http://[", "no address"])
def test_an_address_that_nothing_opens_makes_nothing_known(url: str) -> None:
    known_address(url)
    assert not carries(f"https://host/simple {url}")


def test_every_line_of_a_key_is_a_secret_but_not_its_frame() -> None:
    body = ["MIIEpAIBAAKCAQEA7bq0kq9W3", "x8f0Zr2nqV0hJQ7bq0kq9W3aa"]
    known("\n".join(["-----BEGIN RSA PRIVATE KEY-----", *body, "-----END RSA PRIVATE KEY-----"]))
    assert redacted(f"line 2: {body[0]}, line 3: {body[1]}") == "line 2: ***, line 3: ***"
    assert redacted("-----BEGIN RSA PRIVATE KEY-----") == "-----BEGIN RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/", ["TIiajkdnlazkcOXrIdevi7FQ", "A1BRTD4JD"]),
        ("mailto://bob:correcthorse@gmail.com", ["correcthorse"]),
        ("https://hooks2.example.com/services/B00000000/abc123def456", ["abc123def456"]),
        ("ntfy://[bad/token-number-1", ["token-number-1"]),
    ],
)
def test_the_secret_parts_of_an_address_that_is_a_secret_go_alone_too(url: str, parts: list[str]) -> None:
    known(url)
    assert redacted(url) == "***"
    for part in parts:
        assert redacted(f"<{part}>") == "<***>"
    assert redacted("hooks2.example.com") == "hooks2.example.com"


def test_of_tokens_that_pass_the_newest_are_kept_and_of_others_all() -> None:
    known("lasting-secret")
    for number in range(redaction.PASSING + 1):
        known(f"passing-token-{number:04}", passing=True)
    assert not carries("passing-token-0000")
    assert carries("passing-token-0001")
    assert carries("lasting-secret")


def test_what_is_known_for_good_does_not_pass_because_it_is_used_as_a_token() -> None:
    known(Secret("lasting-secret"))
    for number in range(redaction.PASSING + 1):
        known("lasting-secret", passing=True)
        known(f"passing-token-{number:04}", passing=True)
    assert carries("lasting-secret")


def test_documents_are_gone_through_with_names_and_values() -> None:
    known("s3cret-value")
    document = {"a": ["x s3cret-value", 1, None, {"s3cret-value": True}], "b": ("s3cret-value",)}
    assert redacted_values(document) == {"a": ["x ***", 1, None, {"***": True}], "b": ["***"]}


def test_a_line_of_markdown_goes_where_a_secret_hides_between_escapes() -> None:
    known("s3_cret<value>@42")
    text = "fine\n| a | s3\\_cret&lt;value&gt;@\u200b42 |\r\nfine `code`\n"
    assert redacted_markdown(text) == "fine\n***\r\nfine `code`\n"
    assert redacted_markdown("plain s3_cret<value>@42, and more") == "plain ***, and more"


def test_threads_may_add_and_ask_at_the_same_time() -> None:
    missed: list[str] = []

    def add(start: int) -> None:
        for number in range(start, start + 50):
            known(f"secret-number-{number}")
            missed.extend([str(number)] if not carries(f"x secret-number-{number} x") else [])

    threads = [threading.Thread(target=add, args=(start,)) for start in range(0, 400, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missed == []
    assert not [number for number in range(400) if not carries(f"secret-number-{number}")]


def test_an_empty_secret_is_none() -> None:
    known("")
    known_login("", "")
    assert redacted("anything at all") == "anything at all"
