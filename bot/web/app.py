"""The pages of the service: who may ask what, and how it is answered. Everything they tell comes from `Service`."""

import json
import logging
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qs

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from bot.errors import BotError
from bot.formats import github_events
from bot.model.events import Event
from bot.web import signature

LOG = logging.getLogger(__name__)

TAKERS = 56  # deliveries that may wait for the disk at once: whoever asks for health finds a thread
BODY_BYTES = 25 << 20  # GitHub sends nothing larger
DELIVERY = re.compile(r"[A-Za-z0-9-]{1,100}")
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that must be well; `why` says what is wrong, or how it stands."""

    name: str
    ok: bool
    why: str = ""


class Service(Protocol):
    """What the pages need to know."""

    def secret(self) -> bytes | None:
        """Give the webhooks' secret; None: there are none here."""
        ...

    def checks(self) -> tuple[Check, ...]:
        """Say how everything is that the service needs."""
        ...

    def metrics(self) -> bytes:
        """Give the metrics in Prometheus' text format."""
        ...

    def take(self, delivery: str, events: Sequence[Event]) -> bool:
        """Take a delivery in, for good; False where it was taken in before. Raises BotError where that fails."""
        ...

    def noted(self, result: str) -> None:
        """Count what became of a delivery, in one of a few words."""
        ...


class Refused(Exception):
    """A delivery that is not taken: the status, why, and one of a few words for the metrics."""

    def __init__(self, status: HTTPStatus, why: str, word: str) -> None:
        super().__init__(why)
        self.status, self.why, self.word = status, why, word


def make_app(service: Service) -> Flask:
    """Make the WSGI application."""
    app = Flask(__name__, static_folder=None)
    takers = threading.BoundedSemaphore(TAKERS)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES

    @app.get("/healthz")
    def healthz() -> Response:
        return _json({"status": "alive"})

    @app.get("/readyz")
    def readyz() -> Response:
        checks = service.checks()
        ready = all(check.ok for check in checks)
        rows = [{"name": check.name, "ok": check.ok, "why": check.why} for check in checks]
        return _json({"ready": ready, "checks": rows}, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(service.metrics(), content_type="text/plain; version=0.0.4; charset=utf-8")

    @app.post("/webhooks/github")
    def webhook() -> Response:
        if not takers.acquire(blocking=False):
            service.noted("not kept")
            return _json({"error": "too many deliveries wait; deliver it again"}, HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            return _webhook(service, request)
        finally:
            takers.release()

    app.register_error_handler(HTTPException, _failed)
    app.after_request(_with_headers)
    return app


def _webhook(service: Service, asked: Request) -> Response:
    secret = service.secret()
    if secret is None:
        return _json({"error": "no webhook secret is configured, so there are no webhooks"}, HTTPStatus.NOT_FOUND)
    event = asked.headers.get("X-GitHub-Event", "")
    try:
        delivery, events = _read(asked, event, secret)
        fresh = service.take(delivery, events)
    except Refused as refused:
        service.noted(refused.word)
        return _json({"error": refused.why}, refused.status)
    except RequestEntityTooLarge:
        service.noted("too large")
        raise
    except BotError as error:
        LOG.error("a delivery could not be taken in: %s", error.message)  # noqa: TRY400 - the operator's matter
        service.noted("not kept")
        return _json({"error": "it cannot be kept now; deliver it again"}, HTTPStatus.SERVICE_UNAVAILABLE)
    service.noted("taken" if fresh else "replayed")
    if not fresh:
        return _json({"taken": False, "why": "this delivery was taken in before"})
    return _json({"taken": True}, HTTPStatus.ACCEPTED)


def _read(asked: Request, event: str, secret: bytes) -> tuple[str, tuple[Event, ...]]:
    """Check who sent it, and only then look at what it says. Raises Refused."""
    body = asked.get_data(cache=False)
    if not signature.is_signed(body, asked.headers.get(signature.HEADER), secret):
        raise Refused(HTTPStatus.UNAUTHORIZED, "the signature is missing or wrong", "unsigned")
    delivery = asked.headers.get("X-GitHub-Delivery", "")
    if DELIVERY.fullmatch(delivery) is None or not event:
        raise Refused(HTTPStatus.BAD_REQUEST, "X-GitHub-Delivery or X-GitHub-Event is missing", "unreadable")
    try:
        return delivery, github_events.events(event, _payload(body, asked.mimetype))
    except ValueError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"the payload cannot be read: {error}", "unreadable") from error


def _payload(body: bytes, mimetype: str) -> dict[str, Any]:
    """Read the body as JSON, or as the form field that holds JSON. Raises ValueError."""
    if mimetype == FORM:
        fields = parse_qs(body.decode(), max_num_fields=10)
        body = fields.get("payload", [""])[0].encode()
    try:
        found = json.loads(body)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - the sender's mistake
    return found


def _json(document: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(json.dumps(document) + "\n", status=status, content_type="application/json")


def _failed(error: HTTPException) -> Response:
    return _json({"error": error.name}, HTTPStatus(error.code or 500))


def _with_headers(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
