"""What `system.http` promises, against real servers on loopback."""

import gzip
import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.errors import ConfigError, StoreError, Unavailable
from bot.system.http import PATIENCE_SECONDS, REDIRECTS, TOTAL_SECONDS, Http, Route
from bot.system.urls import ANYWHERE
from tests.rig.web import Said, Seen, WebServer, make_certificate

Serve = Callable[..., WebServer]
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)


def always(said: Said) -> Callable[[Seen], Said]:
    return lambda _seen: said


def in_turn(*said: Said) -> Callable[[Seen], Said]:
    rest = iter(said)
    return lambda _seen: next(rest)


def redirect(target: str, status: int = 302) -> Said:
    return Said(status, headers={"location": target})


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_an_answer_has_status_lower_case_headers_body_and_its_address(serve: Serve, http: Http) -> None:
    server = serve(always(Said(200, b"hello", {"X-Colour": "blue"})))
    answer = http.get(f"{server.url}/greeting")
    assert (answer.status, answer.body, answer.url) == (200, b"hello", f"{server.url}/greeting")
    assert answer.headers["x-colour"] == "blue"


@pytest.mark.parametrize("status", [304, 400, 401, 403, 404, 405, 410])
def test_a_refusal_is_an_answer_that_is_asked_for_once(serve: Serve, http: Http, status: int) -> None:
    server = serve(always(Said(status)))
    assert http.get(server.url).status == status
    assert http.requests == 1


def test_head_asks_for_headers_only(serve: Serve, http: Http) -> None:
    server = serve(always(Said(200, b"body", {"x-size": "4"})))
    answer = http.head(server.url)
    assert (answer.body, answer.headers["x-size"]) == (b"", "4")
    assert server.asked() == ["HEAD /"]


def test_headers_are_sent_and_cookies_are_not_kept(serve: Serve, http: Http) -> None:
    server = serve(always(Said(200, headers={"set-cookie": "taste=sweet"})))
    for _ in range(2):
        http.get(server.url, headers={"accept": "text/plain"})
    assert [seen.headers["accept"] for seen in server.log] == ["text/plain"] * 2
    assert not any("cookie" in seen.headers for seen in server.log)


@pytest.mark.parametrize("status", [502, 503, 504, 429])
def test_a_busy_server_is_asked_three_times_with_growing_pauses(
    serve: Serve, http: Http, waits: list[float], status: int
) -> None:
    server = serve(always(Said(status)))
    with pytest.raises(Unavailable, match=rf"answers {status}"):
        http.get(server.url)
    assert (len(server.log), http.requests, waits) == (3, 3, [0.5, 1.0])


def test_a_server_that_recovers_gives_its_answer(serve: Serve, http: Http) -> None:
    server = serve(in_turn(Said(503), Said(200, b"back")))
    assert http.get(server.url).body == b"back"


def test_a_server_error_that_is_not_about_load_is_not_asked_again(serve: Serve, http: Http) -> None:
    server = serve(always(Said(500)))
    with pytest.raises(Unavailable, match="answers 500"):
        http.get(server.url)
    assert len(server.log) == 1


def test_nobody_listening_is_unavailable_after_three_tries(http: Http, waits: list[float]) -> None:
    with pytest.raises(Unavailable, match="does not answer") as caught:
        http.get(f"http://127.0.0.1:{refused_port()}/x?token=s3cret")
    assert http.requests == 3
    assert len(waits) == 2
    assert "s3cret" not in caught.value.message


def test_a_short_retry_after_is_waited_out(serve: Serve, http: Http, waits: list[float]) -> None:
    server = serve(in_turn(Said(429, headers={"retry-after": "7"}), Said(200, b"now")))
    assert http.get(server.url).body == b"now"
    assert waits == [7.0]


def test_a_long_retry_after_is_handed_on_at_once(serve: Serve, http: Http, waits: list[float]) -> None:
    seconds = PATIENCE_SECONDS + 1
    server = serve(always(Said(429, headers={"retry-after": f"{seconds:.0f}"})))
    with pytest.raises(Unavailable) as caught:
        http.get(server.url)
    assert caught.value.retry_after == seconds
    assert (len(server.log), waits) == (1, [])


def test_retry_after_may_be_a_date(serve: Serve, waits: list[float]) -> None:
    date = {"retry-after": "Thu, 01 Oct 2026 12:00:05 GMT"}
    server = serve(in_turn(Said(503, headers=date), Said(200)))
    with Http(sleep=waits.append, clock=lambda: NOW) as http:
        http.get(server.url)
    assert waits == [5.0]


