"""The gate: a local proxy, the only way in which resolver children see the package indexes.

It holds the credentials, hides releases younger than the cooldown from every resolver alike, answers pip-tools'
question for hashes from the page that was read already, checks metadata and files against what the page says, and
remembers what went wrong: resolvers pass over a page that they cannot read, or say it in a hundred lines.

Children reach it as an HTTP proxy, and the index has the same made-up address in every run, so that their caches
stay valid. `GateSession.environment` gives the settings that they need: the proxy (whose user name says which view
holds), the index, that its plain http is trusted, and that nothing is tried twice, as the gate does that itself.
"""

import base64
import binascii
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from bot.adapters.indexes import answers
from bot.adapters.indexes.answers import Answers, Form, Question
from bot.adapters.indexes.files import KEPT_BYTES, Files
from bot.adapters.indexes.pages import Pages
from bot.adapters.indexes.sessions import HOST, GateSession
from bot.errors import BotError, LockFailed, Unavailable
from bot.formats import index_answers
from bot.formats.index_answers import Listed
from bot.model.releases import IndexView
from bot.system.serving import Reply, Request, Server
from bot.system.urls import shown

__all__ = ["Gate", "GateSession"]

LOG = logging.getLogger(__name__)
JSON_TYPE = "application/vnd.pypi.simple.v1+json"
TYPES: dict[Form, str] = {"json": JSON_TYPE, "html": "text/html; charset=utf-8", "hashes": "application/json"}
METADATA = ".metadata"
IMMUTABLE = {"Cache-Control": "max-age=31536000, immutable", "Content-Type": "application/octet-stream"}
PASSING = {"Cache-Control": "no-cache", "Content-Type": "application/octet-stream"}
CHALLENGE = {"Proxy-Authenticate": 'Basic realm="quarterdeck"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A request for a file below a project, or for its metadata."""

    name: str
    tag: str
    filename: str
    metadata: bool


class Gate:
    """The proxy; it listens from the first session (or `with`) until it is closed, and keeps answers in `folder`."""

    def __init__(self, pages: Pages, folder: Path, *, room: int = KEPT_BYTES) -> None:
        self._pages = pages
        self._folders = (folder / "answers", folder / "files")
        self._answers = Answers(pages, folder / "answers")
        self._files = Files(pages, folder / "files", room=room)
        self._sessions: dict[str, GateSession] = {}
        self._server: Server | None = None
        self._lock = threading.Lock()

    @contextmanager
    def session(self, view: IndexView) -> Iterator[GateSession]:
        """Let children see the indexes as `view` says while the session lasts.

        Raises ConfigError where the view names an index at a server that is not configured.
        """
        places = self._pages.places.seen(view)
        server = self._started()
        session = GateSession(view, places, self._listing, port=server.port, socket=server.path)
        with self._lock:
            self._sessions[session.token] = session
        try:
            yield session
        finally:
            with self._lock:
                del self._sessions[session.token]

    def close(self) -> None:
        """Stop listening; every thread of the gate has ended then."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.close()
        self._pages.tidy(*self._folders)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _started(self) -> Server:
        with self._lock:
            if self._server is None:
                server = Server(self._answer)
                server.start()
                self._server = server
            return self._server

    def _answer(self, request: Request) -> Reply:
        with self._lock:
            session = self._sessions.get(_token(request))
        if session is None:
            return Reply(status=407, reason="this proxy is for the children of Quarterdeck", headers=CHALLENGE)
        if request.method not in {"GET", "HEAD"} or (path := _path(request.target)) is None:
            return _refused(request.target)
        try:
            return self._routed(session, request, path)
        except BotError as error:
            session.blame(error)
            return Reply(status=502, reason=error.message, body=error.message.encode(), headers=PASSING)
        except Exception as error:  # a dropped connection would be told as a missing package
            LOG.debug("the gate met an error that Quarterdeck did not expect", exc_info=True)
            hint = "this is a defect of Quarterdeck: run again with --verbose and report what it prints"
            session.blame(Unavailable(f"the gate failed with {type(error).__name__}: {error}", hint=hint))
            return Reply(status=502, reason="the gate failed", headers=PASSING)

    def _routed(self, session: GateSession, request: Request, path: str) -> Reply:
        match [unquote(part) for part in path.split("/") if part]:
            case [chosen, *_] if chosen != session.set:
                return _nothing("this child sees other indexes")
            case [_, "simple", name] if name != "json" or path.endswith("/"):
                return self._page(session, request, name, _form(request))
            case [_, name, "json"] | [_, "pypi", name, "json"] | [_, "simple", "pypi", name, "json"]:
                return self._page(session, request, name, "hashes")
            case [_, "files", name, tag, filename]:
                metadata, filename = filename.endswith(METADATA), filename.removesuffix(METADATA)
                return self._file(session, _File(name=name, tag=tag, filename=filename, metadata=metadata))
        return _nothing("there is nothing at this address")

    def _page(self, session: GateSession, request: Request, name: str, form: Form) -> Reply:
        question = self._question(session, canonicalize_name(name))
        if question is None:
            return _nothing("no index knows this project")
        hidden = self._hidden(session, question)
        etag = answers.etag(question, form, hidden)
        headers = {"ETag": f'"{etag}"', "Cache-Control": "no-cache", "Vary": "Accept", "Content-Type": TYPES[form]}
        if request.headers.get("if-none-match", "").strip('W/"') == etag:
            return Reply(status=304, headers=headers)
        return Reply(status=200, headers=headers, body=self._answers.body(question, form, hidden, etag))

    def _question(self, session: GateSession, name: str) -> Question | None:
        if (known := session.failure(name)) is not None:
            raise known
        try:
            pages = self._pages.pages(session.places, name)
        except BotError as error:
            session.fail(name, error)
            raise
        if not pages:
            session.miss(name)
            return None
        prefix = f"http://{HOST}/{session.set}/files/{name}/"
        return Question(name=name, pages=pages, folder=session.set, prefix=prefix)

    def _listing(self, session: GateSession, name: str) -> list[Listed]:
        question = self._question(session, canonicalize_name(name))
        return self._pages.files(question.pages) if question else []

    def _hidden(self, session: GateSession, question: Question) -> frozenset[str]:
        banned = session.banned(question.name)
        if session.cutoff is None or question.name in session.free:
            return banned
        ages = self._answers.ages(question, session.cutoff)
        visible = session.visible(question.name)
        hidden = ages.young(session.cutoff, visible) or frozenset()
        if visible:
            session.spare(question.name, (ages.young(session.cutoff, frozenset()) or frozenset()) & visible)
        session.hide(question.name, young=bool(hidden), undated=ages.undated)
        return hidden | banned

    def _file(self, session: GateSession, wanted: _File) -> Reply:
        question = self._question(session, canonicalize_name(wanted.name))
        file = next((each for each in self._listing(session, wanted.name) if each.filename == wanted.filename), None)
        if question is None or file is None or file.tag != wanted.tag or not file.url:
            return _nothing("no index lists this file")
        headers = IMMUTABLE if file.sha256 else PASSING
        if wanted.metadata:
            return self._metadata(file, canonicalize_name(wanted.name), headers)
        if session.sdists is not None and not file.filename.endswith(".whl") and question.name not in session.sdists:
            raise LockFailed(
                f"{file.filename} is a source distribution, which would have to be built",
                hint=f"name {question.name} in [policy] build_from_source, or take a release that has wheels",
            )
        opened = self._files.open(file)
        if opened is None:
            return _nothing("the index has this file no more")
        return Reply(status=200, file=opened, headers=headers)

    def _metadata(self, file: Listed, name: str, headers: dict[str, str]) -> Reply:
        body = self._pages.metadata(file) if file.metadata else None
        if body is None:
            return _nothing("the index serves no metadata for this file")
        if other := index_answers.misnamed(body, file, name=name):
            raise Unavailable(f"{shown(file.url)}{METADATA} is not about {file.filename}: it names {other}")
        return Reply(status=200, body=body, headers=headers)


def _token(request: Request) -> str:
    """Give the user name of Proxy-Authorization (RFC 7617), "" where there is none that can be read."""
    scheme, _, text = request.headers.get("proxy-authorization", "").partition(" ")
    try:
        pair = base64.b64decode(text.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return pair.partition(":")[0] if scheme.lower() == "basic" else ""


def _path(target: str) -> str | None:
    """Give the path at our own made-up host, None for everything else that a proxy may be asked for."""
    try:
        parts = urlsplit(target)
        ours = parts.scheme == "http" and parts.hostname == HOST and parts.port in {None, 80}
    except ValueError:
        return None
    return parts.path if ours else None


def _refused(target: str) -> Reply:
    text = f"children of Quarterdeck reach package indexes only, not {shown(target)}"
    return Reply(status=403, reason=text, body=text.encode(), headers=PASSING)


def _nothing(why: str) -> Reply:
    return Reply(status=404, reason=why, body=why.encode(), headers=PASSING)


def _form(request: Request) -> Form:
    accepted = request.headers.get("accept", "")
    return "json" if JSON_TYPE in accepted else "html"
