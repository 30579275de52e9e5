"""What the pages answer, and what they refuse before anybody reads it."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import StoreError
from bot.model.events import Event, Pushed
from bot.web.app import BODY_BYTES, Check, make_app

SECRET = b"made-up"
PUSH = {"ref": "refs/heads/main", "repository": {"full_name": "acme/web", "default_branch": "main"}}


class FakeService:
    """Takes deliveries, each id once."""

    def __init__(self) -> None:
        self.given: bytes | None = SECRET
        self.well = True
        self.error: StoreError | None = None
        self.taken: dict[str, tuple[Event, ...]] = {}
        self.counted: list[str] = []

    def secret(self) -> bytes | None:
        return self.given

    def checks(self) -> tuple[Check, ...]:
        return (Check(name="store", ok=self.well, why="" if self.well else "the disk is full"),)

    def metrics(self) -> bytes:
        return b"quarterdeck_ready 1.0\n"

    def take(self, delivery: str, events: Sequence[Event]) -> bool:
        if self.error:
            raise self.error
        fresh = delivery not in self.taken
        self.taken.setdefault(delivery, tuple(events))
        return fresh

    def noted(self, result: str) -> None:
        self.counted.append(result)


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def client(service: FakeService) -> FlaskClient:
    return make_app(service).test_client()


def sign(body: bytes, secret: bytes = SECRET) -> str:
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def deliver(client: FlaskClient, payload: Any = PUSH, *, body: bytes | None = None, **headers: str | None) -> Any:
    data = json.dumps(payload).encode() if body is None else body
    given = {
        "X-GitHub-Event": "push", "X-GitHub-Delivery": "d-1", "Content-Type": "application/json",
        "X-Hub-Signature-256": sign(data),
    } | {name.replace("_", "-"): value for name, value in headers.items()}  # fmt: skip
    return client.post(
        "/webhooks/github", data=data, headers={name: text for name, text in given.items() if text is not None}
    )


def document(answer: Any) -> Any:
    return answer.json


class TestHealth:
    def test_a_process_that_answers_is_alive(self, client: FlaskClient) -> None:
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json) == (200, {"status": "alive"})

    def test_what_is_ready_says_so(self, client: FlaskClient) -> None:
        answer = client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json == {"ready": True, "checks": [{"name": "store", "ok": True, "why": ""}]}

    def test_what_is_not_ready_says_why(self, client: FlaskClient, service: FakeService) -> None:
        service.well = False
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert document(answer)["checks"] == [{"name": "store", "ok": False, "why": "the disk is full"}]

    def test_metrics_are_prometheus_text(self, client: FlaskClient) -> None:
        answer = client.get("/metrics")
        assert answer.data == b"quarterdeck_ready 1.0\n"
        assert answer.content_type.startswith("text/plain; version=0.0.4")

    @pytest.mark.parametrize(("method", "path", "status"), [
        ("POST", "/healthz", 405), ("GET", "/webhooks/github", 405), ("GET", "/nothing", 404), ("GET", "/../etc", 404),
    ])  # fmt: skip
    def test_everything_else_is_refused_as_json(self, client: FlaskClient, method: str, path: str, status: int) -> None:
        answer = client.open(path, method=method)
        assert answer.status_code == status
        assert document(answer)["error"]


class TestWebhooks:
    def test_a_signed_delivery_is_taken_in(self, client: FlaskClient, service: FakeService) -> None:
        answer = deliver(client)
        assert (answer.status_code, answer.json) == (202, {"taken": True})
        assert service.taken == {"d-1": (Pushed(repository="acme/web", branch="main", is_default=True),)}
        assert service.counted == ["taken"]

    def test_a_replay_is_answered_200_and_ignored(self, client: FlaskClient, service: FakeService) -> None:
        deliver(client)
        answer = deliver(client)
        assert answer.status_code == 200
        assert answer.json["taken"] is False
        assert service.counted[-1] == "replayed"

    def test_a_form_is_read_as_well(self, client: FlaskClient, service: FakeService) -> None:
        body = b"payload=" + json.dumps(PUSH).replace(" ", "+").encode()
        assert deliver(client, body=body, Content_Type="application/x-www-form-urlencoded").status_code == 202
        assert isinstance(service.taken["d-1"][0], Pushed)

    @pytest.mark.parametrize(
        "signature",
        [
            None,
            "",
            "sha256=",
            "sha256=00",
            sign(b"other"),
            sign(json.dumps(PUSH).encode(), b"guess"),
            "sha1=abc",
            "ü" * 99,
        ],
    )
    def test_without_the_right_signature_nothing_is_read(
        self, client: FlaskClient, service: FakeService, signature: str | None
    ) -> None:
        answer = deliver(client, X_Hub_Signature_256=signature)
        assert answer.status_code == 401
        assert service.taken == {}

    def test_garbage_without_a_signature_is_not_even_parsed(self, client: FlaskClient) -> None:
        assert deliver(client, body=b"{" * 100_000, X_Hub_Signature_256="sha256=00").status_code == 401

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"no",
            b"[]",
            b"5",
            b"null",
            b"{}",
            b"[" * 100_000,
            b"\xff\xfe",
            b'{"ref": 5}',
            b'{"ref": "refs/heads/a", "repository": []}',
        ],
    )
    def test_a_signed_body_that_is_no_payload_is_a_clear_400(
        self, client: FlaskClient, service: FakeService, body: bytes
    ) -> None:
        answer = deliver(client, body=body)
        assert answer.status_code == 400
        assert "payload cannot be read" in answer.json["error"]
        assert service.taken == {}

    @pytest.mark.parametrize("headers", [
        {"X_GitHub_Delivery": None}, {"X_GitHub_Delivery": "a b"}, {"X_GitHub_Delivery": "x" * 101},
        {"X_GitHub_Event": None}, {"X_GitHub_Event": ""},
    ])  # fmt: skip
    def test_a_delivery_without_its_headers_is_refused(
        self, client: FlaskClient, service: FakeService, headers: dict[str, str | None]
    ) -> None:
        assert deliver(client, PUSH, body=None, **headers).status_code == 400
        assert service.taken == {}

    def test_a_body_that_is_too_large_is_refused_unread(self, client: FlaskClient, service: FakeService) -> None:
        answer = deliver(client, body=bytes(BODY_BYTES + 1), X_Hub_Signature_256="")
        assert answer.status_code == 413
        assert service.counted == ["too large"]

    def test_without_a_secret_there_are_no_webhooks(self, client: FlaskClient, service: FakeService) -> None:
        service.given = None
        assert deliver(client).status_code == 404
        assert service.taken == {}

    def test_what_cannot_be_kept_is_to_be_delivered_again(
        self, client: FlaskClient, service: FakeService, caplog: pytest.LogCaptureFixture
    ) -> None:
        service.error = StoreError("the disk is full")
        answer = deliver(client)
        assert answer.status_code == 503
        assert "deliver it again" in answer.json["error"]
        assert "the disk is full" in caplog.text

    @given(body=st.binary(max_size=200), event=st.text("abcdefghij_", max_size=30), form=st.booleans())
    def test_nothing_that_is_sent_leads_to_an_error_of_ours(self, body: bytes, event: str, form: bool) -> None:
        client = make_app(FakeService()).test_client()
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        assert deliver(client, body=body, X_GitHub_Event=event, Content_Type=kind).status_code < 500