@pytest.mark.parametrize(("text", "wait"), [("Thu, 01 Oct 2026 11:00:00 -0000", 0.0), ("soon", 0.5), ("-3", 0.5)])
def test_a_retry_after_of_the_past_or_of_no_meaning_costs_no_patience(
    serve: Serve, waits: list[float], text: str, wait: float
) -> None:
    server = serve(in_turn(Said(503, headers={"retry-after": text}), Said(200)))
    with Http(sleep=waits.append, clock=lambda: NOW, jitter=lambda: 0.5) as http:
        http.get(server.url)
    assert waits == [wait]


def test_a_body_over_the_limit_is_refused_with_the_limit_named(serve: Serve, http: Http) -> None:
    server = serve(always(Said(200, b"x" * 101)))
    assert len(http.get(server.url, limit=101).body) == 101
    with pytest.raises(Unavailable, match="more than the 100 bytes"):
        http.get(server.url, limit=100)
    assert http.requests == 2


def test_the_limit_counts_what_compression_hides(serve: Serve, http: Http) -> None:
    bomb = gzip.compress(b"\0" * 1_000_000)
    server = serve(always(Said(200, bomb, {"content-encoding": "gzip"})))
    with pytest.raises(Unavailable, match="more than the 100000 bytes"):
        http.get(server.url, limit=100_000)


def test_broken_compression_is_unavailable(serve: Serve, http: Http) -> None:
    server = serve(always(Said(200, b"not gzip", {"content-encoding": "gzip"})))
    with pytest.raises(Unavailable, match="does not answer"):
        http.get(server.url)
    assert http.requests == 1


def test_a_body_that_ends_early_is_asked_for_again(serve: Serve, http: Http) -> None:
    server = serve(in_turn(Said(200, b"half", {"content-length": "8"}), Said(200, b"complete")))
    assert http.get(server.url).body == b"complete"


def test_a_server_that_drips_bytes_is_left(serve: Serve) -> None:
    moments = iter([0.0, TOTAL_SECONDS + 1])
    server = serve(always(Said(200, b"drop")))
    with Http(monotonic=lambda: next(moments)) as http, pytest.raises(Unavailable, match="still sending"):
        http.get(server.url)


def test_redirects_are_followed_and_counted(serve: Serve, http: Http) -> None:
    server = serve(lambda seen: redirect("/there", 307) if seen.path == "/here" else Said(200, b"found"))
    answer = http.head(f"{server.url}/here")
    assert (answer.url, http.requests) == (f"{server.url}/there", 2)
    assert server.asked() == ["HEAD /here", "HEAD /there"]


def test_a_redirect_without_a_target_is_an_answer(serve: Serve, http: Http) -> None:
    assert http.get(serve(always(Said(302))).url).status == 302


def test_redirects_end_somewhere(serve: Serve, http: Http) -> None:
    server = serve(always(redirect("/again")))
    with pytest.raises(Unavailable, match="asks for one more"):
        http.get(server.url)
    assert len(server.log) == REDIRECTS + 1


def test_authorization_stays_with_the_server_it_was_meant_for(serve: Serve, http: Http) -> None:
    other = serve(always(Said(200)))
    server = serve(lambda seen: redirect("/near" if seen.path == "/" else other.url))
    http.get(f"{server.url}/", headers={"Authorization": "Bearer x", "accept": "a/b"}, plain=[other.host])
    assert [seen.authorization for seen in server.log] == ["Bearer x", "Bearer x"]
    assert [(seen.authorization, seen.headers["accept"]) for seen in other.log] == [(None, "a/b")]


def test_a_password_in_a_redirect_is_not_sent(serve: Serve, http: Http) -> None:
    inner = serve(always(Said(200)))
    outer = serve(always(redirect(inner.url.replace("://", "://user:pw@"))))
    http.get(outer.url, plain=[inner.host])
    assert [seen.authorization for seen in inner.log] == [None]


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "http://127.0.0.1:99999/", "http://[", "file:///etc/passwd"])
def test_a_redirect_to_what_is_not_the_web_is_unavailable(serve: Serve, http: Http, target: str) -> None:
    server = serve(always(redirect(target)))
    with pytest.raises(Unavailable, match="redirects to something that is not a web address"):
        http.get(server.url)


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/x", "http://127.0.0.1:99999/", "http://[", "no address", "http://x/\0"]
)
def test_what_is_not_an_address_is_unavailable_not_a_crash(http: Http, url: str) -> None:
    with pytest.raises(Unavailable):
        http.get(url)


