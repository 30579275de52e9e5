"""The small server for our own children, spoken to over real sockets."""

import io
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.errors import StoreError
from bot.system.serving import LINE_BYTES, Reply, Request, Server

LETTERS = b"abcdefghij"


def answer(request: Request) -> Reply:
    if request.target.endswith("/file"):
        return Reply(status=200, file=io.BytesIO(LETTERS), headers={"Content-Type": "text/plain"})
    if request.target.endswith("/empty"):
        return Reply(status=200, file=io.BytesIO())
    if request.target.endswith("/unchanged"):
        return Reply(status=304, body=b"not sent", headers={"ETag": '"1"'})
    return Reply(status=404, body=request.target.encode(), reason="no\r\nX-Injected: such\x7f thing")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(answer) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        yield client


def said(server: Server, text: bytes) -> bytes:
    """Send bytes and give everything that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(text)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_one_connection_carries_many_answers(client: httpx.Client) -> None:
    for _ in range(3):
        found = client.get("/x")
        assert (found.status_code, found.text, found.reason_phrase) == (404, "/x", "no X-Injected: such thing")
    assert client.head("/x").headers["content-length"] == "2"
    unchanged = client.get("/unchanged")
    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", '"1"')


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        ("", 200, b"abcdefghij", ""), ("bytes=2-4", 206, b"cde", "bytes 2-4/10"), ("bytes=7-", 206, b"hij", "bytes 7-9/10"),
        ("bytes=-2", 206, b"ij", "bytes 8-9/10"), ("bytes=-20", 206, LETTERS, "bytes 0-9/10"),
        ("bytes=8-99", 206, b"ij", "bytes 8-9/10"), ("bytes=10-", 416, b"", "bytes */10"), ("bytes=-", 200, LETTERS, ""),
        ("bytes=0-1,3-4", 200, LETTERS, ""), ("lines=1-2", 200, LETTERS, ""),
    ],
)  # fmt: skip
def test_a_file_is_sent_whole_or_by_range(
    client: httpx.Client, asked: str, status: int, body: bytes, content_range: str
) -> None:
    found = client.get("/file", headers={"Range": asked} if asked else {})
    assert (found.status_code, found.content) == (status, body)
    assert found.headers.get("content-range", "") == content_range
    assert client.head("/file").headers["accept-ranges"] == "bytes"
    assert client.get("/empty").content == b""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"hello\r\n\r\n", b"this is no HTTP/1.1 request"),
        (b"GET /x HTTP/2\r\n\r\n", b"this is no HTTP/1.1 request"),
        (b"POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", b"requests with a body"),
        (b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"requests with a body"),
        (b"GET /".ljust(LINE_BYTES, b"x"), b"too long"),
        (b"GET /x HTTP/1.1\r\n" + b"A: b\r\n" * 100, b"too many headers"),
    ],
)  # fmt: skip
def test_what_is_no_request_for_us_is_refused(server: Server, text: bytes, why: bytes) -> None:
    found = said(server, text)
    assert found.startswith(b"HTTP/1.1 400 ")
    assert why in found


def test_the_connection_ends_where_the_client_wants_it(server: Server) -> None:
    assert b"Connection: close" in said(server, b"GET /x HTTP/1.0\r\n\r\n")
    assert b"Connection: close" in said(server, b"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert b"Connection: close" in said(server, b"CONNECT index.example:443 HTTP/1.1\r\n\r\n")


def test_the_unix_socket_answers_too_and_only_we_may_reach_it(server: Server) -> None:
    transport = httpx.HTTPTransport(uds=str(server.path))
    with httpx.Client(transport=transport) as client:
        assert client.get("http://index.invalid/x").text == "/x"
    assert stat.S_IMODE(server.path.parent.stat().st_mode) == 0o700


def test_closing_ends_connections_and_threads() -> None:
    before = set(threading.enumerate())
    with Server(answer) as server:
        idle = socket.create_connection(("127.0.0.1", server.port))
        idle.sendall(b"GET /x HTTP/1.1\r\n\r\n")
        assert idle.recv(9) == b"HTTP/1.1 "
        assert len(set(threading.enumerate()) - before) == 2
    assert set(threading.enumerate()) == before
    assert not server.path.parent.exists()
    with idle, pytest.raises(ConnectionRefusedError):
        said(server, b"")


def test_a_client_that_hangs_up_in_the_middle_harms_nobody(server: Server, client: httpx.Client) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"GET /x HT")
    assert client.get("/x").status_code == 404


def test_no_room_for_the_socket_says_what_to_look_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with pytest.raises(StoreError) as caught:
        Server(answer).start()
    assert "TMPDIR" in caught.value.hint
    assert list(deep.iterdir()) == []