def test_https_is_not_left_for_plain_http_unless_that_is_configured(
    serve: Serve, http: Http, certificate: Path
) -> None:
    plain = serve(always(Said(200, b"plain")))
    server = serve(always(redirect(plain.url)), certificate=certificate)
    with pytest.raises(Unavailable, match="plain http and not configured"):
        http.get(server.url)
    assert plain.log == []
    assert http.get(server.url, plain=[plain.host]).body == b"plain"


def test_https_may_lead_to_https_elsewhere(serve: Serve, http: Http, certificate: Path) -> None:
    other = serve(always(Said(200, b"there")), certificate=certificate, address="127.0.0.2")
    server = serve(always(redirect(other.url)), certificate=certificate)
    assert http.get(server.url).body == b"there"


def test_a_certificate_of_an_unknown_authority_is_not_tried_twice(
    serve: Serve, http: Http, certificate: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    server = serve(always(Said(200)), certificate=make_certificate(tmp_path / "other"))
    with pytest.raises(Unavailable, match="does not answer") as caught:
        http.get(server.url)
    assert "SSL_CERT_FILE" in caught.value.hint
    assert http.requests == 1


def test_https_to_a_server_of_plain_http_says_that_tls_failed(serve: Serve, http: Http) -> None:
    server = serve(always(Said(200)))
    with pytest.raises(Unavailable, match="over TLS"):
        http.get(server.url.replace("http:", "https:"))


def test_the_authorities_may_stand_in_the_variable_of_requests(
    serve: Serve, http: Http, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert http.get(serve(always(Said(200)), certificate=certificate).url).status == 200


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_missing_file_of_authorities_is_named(http: Http, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv(variable, "/does/not/exist.pem")
    with pytest.raises(ConfigError) as caught:
        http.get("http://127.0.0.1/")
    assert variable in caught.value.hint


def test_a_proxy_of_the_environment_is_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(always(Said(200, b"by proxy")))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "")
    with Http() as http:
        assert http.get("http://registry.invalid/v2/").body == b"by proxy"


def test_threads_share_one_count(serve: Serve, http: Http) -> None:
    barrier = threading.Barrier(4, timeout=10)

    def answer(_seen: Seen) -> Said:
        barrier.wait()
        return Said(200)

    server = serve(answer)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(http.get, [server.url] * 8))
    assert [answer.status for answer in answers] == [200] * 8
    assert http.requests == 8


def test_a_closed_client_opens_again_when_it_is_needed(serve: Serve, http: Http) -> None:
    server = serve(always(Said(200)))
    http.get(server.url)
    http.close()
    assert http.get(server.url).status == 200


def test_a_download_is_written_as_it_is_and_hashed(serve: Serve, http: Http, tmp_path: Path) -> None:
    packed = gzip.compress(b"source")
    server = serve(always(Said(200, packed, {"content-encoding": "gzip"})))
    answer = http.download(f"{server.url}/a.tar.gz", tmp_path / "a", limit=1000)
    assert (answer.status, answer.body, answer.sha256) == (200, b"", hashlib.sha256(packed).hexdigest())
    assert (tmp_path / "a").read_bytes() == packed
    assert server.log[0].headers["accept-encoding"] == "identity"


def test_a_download_is_tried_again_from_its_beginning_and_follows_redirects(
    serve: Serve, http: Http, tmp_path: Path
) -> None:
    server = serve(in_turn(redirect("/there"), Said(503, b"busy"), Said(200, b"whole")))
    assert http.download(server.url, tmp_path / "a", limit=1000).url == f"{server.url}/there"
    assert (tmp_path / "a").read_bytes() == b"whole"


def test_a_download_that_is_refused_writes_nothing(serve: Serve, http: Http, tmp_path: Path) -> None:
    answer = http.download(serve(always(Said(404, b"no"))).url, tmp_path / "a", limit=1000)
    assert (answer.status, answer.body, answer.sha256) == (404, b"no", "")
    assert not (tmp_path / "a").exists()


def test_a_download_has_a_limit_and_needs_a_place(serve: Serve, http: Http, tmp_path: Path) -> None:
    server = serve(always(Said(200, b"x" * 1001)))
    with pytest.raises(Unavailable, match="more than the 1000 bytes"):
        http.download(server.url, tmp_path / "a", limit=1000)
    with pytest.raises(StoreError, match="cannot be kept"):
        http.download(server.url, tmp_path / "nowhere" / "a", limit=2000)


def test_a_named_authority_is_trusted_instead_of_the_usual_ones(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    pem = make_certificate(tmp_path)
    server = serve(always(Said(200)), certificate=pem)
    with Http(route=Route(cafile=str(pem))) as http:
        assert http.get(server.url).status == 200
    with Http(route=Route(cafile=str(tmp_path))) as http, pytest.raises(Unavailable, match="does not answer"):
        http.get(server.url)
    with Http(route=Route(cafile=str(tmp_path / "none.pem"))) as http, pytest.raises(ConfigError) as caught:
        http.get(server.url)
    assert "none.pem" in caught.value.hint


def test_certificates_of_insecure_hosts_and_of_no_others_are_not_looked_at(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    pem = make_certificate(tmp_path)
    server = serve(always(Said(200)), certificate=pem)
    other = serve(always(Said(200)), certificate=pem, address="127.0.0.2")
    for host in ("127.0.0.1", server.url.removeprefix("https://")):
        with Http(route=Route(insecure_hosts=frozenset({host})), sleep=lambda _: None) as http:
            assert http.get(server.url).status == 200
            with pytest.raises(Unavailable, match="does not answer"):
                http.get(other.url)
            with pytest.raises(Unavailable):
                http.get("https://[")


def test_a_named_proxy_is_asked_for_everything(serve: Serve) -> None:
    proxy = serve(always(Said(200, b"by proxy")))
    for address in (proxy.url, proxy.url.removeprefix("http://")):
        with Http(route=Route(proxy=address)) as http:
            assert http.get("http://index.invalid/simple/").body == b"by proxy"
    with Http(route=Route(proxy="gopher://u:secret@x")) as http, pytest.raises(ConfigError) as caught:
        http.get("http://index.invalid/")
    assert "secret" not in caught.value.message


def test_the_wait_for_the_next_byte_can_be_set(serve: Serve) -> None:
    def late(_seen: Seen) -> Said:
        threading.Event().wait(0.5)
        return Said(200)

    server = serve(late)
    with Http(route=Route(read_seconds=0.05), sleep=lambda _: None) as http, pytest.raises(Unavailable):
        http.get(server.url)
    assert http.requests == 3


def test_a_stream_is_handed_on_as_the_server_has_it(serve: Serve, http: Http) -> None:
    squeezed = gzip.compress(b"bytes " * 1000)
    server = serve(always(Said(200, squeezed, {"content-encoding": "gzip"})))
    got: list[bytes] = []
    answer = http.stream(server.url, got.extend, limit=1000)
    assert (answer.status, answer.body, b"".join(got)) == (200, b"", squeezed)


def test_a_stream_that_breaks_is_read_anew(serve: Serve, http: Http) -> None:
    server = serve(in_turn(Said(200, b"half", {"content-length": "8"}), Said(200, b"complete")))
    got: list[bytes] = []

    def reader(chunks: Iterator[bytes]) -> None:
        got.append(b"".join(chunks))

    http.stream(server.url, reader, limit=1000)
    assert got == [b"complete"]


def test_what_a_reader_raises_comes_through(serve: Serve, http: Http) -> None:
    def reader(chunks: Iterator[bytes]) -> None:
        raise ValueError(next(chunks).decode())

    with pytest.raises(ValueError, match="no layer"):
        http.stream(serve(always(Said(200, b"no layer"))).url, reader, limit=1000)


def test_a_body_that_is_announced_as_too_large_is_not_begun(serve: Serve, http: Http) -> None:
    server = serve(always(Said(200, b"", {"content-length": str(10 * 1024**3)})))
    with pytest.raises(Unavailable, match="more than the 1000 bytes"):
        http.stream(server.url, lambda _chunks: pytest.fail("was read"), limit=1000)
    assert http.head(server.url).status == 200


def test_plain_http_may_lead_anywhere_in_plain_http_where_that_is_said(serve: Serve, http: Http) -> None:
    store = serve(always(Said(200, b"blob")))
    server = serve(always(redirect(store.url)))
    assert http.get(server.url, headers={"Authorization": "Bearer x"}, plain=[ANYWHERE]).body == b"blob"
    assert [seen.authorization for seen in store.log] == [None]
    with pytest.raises(Unavailable, match="plain http and not configured"):
        http.get(server.url)


def test_a_name_that_nobody_has_is_asked_for_once(http: Http, waits: list[float]) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        http.get("http://nowhere.invalid/")
    assert (http.requests, waits) == (1, [])
